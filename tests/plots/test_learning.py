import numpy as np
import pytest

from tomoseg_tf.plots import draw_learning, learning_data, plot_learning_curves, read_history

TEXT = """epoch,dice,loss,val_dice,val_loss,learning_rate,seconds
1,0.1,2.0,,1.5,0.001,3.2
2,0.5,1.0,0.7,0.6,0.001,3.1
3,0.6,0.5,0.65,0.4,0.001,3.0
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "history.csv").write_text(TEXT)
    return tmp_path


def stars(ax):
    return [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_marker() == "*"]


def test_history_is_read_as_it_was_written(run):
    history = read_history(run)
    assert history["epoch"].tolist() == [1, 2, 3]
    assert np.isnan(history["val_dice"][0])
    assert read_history(run / "history.csv")["loss"].tolist() == [2.0, 1.0, 0.5]


def test_curves_and_best_epochs(run):
    loss, dice = plot_learning_curves(read_history(run))
    assert loss.lines[0].get_ydata().tolist() == [2.0, 1.0, 0.5]
    assert loss.lines[1].get_ydata().tolist() == [1.5, 0.6, 0.4]
    assert (stars(loss), stars(dice)) == ([(3, 0.4)], [(2, 0.7)])
    assert (loss.get_ylabel(), dice.get_ylabel()) == ("Loss", "Dice")


def test_several_runs_rows_and_one_axes(run):
    rows = [{"epoch": 1, "loss": 1.0, "val_loss": 0.9}, {"epoch": 2, "loss": 0.02, "val_loss": 0.8}]
    ax = plot_learning_curves({"a": read_history(run), "b": rows}, scores=["loss"])
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()][:2] == ["a", "b"]
    data = learning_data({"a": read_history(run), "b": rows})
    assert data["run"] == ["a"] * 3 + ["b"] * 2
    assert data["val_loss"] == [1.5, 0.6, 0.4, 0.9, 0.8]
    assert np.isnan(data["dice"][3:]).all()


def test_a_finished_run_gets_its_figure(run, tmp_path):
    said = []
    draw_learning(run, notify=said.append)
    assert (run / "learning.png").read_bytes().startswith(b"\x89PNG")
    draw_learning(run / "nothing", notify=said.append)
    (run / "history.csv").write_text("epoch\n")
    draw_learning(run, notify=said.append)
    assert len(said) == 1
    assert said[0].startswith("learning.png was not drawn")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "does not exist; name the folder of a training run"),
        ("", "is no history of a training run"),
        ("a,b\n1,2\n", "has no column epoch"),
        ("epoch,loss\n", "no epoch is finished yet"),
        ("epoch,loss\n1,x\n", "could not convert"),
    ],
)
def test_what_is_no_history_is_refused(tmp_path, text, message):
    if text is not None:
        (tmp_path / "history.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_history(tmp_path / "history.csv")


def test_an_unknown_score_is_refused(run):
    with pytest.raises(ValueError, match="no score iou; of dice, loss"):
        plot_learning_curves(read_history(run), scores=["iou"])
    with pytest.raises(ValueError, match="at least one run"):
        plot_learning_curves({})
