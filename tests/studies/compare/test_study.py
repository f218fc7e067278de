import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
import tifffile
from matplotlib import image

from tomoseg_tf.prediction import predict_volume
from tomoseg_tf.prediction.networks import open_network
from tomoseg_tf.records import named_shards, open_records, write_records
from tomoseg_tf.studies.compare.entries import parse_entries
from tomoseg_tf.studies.compare.process import EntryError
from tomoseg_tf.studies.compare.study import compare
from tomoseg_tf.studies.split_scores import count_split, score_weights, split_patches
from tomoseg_tf.volume import ArrayVolume
from tomoseg_tf.weights import open_weights

CLASSES = ("matrix", "inclusion", "precipitate")
LABELS = ("otsu", "theirs", "unet_3d")


def run(study, folder, *models, **options):
    """Compare in this process, to save the time of starting others."""
    arguments = options.pop("arguments", {})
    settings = {"recipe": study / "tiny.yaml", "isolated": False, **options}
    records = settings.pop("records", study / "records")
    return compare(parse_entries(models, arguments), records, folder, **settings)


def foreign(study, name="truth", label="theirs"):
    return ",".join(f"{label}={study / f'{name}{number}.tif'}" for number in (0, 1))


@pytest.fixture(scope="module")
def done(study, tmp_path_factory):
    """A comparison of a net, a method without one, and the truth as another program's result."""
    folder, told = tmp_path_factory.mktemp("done") / "out", []
    result = run(study, folder, "unet_3d,otsu", foreign(study), notify=told.append)
    return result, folder, told


def test_the_folder_holds_runs_tables_and_figures(done):
    result, folder, told = done
    assert sorted(path.name for path in folder.iterdir()) == [
        "comparison.json",
        *(f"confusion_{label}.{suffix}" for label in LABELS for suffix in ("csv", "png")),
        *("figure.png", "measured", "panel.png", "table.csv", "table.md", "unet_3d"),
    ]
    for path in folder.glob("*.png"):
        assert image.imread(path).ndim == 3
    assert told == ["unet_3d (1 of 3)", "otsu (2 of 3)", "theirs (3 of 3)"]
    assert result.failures == {}


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


def test_memory_is_measured_where_the_system_tells(done):
    net, otsu, _ = done[0].results
    if sys.platform == "linux":
        assert net.training_bytes > 5e7
        assert otsu.prediction_bytes > 5e7


def test_json_holds_the_numbers_of_the_csv(done):
    result, folder, _ = done
    found = json.loads((folder / "comparison.json").read_text())
    with open(folder / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["miou"]) for row in rows] == [
        entry["scores"]["miou"] for entry in found["results"]
    ]
    assert found["split"] == "test"
    assert found["entries"]["unet_3d"]["schedule"]["epochs"] == 2
    assert (folder / "table.md").read_text() == result.markdown()


def test_the_panel_shows_patches_with_the_rarest_class(done):
    with np.load(done[1] / "measured" / "theirs" / "shown.npz") as shown:
        assert shown["truth"].shape == (3, 8, 8)
        assert all((truth == 2).any() for truth in shown["truth"])
        np.testing.assert_array_equal(shown["truth"], shown["segmentation"])


def test_what_is_finished_is_neither_trained_nor_scored_again(done, study, monkeypatch):
    result, folder, _ = done

    def refuse(*arguments, **options):
        raise AssertionError("done again")

    monkeypatch.setattr("tomoseg_tf.studies.compare.study.do_step", refuse)
    told = []
    again = run(study, folder, "unet_3d,otsu", foreign(study), notify=told.append)
    assert again == result
    assert "unet_3d is finished" in told
    fewer = run(study, folder, "otsu")
    assert [entry.label for entry in fewer.results] == ["unet_3d", "theirs", "otsu"]


def test_other_settings_are_refused_by_name(done, study):
    with pytest.raises(ValueError, match=r"unet_3d\.schedule\.epochs is 2 there and 3 here; use"):
        run(study, done[1], "unet_3d", changes=["schedule.epochs=3"])
    with pytest.raises(ValueError, match=r"unet_3d\.model\.arguments\.levels is 1 there and 2"):
        run(study, done[1], "unet_3d", arguments={"unet_3d": {"levels": 2}})


def test_turns_score_the_mean_over_flips_and_train_nothing_again(done, study, tmp_path):
    result, folder, _ = done
    shutil.copytree(folder, tmp_path / "out")
    _, net, other = run(study, tmp_path / "out", "unet_3d,otsu", turns="flips").results
    records = open_records(study / "records")
    fitted = open_weights(tmp_path / "out" / "unet_3d" / "best_loss")
    network, axes = open_network(fitted.build()), [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
    matrix = np.zeros((3, 3), np.int64)
    with named_shards(records):
        for _, grey, truth in split_patches(records, "test", fitted.config.normalisation):
            flipped = [
                np.flip(predict_volume(network, np.flip(grey, way).copy()), way)
                for way in [*axes, (0, 1, 2)]
            ]
            found = np.mean(flipped, axis=0).argmax(axis=-1)
            np.add.at(matrix, (truth, found), 1)
    assert net.scores["confusion_matrix"] == matrix.tolist()
    assert net.scores != result.results[0].scores
    assert (net.training_seconds, net.turns) == (result.results[0].training_seconds, "flips")
    assert (other.scores, other.turns) == (result.results[1].scores, "none")
    text = (tmp_path / "out" / "table.md").read_text()
    assert "Mean over all turns (flips), prediction times included: unet_3d." in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"levels": 6}, "deep: the crop 4,8,8 does not fit unet_3d"),
        ({"depth": 3}, "deep: unet_3d has no argument 'depth'"),
    ],
)
def test_a_network_that_cannot_be_trained_is_refused_before_any(
    study, tmp_path, arguments, message
):
    models = "unet_3d,deep=unet_3d"
    with pytest.raises(ValueError, match=message):
        run(study, tmp_path / "out", models, arguments={"deep": arguments})
    assert not (tmp_path / "out").exists()


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


def test_other_voxels_and_wrong_turns_are_refused_before_any_is_trained(study, sampled, tmp_path):
    recipe = (study / "tiny.yaml").read_text().replace("outside: kept", "outside: left_out")
    (tmp_path / "inner.yaml").write_text(recipe)
    options = {"records": sampled}
    with pytest.raises(
        ValueError, match=r"inner: normalisation.outside is left_out, but the other"
    ):
        run(study, tmp_path / "out", f"unet_3d,{tmp_path / 'inner.yaml'}", **options)
    with pytest.raises(ValueError, match=r"unet_3d: .* turns cube would swap sides that differ"):
        run(study, tmp_path / "out", "otsu,unet_3d", turns="cube", **options)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def undrawn(monkeypatch):
    """Draw no figures, to save their time."""
    monkeypatch.setattr("tomoseg_tf.studies.compare.study.draw_figures", lambda *_: None)


@pytest.mark.usefixtures("undrawn")
def test_entries_scored_on_other_voxels_leave_the_table_and_are_told(study, sampled, tmp_path):
    options, told = {"records": sampled}, []
    run(study, tmp_path / "out", "otsu", **options)
    other = ["normalisation.outside=left_out"]
    result = run(study, tmp_path / "out", "kmeans", changes=other, notify=told.append, **options)
    assert [each.label for each in result.results] == ["kmeans"]
    assert told[0].startswith("not in the table: otsu, scored with normalisation.outside kept and")
    assert told[0].endswith("; --set normalisation.outside=kept brings them back")
    result = run(study, tmp_path / "out", "kmeans", **options)
    assert [each.label for each in result.results] == ["otsu", "kmeans"]


@pytest.mark.usefixtures("undrawn")
def test_entries_stay_in_the_table_where_nothing_is_outside_the_sample(study, tmp_path):
    run(study, tmp_path / "out", "otsu")
    other = ["normalisation.outside=left_out"]
    result = run(study, tmp_path / "out", "kmeans", changes=other)
    assert [each.label for each in result.results] == ["otsu", "kmeans"]


def test_the_label_of_a_trained_network_is_not_given_away(done, study):
    _, folder, _ = done
    with pytest.raises(
        ValueError, match=r"the label unet_3d is there already, .*\(trained, here cl"
    ):
        run(study, folder, "unet_3d=otsu")


def test_a_comparison_that_holds_an_input_is_not_removed(done, study, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(done[1], folder)
    shutil.copyfile(study / "tiny.yaml", folder / "mine.yaml")
    shutil.copytree(study / "records", folder / "records")
    for models, options in (
        (f"old={folder / 'unet_3d' / 'best_loss'}", {}),
        ("otsu", {"recipe": folder / "mine.yaml"}),
        ("otsu", {"records": folder / "records"}),
    ):
        with pytest.raises(ValueError, match=r"out holds the .*; name another output"):
            run(study, folder, models, overwrite=True, **options)
    assert (folder / "unet_3d" / "best_loss").is_dir()


def test_other_records_are_refused(done, study, tmp_path):
    grey, truth = (tifffile.imread(study / f"{name}0.tif") for name in ("scan", "truth"))
    write_records(
        tmp_path / "records",
        [(grey, truth)],
        patch=(4, 8, 8),
        classes=CLASSES,
        split="block",
        fractions=(1 / 3, 1 / 3, 1 / 3),
    )
    with pytest.raises(ValueError, match="with a comparison on other records"):
        run(study, done[1], "otsu", records=tmp_path / "records")


def test_predictions_that_changed_are_scored_again(study, tmp_path):
    for number in (0, 1):
        truth = tifffile.imread(study / f"truth{number}.tif")
        tifffile.imwrite(tmp_path / f"truth{number}.tif", truth, photometric="minisblack")
    before = run(study, tmp_path / "out", foreign(tmp_path)).results[0]
    truth[:] = 0
    tifffile.imwrite(tmp_path / "truth1.tif", truth, photometric="minisblack")
    after = run(study, tmp_path / "out", foreign(tmp_path)).results[0]
    assert before.miou == 1.0
    assert after.of_classes("recall")[1] < 1


def test_other_predictions_in_the_same_file_are_scored_again(study, tmp_path):
    truths = [tifffile.imread(study / f"truth{number}.tif") for number in (0, 1)]
    with h5py.File(tmp_path / "all.h5", "w") as file:
        for number, truth in enumerate(truths):
            file[f"right{number}"], file[f"wrong{number}"] = truth, np.zeros_like(truth)
    found = []
    for name in ("right", "wrong"):
        texts = [f"theirs={tmp_path / 'all.h5'}::/{name}{number}" for number in (0, 1)]
        found += run(study, tmp_path / "out", *texts).results
    assert found[0].miou == 1.0
    assert found[1].of_classes("recall")[1] == 0


def test_settings_by_which_nothing_was_trained_may_be_mended(study, tmp_path, monkeypatch):
    """Once an epoch is there, they may not."""

    def fail(step, job, **told):
        raise EntryError("the loss became nan")

    monkeypatch.setattr("tomoseg_tf.studies.compare.study.do_step", fail)
    for rate in ("1e38", "1e-3"):
        change = [f"optimiser.learning_rate={rate}"]
        result = run(study, tmp_path / "out", "unet_3d", changes=change)
        assert list(result.failures) == ["unet_3d"]
    state = tmp_path / "out" / "unet_3d" / "last" / "state.npz"
    state.parent.mkdir(parents=True)
    state.touch()
    with pytest.raises(ValueError, match=r"learning_rate is 0\.001 there and 0\.1 here"):
        run(study, tmp_path / "out", "unet_3d", changes=["optimiser.learning_rate=0.1"])


def test_what_an_earlier_call_finished_stays_in_the_table(study, tmp_path):
    out = tmp_path / "out"
    first = run(study, out, "otsu", foreign(study)).results
    for name in ("otsu", "theirs"):
        assert (out / f"confusion_{name}.png").stat().st_size > 0
    second = run(study, out, foreign(study, label="again"), foreign(study))
    assert [result.label for result in second.results] == ["otsu", "again", "theirs"]
    assert second.results[0] == first[0]
    rows = (out / "table.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == ["label", "otsu", "again", "theirs"]


def test_one_file_for_each_volume_of_the_split_is_enough(study, tmp_path):
    """With whole scans in a split each, only that of the test needs a prediction."""
    pairs = [
        tuple(tifffile.imread(study / f"{name}{number}.tif") for name in ("scan", "truth"))
        for number in (0, 0, 1)
    ]
    pairs[1] = (pairs[1][0] // 2, pairs[1][1])
    settings = {"split": "sample", "test_samples": [2], "fractions": (0.4, 0.3, 0.3)}
    write_records(tmp_path / "records", pairs, patch=(4, 8, 8), classes=CLASSES, **settings)
    result = run(
        study,
        tmp_path / "out",
        f"theirs={study / 'truth1.tif'}",
        f"two={study / 'truth1.tif'},two={study / 'truth0.tif'}",
        records=tmp_path / "records",
    )
    assert result.results[0].miou == 1.0
    assert "2 segmentations for 3 volumes; give 3, one for each" in result.failures["two"]


def test_what_fails_is_told_and_the_others_are_scored(study, tmp_path):
    """The weights have two classes, and the volumes another shape."""
    tifffile.imwrite(
        tmp_path / "small.tif", np.zeros((2, 8, 8), np.uint8), photometric="minisblack"
    )
    result = run(
        study,
        tmp_path / "out",
        "unet_3d_micropillar,kmeans",
        f"small={study / 'truth0.tif'}",
    )
    assert [entry.label for entry in result.results] == ["kmeans"]
    reasons = result.failures
    assert "weights of 2 classes, but the records have 3" in reasons["unet_3d_micropillar"]
    assert "1 segmentation for 2 volumes" in reasons["small"]
    assert "kmeans" in (tmp_path / "out" / "table.md").read_text()
    again = run(study, tmp_path / "out", "kmeans", f"small={study / 'truth0.tif'}")
    assert list(again.failures) == ["small"]


def test_a_segmentation_of_another_shape_is_refused(study, tmp_path):
    for number in (0, 1):
        small = np.zeros((2, 8, 8), np.uint8)
        tifffile.imwrite(tmp_path / f"truth{number}.tif", small, photometric="minisblack")
    result = run(study, tmp_path / "out", foreign(tmp_path))
    assert "its shape is 2 x 8 x 8, but that of its volume" in result.failures["theirs"]
    assert not (tmp_path / "out" / "table.md").exists()


def test_a_value_that_is_no_class_is_told_with_its_file(study, tmp_path):
    for number in (0, 1):
        classes = tifffile.imread(study / f"truth{number}.tif")
        classes[classes == 0] = 7
        tifffile.imwrite(tmp_path / f"truth{number}.tif", classes, photometric="minisblack")
    result = run(study, tmp_path / "out", foreign(tmp_path))
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


def test_a_network_of_volumes_needs_deep_patches(study, tmp_path):
    pairs = [
        tuple(tifffile.imread(study / f"{name}{number}.tif") for name in ("scan", "truth"))
        for number in (0, 1)
    ]
    settings = {"split": "block", "fractions": (0.4, 0.3, 0.3), "guard": 0}
    write_records(tmp_path / "records", pairs, patch=(1, 16, 16), classes=CLASSES, **settings)
    with pytest.raises(ValueError, match="unet_3d: the crop 1,16,16 is a slice, but unet_3d sees"):
        run(study, tmp_path / "out", "otsu,unet_3d", records=tmp_path / "records")
    assert not (tmp_path / "out").exists()


def test_networks_of_volumes_and_of_slices_are_scored_on_the_same_voxels(study, tmp_path):
    small = {"levels": 2, "base_features": 2}
    arguments = {"unet_2d": small, "unet_3d": {**small, "levels": 1}}
    result = run(study, tmp_path / "both", "unet_2d,unet_3d", arguments=arguments)
    assert result.failures == {}
    flat, deep = (np.array(each.scores["confusion_matrix"]) for each in result.results)
    np.testing.assert_array_equal(flat.sum(axis=1), deep.sum(axis=1))
    assert flat.sum() > 0
    assert [each.network for each in result.results] == ["unet_2d", "unet_3d"]


def test_without_a_test_split_the_validation_is_scored_and_said(study, tmp_path):
    pair = tuple(tifffile.imread(study / f"{name}0.tif") for name in ("scan", "truth"))
    settings = {"split": "block", "fractions": (0.5, 0.5, 0), "guard": 0}
    write_records(tmp_path / "records", [pair], patch=(4, 8, 8), classes=CLASSES, **settings)
    result = run(study, tmp_path / "out", "otsu", records=tmp_path / "records")
    assert result.split == "validation"
    assert "there is no test split" in result.markdown()


def test_a_folder_of_something_else_is_never_touched(study, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="already exists"):
        run(study, tmp_path, "otsu", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_comparison_killed_in_training_is_gone_on_with(study, tmp_path):
    """The processes are killed without warning after the first epoch; the rest is trained."""
    folder = tmp_path / "out"
    changes = ["schedule.epochs=12"]
    command = [sys.executable, "-m", "tomoseg_tf", "compare", study / "records", "-o", folder]
    command += ["--recipe", study / "tiny.yaml", "--models", "unet_3d", "--set", *changes]
    history = folder / "unet_3d" / "history.csv"
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while not history.exists() and process.poll() is None:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    time.sleep(0.5)  # the child sees that its parent has gone
    before = history.read_text().splitlines()
    rows = []
    result = run(study, folder, "unet_3d", changes=changes, report=rows.append)
    assert history.read_text().splitlines()[: len(before)] == before
    assert [row["epoch"] for row in rows] == list(range(len(before), 13))
    assert 1 < len(before) < 13
    assert result.results[0].epochs == 12


def test_patches_are_listed_as_they_are_read(study):
    records = open_records(study / "records")
    listed = records.seen_patches("test")
    assert len(listed) == records.count("test")
    assert {patch.source for patch in listed} == {0, 1}
