import json
import shutil

import numpy as np
import pytest

COMMAND = ("threshold",)

TRUTH = np.zeros((4, 8, 8), np.uint8)
TRUTH[1:3, 2:6, 2:6] = 1
PROBABILITIES = np.where(TRUTH == 1, 0.85, 0.15).astype(np.float32)
PROBABILITIES[0, 0, :4] = 0.75  # background that 0.5 takes for objects


@pytest.fixture
def files(tmp_path):
    """Paths of a truth and of probabilities."""
    np.save(tmp_path / "truth.npy", TRUTH)
    np.save(tmp_path / "p.npy", PROBABILITIES)
    return tmp_path / "truth.npy", tmp_path / "p.npy"


@pytest.fixture
def fitted(template, tmp_path):
    """Weights of one's own, with a file beside them."""
    shutil.copytree(template / "fitted", tmp_path / "fitted")
    (tmp_path / "fitted" / "notes.txt").write_text("mine")
    return tmp_path / "fitted"


def test_json_and_figure(run, files, tmp_path):
    """Any threshold from 0.75 on is perfect; at 0.5 four voxels of background are taken."""
    figure = tmp_path / "curves.svg"
    code, out, err = run(*files, "--json", "--figure", figure)
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["best"]["threshold"] == pytest.approx(0.75, abs=2e-5)
    assert (found["best"]["dice"], found["best"]["by"]) == (1.0, "dice")
    assert found["usual"]["precision"] == pytest.approx(32 / 36)
    assert (found["average_precision"], found["roc_auc"]) == (1.0, 1.0)
    assert found["brier_score"] == pytest.approx(((PROBABILITIES - TRUTH) ** 2).mean(), abs=1e-5)
    assert [row["voxels"] for row in found["calibration"] if row["voxels"]] == [220, 4, 32]
    assert figure.read_bytes().startswith(b"<?xml")
    head = (tmp_path / "curves.csv").read_text().splitlines()[0]
    assert head.startswith("threshold,true_positives,false_positives")
    code, _, err = run(*files, "--figure", figure)
    assert code == 1
    assert "already exists" in err


def test_a_file_for_each_class(run, files, tmp_path):
    np.save(tmp_path / "background.npy", 1 - PROBABILITIES)
    code, out, err = run(files[0], tmp_path / "background.npy", files[1], "--json")
    assert (code, err) == (0, "")
    assert [one["class"] for one in json.loads(out)["classes"]] == [0, 1]
    code, out, err = run(files[0], files[1], tmp_path / "background.npy")
    assert code == 0
    assert "in the order of the classes?" in err
    assert run(files[0], files[1], files[1], "--class", 1)[0] == 2


def test_a_class_that_the_truth_lacks_is_left_out(run, files, tmp_path):
    np.save(tmp_path / "background.npy", 1 - PROBABILITIES)
    np.save(tmp_path / "rare.npy", np.full_like(PROBABILITIES, 0.01))
    paths = tmp_path / "background.npy", files[1], tmp_path / "rare.npy"
    code, out, err = run(files[0], *paths, "--json")
    assert (code, [one["class"] for one in json.loads(out)["classes"]]) == (0, [0, 1])
    assert "rare.npy: class 2 left out; the truth has no voxel of it" in err
    np.save(tmp_path / "one.npy", 2 + 0 * TRUTH)
    code, out, err = run(tmp_path / "one.npy", *paths, "--palette", "classes")
    assert (code, out) == (1, "")
    assert "one.npy: none of the 3 classes has voxels beside others" in err


def test_several_volumes_at_once(run, files, fitted, tmp_path):
    nothing = np.zeros_like(TRUTH)
    np.save(tmp_path / "empty.npy", nothing)
    np.save(tmp_path / "q.npy", np.full(TRUTH.shape, 0.25, np.float32))
    more = ("--more", tmp_path / "empty.npy", tmp_path / "q.npy")
    code, out, _ = run(*files, *more, "--weights", fitted, "--json")
    found = json.loads(out)
    assert (code, found["voxels"], found["object_voxels"]) == (0, 512, 32)
    card = (fitted / "README.md").read_text()
    assert "of `p.npy`, `q.npy` against `truth.npy`, `empty.npy`: 32 object voxels of 512" in card
    assert run(*files, files[1], *more)[0] == 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--best", "accuracy"], "'accuracy' is not known; use dice, iou"),
        (["--more", "truth.npy", "short.npy"], "must be of one shape"),
        (["--more", "truth.npy", "grey.npy"], "has voxels of another type than"),
        (["short.npy"], "must be of one shape"),
    ],
)
def test_what_does_not_go_together_is_refused_before_any_volume_is_counted(
    run, files, tmp_path, monkeypatch, more, message
):
    from tomoseg_tf.evaluation.threshold import counts

    monkeypatch.setattr(counts, "count_probabilities", lambda *_, **__: pytest.fail("is counted"))
    np.save(tmp_path / "short.npy", PROBABILITIES[1:])
    np.save(tmp_path / "grey.npy", (255 * PROBABILITIES).astype(np.uint8))
    code, _, err = run(*files, *(tmp_path / word if ".npy" in word else word for word in more))
    assert (code, message in err, err.count("\n")) == (1, True, 1)


def test_stored_threshold_is_what_segment_takes(run, files, fitted, monkeypatch, template):
    from tomoseg_tf.prediction import segment_file
    from tomoseg_tf.weights import open_weights

    before = open_weights(fitted).config
    code, out, err = run(*files, "--weights", fitted, "--json")
    assert code == 0
    assert "threshold 0.75 stored, it was 0.5" in err
    after = open_weights(fitted)  # which checks all hashes
    stored = json.loads(out)["best"]["threshold"]
    assert after.config == before.model_copy(update={"threshold": stored})
    assert (fitted / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in fitted.parent.iterdir()) == ["fitted", "p.npy", "truth.npy"]
    card = after.read_card()
    assert "0.75, the best by dice (dice 1.0000) of `p.npy` against `truth.npy`" in card
    assert "32 object voxels of 256. Before it was 0.5" in card
    result = fitted.parent / "segmentation.npy"
    assert segment_file(template / "scan.tif", result, weights=fitted)["threshold"] == stored
    assert run(*files, "--weights", fitted, "--best", "recall=1")[0] == 0
    card = open_weights(fitted).read_card()
    assert card.count("## Threshold") == 1
    assert "Before it was 0.75" in card


def test_scores_are_printed_though_nothing_can_be_stored(run, files, fitted, monkeypatch):
    from tomoseg_tf.evaluation import threshold

    def fail(*_, **__):
        raise ValueError("the disk is full")

    monkeypatch.setattr(threshold, "store_threshold", fail)
    code, out, err = run(*files, "--weights", fitted)
    assert (code, "best dice" in out, "the disk is full" in err) == (1, True, True)
    monkeypatch.chdir(fitted)
    code, out, err = run(*files, "--weights", ".")
    assert (code, out, "is the current folder" in err) == (1, "", True)


def test_weights_that_are_not_written_to(run, files, fitted):
    shipped = ("--weights", "unet_3d_micropillar")
    code, out, err = run(*files, *shipped)
    assert (code, out) == (1, "")
    assert "come with the package and stay as they are; copy the folder" in err
    path = fitted / "config.json"
    config = json.loads(path.read_text())
    config["arguments"]["num_classes"], config["threshold"] = 2, None
    path.write_text(json.dumps(config))
    import hashlib

    lines = (fitted / "SHA256SUMS").read_text().splitlines()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    lines = [f"{digest}  config.json" if line.endswith("config.json") else line for line in lines]
    (fitted / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    code, out, err = run(*files, "--weights", fitted)
    assert (code, out) == (1, "")
    assert "a threshold is stored for binary weights only" in err


def test_scores_measured_before_are_marked(fitted):
    from datetime import date

    from tomoseg_tf.evaluation.threshold.counts import count_probabilities
    from tomoseg_tf.evaluation.threshold.curve import ThresholdCurve
    from tomoseg_tf.evaluation.threshold.storing import _card, _marked, store_threshold

    counts = count_probabilities(TRUTH, PROBABILITIES)
    best = ThresholdCurve(counts).best()
    day = date(2026, 1, 2)
    assert store_threshold(fitted, best, counts, truth="a/truth.tif", today=day) == 0.5
    assert "- 2026-01-02: 0.75" in (fitted / "README.md").read_text()
    assert _marked({"dice": 0.9}, 0.5) == {"dice": 0.9, "threshold": 0.5}
    assert _marked({"dice": 0.9, "threshold": 0.3}, 0.5)["threshold"] == 0.3
    text = "# W\n\nabove 0.5 it is pore.\n\n## Threshold\n\n- old\n\n## Notes\n\nx\n"
    assert _card(text, 0.5, {"threshold": 0.25}, "- new") == (
        "# W\n\nabove 0.25 it is pore.\n\n## Threshold\n\n- old\n- new\n\n## Notes\n\nx\n"
    )
