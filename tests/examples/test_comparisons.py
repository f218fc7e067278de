import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from tomoseg_tf.cli.main import cli
from tomoseg_tf.records import read_manifest
from tomoseg_tf.training import read_recipe

EXAMPLES = Path(__file__).parents[2] / "examples"
STUB = """#!/bin/sh
printf '%s\\n' "$@" --- >>"$LOG"
"""
TINY = {"MODELS": "otsu", "BINARY_MODELS": "otsu", "FINAL": "otsu", "EPOCHS": "1"}


def run(example, *arguments, **settings):
    """Run the script of an example at a tiny size, with the commands of this environment."""
    scripts = str(Path(sys.executable).parent)
    path = os.pathsep.join([scripts, os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, **TINY, **settings}
    command = ["sh", EXAMPLES / example / "run.sh", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def run_in_this_process(tmp_path, example, *arguments, **settings):
    """Run the commands that the script asks for, without a process and its imports for each."""
    stub, log = tmp_path / "commands" / "tomoseg-tf", tmp_path / "log"
    stub.parent.mkdir(exist_ok=True)
    stub.write_text(STUB)
    stub.chmod(0o755)
    log.write_text("")
    path = os.pathsep.join([str(stub.parent), os.environ["PATH"]])
    command = ["sh", EXAMPLES / example / "run.sh", *arguments]
    environment = {**os.environ, **TINY, **settings, "PATH": path, "LOG": str(log)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    calls = [call.splitlines() for call in log.read_text().split("---\n")[:-1]]
    for call in calls:
        result = CliRunner().invoke(cli, call, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    return calls


def labels(table):
    with open(table, newline="") as file:
        return [row["label"] for row in csv.DictReader(file)]


def splits(folder, split):
    sources = read_manifest(folder).sources
    return [Path(source.volume).name for source in sources if source.blocks[0].split == split]


def test_the_torbati2021_study_puts_both_splits_side_by_side(tmp_path):
    settings = {"SHAPE": "24,64,64", "PATCH": "1,64,64", "FRACTIONS": "0.4,0.3,0.3"}
    done = run("torbati2021", OUT=str(tmp_path / "out"), **settings)
    assert done.returncode == 0, done.stderr
    assert labels(tmp_path / "out" / "compared" / "table.csv") == ["otsu"]
    text = (tmp_path / "out" / "compared" / "table.md").read_text()
    assert text.startswith("| Entry | mIoU, random | mIoU, blocks |")
    assert labels(tmp_path / "out" / "compared_binary" / "table.csv") == ["otsu"]


@pytest.mark.docs
def test_the_tables_of_the_thesis_are_made_of_own_slices(tmp_path):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (12, 64, 64)).astype(np.uint8)
    tifffile.imwrite(
        tmp_path / "scan.tif", 60 * truth + rng.integers(0, 50, truth.shape).astype("u1")
    )
    tifffile.imwrite(tmp_path / "truth.tif", truth)
    own = {"SCAN": str(tmp_path / "scan.tif"), "TRUTH": str(tmp_path / "truth.tif")}
    settings = "--steps 1 --set batches.batch_size=4"
    small = {"SLICES": "6,2,2", "PATCHES": "32 64", "IMAGES": "2 3", "SETTINGS": settings}
    out = tmp_path / "out"
    done = run("barboza2020", OUT=str(out), TABLES="4.2 4.3", **own, **small)
    assert done.returncode == 0, done.stderr
    names = ("binary", "patch_32", "patch_64")
    found = [labels(out / f"compared_{name}" / "table.csv") for name in names]
    assert found == [["unet_binary"], ["patch_32"], ["patch_64"]]


def test_the_superalloy_study_keeps_spots_and_val_apart(tmp_path):
    rng = np.random.default_rng(0)
    spots = {"train": (3, 4, 5, 6, 7), "val": (1,)}
    for part, numbers in spots.items():
        for kind in ("images", "masks"):
            (tmp_path / part / kind).mkdir(parents=True)
        for spot in numbers:
            mask = rng.integers(0, 3, (16, 16)).astype(np.uint8)
            name = f"spot{spot}_0d_0.tif"
            tifffile.imwrite(tmp_path / part / "masks" / name, mask, photometric="minisblack")
            image = (100 * mask + rng.integers(0, 50, mask.shape)).astype(np.uint8)
            tifffile.imwrite(tmp_path / part / "images" / name, image, photometric="minisblack")
    out = tmp_path / "out"
    calls = run_in_this_process(tmp_path, "ni_superalloy", str(tmp_path), OUT=str(out))
    assert [call[0] for call in calls] == [*3 * ["records"], "compare", "records", "compare"]
    folds = (out / "compared_folds" / "table.csv").read_text()
    assert folds.startswith("label,miou_fold1,miou_fold2,miou_fold3,miou_mean,miou_sd")
    tests = [name for fold in (1, 2, 3) for name in splits(out / f"fold{fold}", "test")]
    assert sorted(tests) == [f"spot{number}_0d_0.tif" for number in spots["train"]]
    assert labels(out / "compared_final_spot5" / "table.csv") == ["otsu"]
    final = out / "final_spot5"
    assert splits(final, "test") == ["spot1_0d_0.tif"]
    assert splits(final, "validation") == ["spot5_0d_0.tif"]
    assert len(splits(final, "training")) == 4
    everything = {"FOLDS": "", "HELD": "", "FINAL": "otsu", "VOTE": "true", "EPOCH": "last"}
    run_in_this_process(tmp_path, "ni_superalloy", str(tmp_path), OUT=str(out), **everything)
    assert len(splits(out / "final_all", "training")) == 5
    assert "class of most of its voxels: otsu." in (out / "compared_final_all/table.md").read_text()


@pytest.mark.parametrize("example", ["barboza2020", "james2022", "ni_superalloy", "torbati2021"])
def test_the_scripts_are_plain_posix_and_stop_at_the_first_error(example, tmp_path):
    lines = (EXAMPLES / example / "run.sh").read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert "set -eu" in lines
    (tmp_path / "out").write_text("a file")
    done = run(example, str(tmp_path), OUT=str(tmp_path / "out"))
    assert done.returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("step", ["cheap", "hand"])
def test_both_steps_of_the_dendrite_study_are_searched(step):
    recipe = read_recipe(EXAMPLES / "james2022" / f"{step}.yaml")
    assert recipe.search.trials == 9
    assert recipe.monitor == "dice"
