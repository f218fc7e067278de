"""The mean of several networks as one more entry of a comparison."""

import shutil

import numpy as np
import pytest

from tomoseg_tf.prediction import predict_volume
from tomoseg_tf.prediction.networks import open_network
from tomoseg_tf.records import named_shards, open_records
from tomoseg_tf.studies.split_scores import split_patches
from tomoseg_tf.weights import open_weights

BOTH = "both=unet_3d,deep"


@pytest.fixture(scope="module")
def done(done, run, tmp_path_factory):
    """The comparison of all tests with one more network, and the mean of both."""
    folder, arguments = tmp_path_factory.mktemp("ensembles") / "out", {"deep": {"levels": 2}}
    shutil.copytree(done[1], folder)
    models = "unet_3d,deep=unet_3d,otsu"
    return run(folder, models, ensembles=[BOTH], arguments=arguments), folder


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """Draw no figures but those of the comparison of all tests, to save their time."""
    monkeypatch.setattr("tomoseg_tf.studies.compare.study.draw_figures", lambda *_: None)


def test_an_ensemble_is_scored_by_the_mean_of_its_members(done, study):
    result, folder = done
    labels = ["theirs", "unet_3d", "deep", "otsu", "both"]
    assert [each.label for each in result.results] == labels
    _, net, deep, _, both = result.results
    records = open_records(study / "records")
    fitted = [open_weights(folder / each.label / "best_loss") for each in (net, deep)]
    networks = [open_network(each.build()) for each in fitted]
    matrix = np.zeros((3, 3), np.int64)
    with named_shards(records):
        for _, grey, truth in split_patches(records, "test", fitted[0].config.normalisation):
            found = sum(predict_volume(network, grey) for network in networks).argmax(axis=-1)
            np.add.at(matrix, (truth, found), 1)
    assert both.scores["confusion_matrix"] == matrix.tolist()
    assert both.scores not in (net.scores, deep.scores)
    assert both.parameters == net.parameters + deep.parameters
    assert both.training_seconds == net.training_seconds + deep.training_seconds
    assert "both: mean of the probabilities of unet_3d, deep;" in (folder / "table.md").read_text()


def test_it_may_come_later_and_from_where_the_folder_was_moved_to(done, run, tmp_path):
    result, folder = done
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    shutil.rmtree(moved / "measured" / "both")
    for path in moved.glob("measured/*/result.json"):  # nothing is found where it was before
        path.write_text(path.read_text().replace(str(folder), str(tmp_path / "gone")))
    assert run(moved, ensembles=[BOTH]).results[-1].scores == result.results[-1].scores


def test_a_member_whose_run_was_removed_is_made_again_as_the_failure_says(done, run, tmp_path):
    folder = done[1]
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / "measured" / "both")
    shutil.rmtree(copy / "deep")
    for path in copy.glob("measured/*/result.json"):
        path.write_text(path.read_text().replace(str(folder), str(copy)))
    failure = run(copy, ensembles=[BOTH]).failures["both"]
    remove = copy / "measured" / "deep"
    assert f"{copy / 'deep' / 'best_loss'}; put them back, or remove {remove} to have" in failure
    shutil.rmtree(remove)
    again = run(copy, "deep=unet_3d", ensembles=[BOTH], arguments={"deep": {"levels": 2}})
    assert [each.label for each in again.results[-2:]] == ["deep", "both"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("all=unet_3d,pspnet", "all: no entry pspnet; there are unet_3d, otsu, theirs, deep"),
        ("all=unet_3d,otsu", "ensemble all: otsu is no network"),
        ("all=unet_3d,both", "ensemble all: both is no network"),
    ],
)
def test_members_are_finished_networks(done, run, text, message):
    with pytest.raises(ValueError, match=message):
        run(done[1], ensembles=[text])


def test_members_are_normalised_alike(done, run, study, tmp_path):
    recipe = tmp_path / "other.yaml"
    settings = (study / "tiny.yaml").read_text().replace("method: zscore", "method: percentile")
    recipe.write_text(settings)
    shutil.copytree(done[1], tmp_path / "out")
    failed = run(tmp_path / "out", f"other={recipe}", ensembles=["mixed=unet_3d,other"]).failures
    assert "differ in their normalisation" in failed["mixed"]
