import csv
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

EXAMPLES = Path(__file__).parents[2] / "examples"


def write_scores(folder, name, dice, voxels):
    classes = [{"dice": 0.99, "recall": 0.99, "precision": 0.99}]
    classes.append({"dice": dice, "recall": None, "precision": dice})
    (folder / f"{name}.json").write_text(json.dumps({"classes": classes}))
    labels = {"shape": [10, 10, 10], "classes": [{"voxels": n} for n in voxels]}
    (folder / f"{name}.labels").write_text(json.dumps(labels))


def test_the_curve_shows_scores_over_the_share_of_labels(tmp_path, capsys):
    write_scores(tmp_path, "slices_3_0", 0.6, (20, 10))
    write_scores(tmp_path, "slices_10_0", 0.8, (70, 30))
    write_scores(tmp_path, "all_100_0", 0.9, (900, 100))
    runpy.run_path(str(EXAMPLES / "few_labels" / "curve.py"))["main"](tmp_path)
    with open(tmp_path / "curve.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["kind"], row["share_percent"], row["dice"]) for row in rows] == [
        ("all", "100", "0.9"),
        ("slices", "3", "0.6"),
        ("slices", "10", "0.8"),
    ]
    assert "| slices | 10.000 | 100 | 30 | 0 | 0.800 | 0.000 | 0.800 |" in capsys.readouterr().out
    assert image.imread(tmp_path / "curve.png").std() > 0


def test_objects_that_no_one_sees_have_no_score(tmp_path):
    """Of three classes the last one is neither in the test scan nor in what was found there."""
    write_scores(tmp_path, "slices_3_0", 0.6, (20, 10, 5))
    path = tmp_path / "slices_3_0.json"
    found = json.loads(path.read_text())
    found["classes"].append({"dice": None, "recall": None, "precision": None})
    path.write_text(json.dumps(found))
    row = runpy.run_path(str(EXAMPLES / "few_labels" / "curve.py"))["read"](path)
    assert (row["dice"], row["labelled_voxels"], row["object_voxels"]) == (0.6, 35, 15)


@pytest.mark.parametrize(
    ("scan", "name"),
    [
        ("a/recon.tif", "recon"),
        ("a/recon.v2.tif", "recon.v2"),
        ("x.h5::/a/data", "x_a_data"),
        ("y.h5::/a/data", "y_a_data"),
    ],
)
def test_a_scan_is_named_by_its_file_and_its_place_inside(scan, name):
    module = runpy.run_path(str(EXAMPLES / "simulation_to_reality" / "measure.py"))
    assert module["name_of"](Path(scan)) == name


def test_scans_of_one_name_and_scans_that_are_all_left_out_are_told(tmp_path, monkeypatch, capsys):
    module = runpy.run_path(str(EXAMPLES / "simulation_to_reality" / "measure.py"))
    command = ["measure.py", str(tmp_path / "out"), "--weights", "w=w", "--scans"]
    monkeypatch.setattr(sys, "argv", [*command, "a/recon.tif", "b/recon.tif"])
    with pytest.raises(SystemExit):
        module["main"]()
    assert f"{Path('a/recon.tif')} and {Path('b/recon.tif')} would both be named recon" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()

    def refuse(*args, **settings):
        raise ValueError("no room")

    monkeypatch.setitem(module["measure"].__globals__, "insert_objects", refuse)
    monkeypatch.setattr(sys, "argv", [*command, "a/recon.tif"])
    with pytest.raises(SystemExit):
        module["main"]()
    assert "nothing was measured" in capsys.readouterr().err


def test_means_are_taken_where_a_score_is_defined(tmp_path):
    module = runpy.run_path(str(EXAMPLES / "simulation_to_reality" / "measure.py"))
    row = {"scan": "a", "objects": "dark", "weights": "w", "object_recall": None}
    rows = [
        {**row, "seed": seed, "dice": dice, "recall": 0.5, "precision": 1.0, "object_precision": 1}
        for seed, dice in ((1, 0.5), (2, 0.7))
    ]
    module["write"](rows, tmp_path)
    table = (tmp_path / "table.md").read_text().splitlines()
    assert table[2] == "| a | dark | w | 0.600 | 0.500 | 1.000 | - | 1.000 |"
    assert table[3] == table[2].replace("a | dark", "mean | all")


def test_rims_of_an_image_are_filled(tmp_path, monkeypatch):
    module = runpy.run_path(str(EXAMPLES / "simulation_to_reality" / "measure.py"))
    mask = np.zeros((9, 9), np.uint8)
    mask[2:7, 2:7], mask[3:6, 3:6], mask[8, 8] = 1, 0, 255
    seen = {}
    monkeypatch.setitem(
        module["on_image"].__globals__,
        "score",
        lambda scan, truth, *more, **options: seen.update(truth=truth, **options) or {},
    )
    np.save(tmp_path / "mask.npy", mask[None])
    module["on_image"](Path("a.tif"), tmp_path / "mask.npy", True, 2, {"w": "w"}, tmp_path)
    expected = np.zeros((1, 9, 9), np.uint8)
    expected[0, 2:7, 2:7], expected[0, 8, 8] = 1, 255
    np.testing.assert_array_equal(seen["truth"], expected)
    assert (seen["filters"], seen["binning"]) == (["invert"], 2)


@pytest.mark.parametrize(
    ("values", "sides", "message"),
    [(1, 9, None), (1, 8, "1 x 8 x 8 voxels, but"), (60000, 9, "values without a class")],
)
def test_a_mask_is_checked_before_anything_is_trained(tmp_path, values, sides, message):
    script = EXAMPLES / "simulation_to_reality" / "measure.py"
    np.save(tmp_path / "image.npy", np.ones((1, 9, 9), np.uint16))
    np.save(tmp_path / "mask.npy", np.full((1, sides, sides), values, np.uint16))
    pair = tmp_path / "image.npy", tmp_path / "mask.npy"
    command = [sys.executable, script, tmp_path / "out", "--image", *pair, "--check"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == (0 if message is None else 2)
    assert (message or "") in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("example", ["few_labels", "simulation_to_reality"])
def test_the_scripts_are_plain_posix_and_stop_at_the_first_error(example):
    script = EXAMPLES / example / "run.sh"
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert "set -eu" in lines
    assert subprocess.run(["sh", "-n", script]).returncode == 0
