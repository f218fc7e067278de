import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from matplotlib import image

from tomoseg_tf.weights import open_weights

SCRIPT = Path(__file__).parents[2] / "examples" / "gaudez2022" / "run.sh"
TINY = {
    "DEPTHS": "32 16 16",
    "WIDTH": "64",
    "PATCH": "16,32,32",
    "EPOCHS": "1",
    "FROM": "",
    "NET": "2:2",
    "NETS": "2:2,1:2",
    "SETTINGS": "--set schedule.steps_per_epoch=2 --set batches.crop=null",
}


def run(folder):
    """Run the script at a tiny size, with the commands of this environment."""
    scripts = str(Path(sys.executable).parent)
    path = os.pathsep.join([scripts, os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "OUT": str(folder), **TINY}
    done = subprocess.run(["sh", SCRIPT], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gaudez2022")
    return folder, run(folder)


def test_segmentation_and_probabilities_fit_the_scan(ran):
    folder, _ = ran
    scan, segmentation, grey = (
        tifffile.imread(folder / f"{name}3.tif")
        for name in ("pillar", "segmentation", "probabilities")
    )
    assert scan.shape == segmentation.shape == (16, 64, 64)
    assert segmentation.dtype == grey.dtype == np.uint8
    np.testing.assert_array_equal(segmentation, grey > 127)


def test_run_scores_and_ablation_are_there_and_open(ran):
    folder, done = ran
    assert open_weights(folder / "run" / "best_loss").config.arguments["levels"] == 2
    assert "Voxels compared" in done.stdout
    with open(folder / "ablation" / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["levels"], row["split"]) for row in rows] == [("2", "test"), ("1", "test")]
    for figure in (folder / "fig4.png", folder / "ablation" / "figure.png"):
        assert image.imread(figure).ndim == 3


def test_the_script_is_plain_posix_and_stops_at_the_first_error(tmp_path):
    lines = SCRIPT.read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert "set -eu" in lines
    (tmp_path / "out").write_text("a file")
    environment = {**os.environ, "OUT": str(tmp_path / "out")}
    done = subprocess.run(["sh", SCRIPT], env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_is_given_empty_stays_empty(tmp_path):
    """A start at random and the recipe's own settings must not fall back to the defaults."""
    defaults = [line for line in SCRIPT.read_text().splitlines() if line.startswith(': "${')]
    (tmp_path / "show.sh").write_text("\n".join([*defaults, 'echo "[$FROM][$SETTINGS][$RECIPE]"']))
    environment = {**os.environ, "FROM": "", "SETTINGS": "", "RECIPE": "gaudez2022"}
    command = ["sh", tmp_path / "show.sh"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout == "[][][gaudez2022]\n"
