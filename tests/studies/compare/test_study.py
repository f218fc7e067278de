import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tifffile
from matplotlib import image

from tomoseg_tf.records import write_records
from tomoseg_tf.studies.compare.process import EntryError

CLASSES = ("matrix", "inclusion", "precipitate")
LABELS = ("otsu", "theirs", "unet_3d")


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


def test_what_is_finished_is_neither_trained_nor_scored_again(done, run, foreign, monkeypatch):
    result, folder, _ = done

    def refuse(*arguments, **options):
        raise AssertionError("done again")

    monkeypatch.setattr("tomoseg_tf.studies.compare.study.do_step", refuse)
    told = []
    again = run(folder, "unet_3d,otsu", foreign(), notify=told.append)
    assert again == result
    assert "unet_3d is finished" in told
    fewer = run(folder, "otsu")
    assert [entry.label for entry in fewer.results] == ["unet_3d", "theirs", "otsu"]


def test_other_settings_are_refused_by_name(done, run):
    with pytest.raises(ValueError, match=r"unet_3d\.schedule\.epochs is 2 there and 3 here; use"):
        run(done[1], "unet_3d", changes=["schedule.epochs=3"])
    with pytest.raises(ValueError, match=r"unet_3d\.model\.arguments\.levels is 1 there and 2"):
        run(done[1], "unet_3d", arguments={"unet_3d": {"levels": 2}})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"levels": 6}, "deep: the crop 4,8,8 does not fit unet_3d"),
        ({"depth": 3}, "deep: unet_3d has no argument 'depth'"),
    ],
)
def test_a_network_that_cannot_be_trained_is_refused_before_any(run, tmp_path, arguments, message):
    models = "unet_3d,deep=unet_3d"
    with pytest.raises(ValueError, match=message):
        run(tmp_path / "out", models, arguments={"deep": arguments})
    assert not (tmp_path / "out").exists()


def test_the_label_of_a_trained_network_is_not_given_away(done, run):
    _, folder, _ = done
    with pytest.raises(
        ValueError, match=r"the label unet_3d is there already, .*\(trained, here cl"
    ):
        run(folder, "unet_3d=otsu")


def test_a_comparison_that_holds_an_input_is_not_removed(done, run, study, tmp_path):
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
            run(folder, models, overwrite=True, **options)
    assert (folder / "unet_3d" / "best_loss").is_dir()


def test_other_records_are_refused(done, run, study, tmp_path):
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
        run(done[1], "otsu", records=tmp_path / "records")


def test_settings_by_which_nothing_was_trained_may_be_mended(run, tmp_path, monkeypatch):
    """Once an epoch is there, they may not."""

    def fail(step, job, **told):
        raise EntryError("the loss became nan")

    monkeypatch.setattr("tomoseg_tf.studies.compare.study.do_step", fail)
    for rate in ("1e38", "1e-3"):
        change = [f"optimiser.learning_rate={rate}"]
        result = run(tmp_path / "out", "unet_3d", changes=change)
        assert list(result.failures) == ["unet_3d"]
    state = tmp_path / "out" / "unet_3d" / "last" / "state.npz"
    state.parent.mkdir(parents=True)
    state.touch()
    with pytest.raises(ValueError, match=r"learning_rate is 0\.001 there and 0\.1 here"):
        run(tmp_path / "out", "unet_3d", changes=["optimiser.learning_rate=0.1"])


def test_what_an_earlier_call_finished_stays_in_the_table(run, foreign, tmp_path):
    out = tmp_path / "out"
    first = run(out, "otsu", foreign()).results
    for name in ("otsu", "theirs"):
        assert (out / f"confusion_{name}.png").stat().st_size > 0
    second = run(out, foreign(label="again"), foreign())
    assert [result.label for result in second.results] == ["otsu", "again", "theirs"]
    assert second.results[0] == first[0]
    rows = (out / "table.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == ["label", "otsu", "again", "theirs"]


def test_what_fails_is_told_and_the_others_are_scored(run, study, tmp_path):
    """The weights have two classes, and the volumes another shape."""
    tifffile.imwrite(
        tmp_path / "small.tif", np.zeros((2, 8, 8), np.uint8), photometric="minisblack"
    )
    result = run(
        tmp_path / "out",
        "unet_3d_micropillar,kmeans",
        f"small={study / 'truth0.tif'}",
    )
    assert [entry.label for entry in result.results] == ["kmeans"]
    reasons = result.failures
    assert "weights of 2 classes, but the records have 3" in reasons["unet_3d_micropillar"]
    assert "1 segmentation for 2 volumes" in reasons["small"]
    assert "kmeans" in (tmp_path / "out" / "table.md").read_text()
    again = run(tmp_path / "out", "kmeans", f"small={study / 'truth0.tif'}")
    assert list(again.failures) == ["small"]


def test_a_network_of_volumes_needs_deep_patches(run, study, tmp_path):
    pairs = [
        tuple(tifffile.imread(study / f"{name}{number}.tif") for name in ("scan", "truth"))
        for number in (0, 1)
    ]
    settings = {"split": "block", "fractions": (0.4, 0.3, 0.3), "guard": 0}
    write_records(tmp_path / "records", pairs, patch=(1, 16, 16), classes=CLASSES, **settings)
    with pytest.raises(ValueError, match="unet_3d: the crop 1,16,16 is a slice, but unet_3d sees"):
        run(tmp_path / "out", "otsu,unet_3d", records=tmp_path / "records")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_never_touched(run, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="already exists"):
        run(tmp_path, "otsu", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_comparison_killed_in_training_is_gone_on_with(run, study, tmp_path):
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
    result = run(folder, "unet_3d", changes=changes, report=rows.append)
    assert history.read_text().splitlines()[: len(before)] == before
    assert [row["epoch"] for row in rows] == list(range(len(before), 13))
    assert 1 < len(before) < 13
    assert result.results[0].epochs == 12
