"""Objects matched by the evaluate command."""

import csv
import json

import numpy as np
import tifffile

COMMAND = ("evaluate",)

TRUTH = np.zeros((8, 12, 24), np.uint8)
TRUTH[2:5, 2:5, 2:5] = TRUTH[2:6, 7:10, 2:5] = TRUTH[2:5, 2:5, 12:15] = 1
FOUND = np.zeros_like(TRUTH)
FOUND[2:5, 2:5, 2:5] = FOUND[2:6, 7:10, 3:6] = FOUND[2:6, 6:10, 18:22] = 1


def test_table_and_scores_of_objects(run, tmp_path):
    paths = tmp_path / "truth.tif", tmp_path / "found.tif"
    for path, array in zip(paths, (TRUTH, FOUND), strict=True):
        tifffile.imwrite(path, array, photometric="minisblack")
    table = tmp_path / "o.csv"
    code, out, _ = run(*paths, "--no-boundary", "--objects", table, "--json")
    found = json.loads(out)["objects"]
    assert (code, found["true_objects"], found["missed"], found["found"]) == (0, 3, 1, 1)
    assert found["f1"] == found["classes"][1]["f1"] == 2 / 3
    assert found["table_1"]["matched"]["truth"]["count"] == 2
    assert [one["true_objects"] for one in found["by_radius"]] == [2, 1, 0]
    with open(table, newline="") as file:
        states = [row["state"] for row in csv.DictReader(file)]
    assert states == ["matched", "matched", "missed", "found"]
    arguments = (*paths, "--no-boundary", "--objects", table, "--overwrite", "--overlap", "0.9")
    code, out, _ = run(*arguments)
    assert "Objects as in Table 1 of Gaudez et al. (2022)" in out
    assert "Segmentation, matched" in out
    assert "already exists" in run(*paths, "--objects", table)[2]
    assert "ends in .csv or .parquet" in run(*paths, "--objects", tmp_path / "o.txt")[2]
