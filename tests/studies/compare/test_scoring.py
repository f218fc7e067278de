"""What is scored: of which voxels, with which weights, after which steps."""

import csv
import itertools
import json
import re
import shutil
import time

import h5py
import numpy as np
import pytest
import tifffile
from scipy import ndimage

from tomoseg_tf.records import named_shards, open_records, write_records
from tomoseg_tf.studies.split_scores import count_split, score_weights, split_patches
from tomoseg_tf.volume import ArrayVolume
from tomoseg_tf.weights import open_weights

CLASSES = ("matrix", "inclusion", "precipitate")


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """Draw no figures but those of the comparison of all tests, to save their time."""
    monkeypatch.setattr("tomoseg_tf.studies.compare.study.draw_figures", lambda *_: None)


def test_perfect_predictions_of_another_program_score_one(done):
    theirs = done[0].results[2]
    assert (theirs.miou, theirs.of_classes("recall")) == (1.0, [1.0, 1.0, 1.0])
    assert theirs.of_boundaries("bf1") == [1.0, 1.0, 1.0]
    assert theirs.of_boundaries("hd95") == [0.0, 0.0, 0.0]
    assert (theirs.parameters, theirs.seconds_per_slice, theirs.device) == (None, None, None)


def test_a_net_is_scored_with_its_best_weights(done, study):
    result, folder, _ = done
    net, records = result.results[0], open_records(study / "records")
    again = score_weights(folder / "unet_3d" / "best_loss", records, "test")
    assert net.scores == json.loads(json.dumps(again.to_dict()))
    with open(folder / "unet_3d" / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert net.training_seconds == pytest.approx(sum(float(row["seconds"]) for row in rows))
    assert (net.epochs, net.batch, net.loss) == (2, 2, "crossentropy_dice")
    assert net.seconds_per_slice > 0


def test_turns_score_the_mean_over_flips_and_train_nothing_again(done, run, study, tmp_path):
    result, folder, _ = done
    shutil.copytree(folder, tmp_path / "out")
    _, net, other = run(tmp_path / "out", "unet_3d,otsu", turns="flips").results
    records = open_records(study / "records")
    fitted = open_weights(tmp_path / "out" / "unet_3d" / "best_loss")
    network, axes = fitted.build(), [(), (1,), (2,), (3,), (1, 2), (1, 3), (2, 3), (1, 2, 3)]
    with named_shards(records):
        patches = [*split_patches(records, "test", fitted.config.normalisation)]
    grey, truth = (np.stack([patch[index] for patch in patches]) for index in (1, 2))
    flipped = [
        np.flip(network.predict_on_batch(np.flip(grey, way)[..., None].copy()), way) for way in axes
    ]
    matrix = np.zeros((3, 3), np.int64)
    np.add.at(matrix, (truth, np.mean(flipped, axis=0).argmax(axis=-1)), 1)
    assert net.scores["confusion_matrix"] == matrix.tolist()
    assert net.scores != result.results[0].scores
    assert (net.training_seconds, net.turns) == (result.results[0].training_seconds, "flips")
    assert (other.scores, other.turns) == (result.results[1].scores, "none")
    text = (tmp_path / "out" / "table.md").read_text()
    assert "Mean over all turns (flips), prediction times included: unet_3d." in text


def test_weights_of_the_last_epoch_are_scored_on_request(done, run, study, tmp_path):
    result, folder, _ = done
    shutil.copytree(folder, tmp_path / "out")
    both = ["both=unet_3d,again"]
    net = run(tmp_path / "out", "unet_3d", epoch="last").results[-1]
    again = score_weights(
        tmp_path / "out" / "unet_3d" / "final", open_records(study / "records"), "test"
    )
    assert net.scores == json.loads(json.dumps(again.to_dict()))
    assert (net.epoch, net.best_epoch, net.epochs) == ("last", 2, 2)
    assert net.training_seconds == result.results[0].training_seconds
    shutil.copytree(tmp_path / "out" / "unet_3d", tmp_path / "out" / "again")
    found = run(tmp_path / "out", "again=unet_3d", epoch="last", ensembles=both)
    assert found.results[-1].scores == net.scores  # the same network twice
    assert found.results[-1].epoch == "last"
    text = (tmp_path / "out" / "table.md").read_text()
    assert "Weights of the last epoch: unet_3d, again, both." in text
    mixed = run(tmp_path / "out", "unet_3d", ensembles=["mixed=unet_3d,again"])
    assert mixed.results[-1].epoch == "mixed"


def test_a_last_epoch_that_was_not_kept_is_refused_before_anything_is_changed(done, run, tmp_path):
    shutil.copytree(done[1], tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "unet_3d" / "final")
    before = (tmp_path / "out" / "comparison.json").read_bytes()
    with pytest.raises(ValueError, match="remove this folder to train it again, or take the best"):
        run(tmp_path / "out", "unet_3d", epoch="last")
    assert (tmp_path / "out" / "comparison.json").read_bytes() == before
    shutil.rmtree(tmp_path / "out" / "unet_3d")
    again = run(tmp_path / "out", "unet_3d", epoch="last").results
    assert (again[-1].label, again[-1].epoch) == ("unet_3d", "last")


def test_objects_are_voted_on_before_anything_is_scored(study, run, foreign, tmp_path):
    """The boxes of the truth touch, so that voting patch by patch changes it; here by SciPy."""
    for number in (0, 1):
        truth = tifffile.imread(study / f"truth{number}.tif")
        specks = vote_patches(truth)
        tifffile.imwrite(tmp_path / f"voted{number}.tif", specks, photometric="minisblack")
    voted = foreign("voted", "voted", tmp_path)
    plain, by_hand = run(tmp_path / "out", foreign(), voted).results
    here = run(tmp_path / "out", foreign(), voted, vote=True).results
    assert plain.miou == 1.0
    assert by_hand.miou < 1.0
    assert [each.scores for each in here] == [by_hand.scores] * 2
    assert [each.voted for each in here] == [True, True]
    text = (tmp_path / "out" / "table.md").read_text()
    assert "Each object in the class of most of its voxels: theirs, voted." in text


def vote_patches(truth):
    """Vote in each patch of 4 x 8 x 8 apart, as the records are cut, object by object."""
    result = truth.copy()
    for corner in itertools.product(
        *(range(0, n, side) for n, side in zip(truth.shape, (4, 8, 8), strict=True))
    ):
        where = tuple(slice(low, low + side) for low, side in zip(corner, (4, 8, 8), strict=True))
        labels, number = ndimage.label(truth[where] > 0, np.ones((3, 3, 3)))
        for one in range(1, number + 1):
            inside = labels == one
            result[where][inside] = np.bincount(truth[where][inside]).argmax()
    return result


@pytest.fixture
def sampled(study, tmp_path):
    """Records of anisotropic voxels, in part outside the sample."""
    grey, truth = (tifffile.imread(study / f"{name}0.tif") for name in ("scan", "truth"))
    mask = np.ones_like(truth)
    mask[:, :4] = 0
    settings = {"split": "block", "fractions": (1 / 3,) * 3, "guard": 0, "mask": [mask]}
    volume = ArrayVolume(grey, spacing=(2.0, 1.0, 1.0))
    pairs = [(volume, truth)]
    write_records(tmp_path / "sampled", pairs, patch=(4, 8, 8), classes=CLASSES, **settings)
    return tmp_path / "sampled"


def test_other_voxels_and_wrong_turns_are_refused_before_training(run, study, sampled, tmp_path):
    recipe = (study / "tiny.yaml").read_text().replace("outside: kept", "outside: left_out")
    (tmp_path / "inner.yaml").write_text(recipe)
    options = {"records": sampled}
    with pytest.raises(
        ValueError, match=r"inner: normalisation.outside is left_out, but the other"
    ):
        run(tmp_path / "out", f"unet_3d,{tmp_path / 'inner.yaml'}", **options)
    with pytest.raises(ValueError, match=r"unet_3d: .* turns cube would swap sides that differ"):
        run(tmp_path / "out", "otsu,unet_3d", turns="cube", **options)
    assert not (tmp_path / "out").exists()


def test_entries_scored_on_other_voxels_leave_the_table_and_are_told(run, sampled, tmp_path):
    options, told = {"records": sampled}, []
    run(tmp_path / "out", "otsu", **options)
    other = ["normalisation.outside=left_out"]
    result = run(tmp_path / "out", "kmeans", changes=other, notify=told.append, **options)
    assert [each.label for each in result.results] == ["kmeans"]
    assert told[0].startswith("not in the table: otsu, scored with normalisation.outside kept and")
    assert told[0].endswith("; --set normalisation.outside=kept brings them back")
    result = run(tmp_path / "out", "kmeans", **options)
    assert [each.label for each in result.results] == ["otsu", "kmeans"]


def test_entries_stay_in_the_table_where_nothing_is_outside_the_sample(run, tmp_path):
    run(tmp_path / "out", "otsu")
    other = ["normalisation.outside=left_out"]
    result = run(tmp_path / "out", "kmeans", changes=other)
    assert [each.label for each in result.results] == ["otsu", "kmeans"]


def test_predictions_that_changed_are_scored_again(run, foreign, study, tmp_path):
    for number in (0, 1):
        truth = tifffile.imread(study / f"truth{number}.tif")
        tifffile.imwrite(tmp_path / f"truth{number}.tif", truth, photometric="minisblack")
    before = run(tmp_path / "out", foreign(folder=tmp_path)).results[0]
    truth[:] = 0
    tifffile.imwrite(tmp_path / "truth1.tif", truth, photometric="minisblack")
    after = run(tmp_path / "out", foreign(folder=tmp_path)).results[0]
    assert before.miou == 1.0
    assert after.of_classes("recall")[1] < 1


def test_other_predictions_in_the_same_file_are_scored_again(run, study, tmp_path):
    truths = [tifffile.imread(study / f"truth{number}.tif") for number in (0, 1)]
    with h5py.File(tmp_path / "all.h5", "w") as file:
        for number, truth in enumerate(truths):
            file[f"right{number}"], file[f"wrong{number}"] = truth, np.zeros_like(truth)
    found = []
    for name in ("right", "wrong"):
        texts = [f"theirs={tmp_path / 'all.h5'}::/{name}{number}" for number in (0, 1)]
        found += run(tmp_path / "out", *texts).results
    assert found[0].miou == 1.0
    assert found[1].of_classes("recall")[1] == 0


def test_one_file_for_each_volume_of_the_split_is_enough(run, study, tmp_path):
    """With whole scans in a split each, only that of the test needs a prediction."""
    pairs = [
        tuple(tifffile.imread(study / f"{name}{number}.tif") for name in ("scan", "truth"))
        for number in (0, 0, 1)
    ]
    pairs[1] = (pairs[1][0] // 2, pairs[1][1])
    settings = {"split": "sample", "test_samples": [2], "fractions": (0.4, 0.3, 0.3)}
    write_records(tmp_path / "records", pairs, patch=(4, 8, 8), classes=CLASSES, **settings)
    result = run(
        tmp_path / "out",
        f"theirs={study / 'truth1.tif'}",
        f"two={study / 'truth1.tif'},two={study / 'truth0.tif'}",
        records=tmp_path / "records",
    )
    assert result.results[0].miou == 1.0
    assert "2 segmentations for 3 volumes; give 3, one for each" in result.failures["two"]


def test_a_segmentation_of_another_shape_is_refused(run, foreign, tmp_path):
    for number in (0, 1):
        small = np.zeros((2, 8, 8), np.uint8)
        tifffile.imwrite(tmp_path / f"truth{number}.tif", small, photometric="minisblack")
    result = run(tmp_path / "out", foreign(folder=tmp_path))
    assert "its shape is 2 x 8 x 8, but that of its volume" in result.failures["theirs"]
    assert not (tmp_path / "out" / "table.md").exists()


def test_a_value_that_is_no_class_is_told_with_its_file(run, foreign, study, tmp_path):
    for number in (0, 1):
        classes = tifffile.imread(study / f"truth{number}.tif")
        classes[classes == 0] = 7
        tifffile.imwrite(tmp_path / f"truth{number}.tif", classes, photometric="minisblack")
    result = run(tmp_path / "out", foreign(folder=tmp_path))
    assert re.search(r"truth0.tif: holds class 7 .*0 to 2", result.failures["theirs"])


def test_the_time_for_compiling_is_in_no_prediction():
    """Nine slices, eight at once: the last one is of another size, and compiled by itself."""
    calls = []

    def segment(grey, patches):
        if len(grey) not in calls:
            time.sleep(0.2)
        calls.append(len(grey))
        return np.zeros(grey.shape, np.uint8)

    patches = [(None, np.zeros((1, 4, 4), "f4"), np.ones((1, 4, 4), np.uint8))] * 9
    found = count_split(segment, patches, 2, slices=8, timed=True)
    assert calls == [8, 8, 1, 1]
    assert max(found.seconds) < 0.1
    assert found.matrix.tolist() == [[0, 0], [144, 0]]


def test_networks_of_volumes_and_of_slices_are_scored_on_the_same_voxels(done, run, tmp_path):
    shutil.copytree(done[1], tmp_path / "both")
    arguments = {"unet_2d": {"levels": 2, "base_features": 2}}
    result = run(tmp_path / "both", "unet_2d,unet_3d", arguments=arguments)
    assert result.failures == {}
    both = result.results[-2:]
    flat, deep = (np.array(each.scores["confusion_matrix"]) for each in both)
    np.testing.assert_array_equal(flat.sum(axis=1), deep.sum(axis=1))
    assert flat.sum() > 0
    assert [each.network for each in both] == ["unet_2d", "unet_3d"]


def test_without_a_test_split_the_validation_is_scored_and_said(run, study, tmp_path):
    pair = tuple(tifffile.imread(study / f"{name}0.tif") for name in ("scan", "truth"))
    settings = {"split": "block", "fractions": (0.5, 0.5, 0), "guard": 0}
    write_records(tmp_path / "records", [pair], patch=(4, 8, 8), classes=CLASSES, **settings)
    result = run(tmp_path / "out", "otsu", records=tmp_path / "records")
    assert result.split == "validation"
    assert "there is no test split" in result.markdown()


def test_patches_are_listed_as_they_are_read(study):
    records = open_records(study / "records")
    listed = records.seen_patches("test")
    assert len(listed) == records.count("test")
    assert {patch.source for patch in listed} == {0, 1}
