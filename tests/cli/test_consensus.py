"""The consensus of two operators."""

import json

import numpy as np
import tifffile

from tomoseg_tf.volume import open_truth

COMMAND = ("consensus",)

ONE = np.zeros((4, 6, 12), np.uint8)
ONE[1:3, 1:4, 2:6] = 1
OTHER = np.roll(ONE, 1, axis=2)


def test_voxels_and_objects(run, tmp_path):
    paths = [tmp_path / "a.tif", tmp_path / "b.tif"]
    for path, array in zip(paths, (ONE, OTHER), strict=True):
        tifffile.imwrite(path, array, photometric="minisblack")
    code, out, _ = run(*paths, tmp_path / "c.tif", "--json")
    summary = json.loads(out)
    assert (code, summary["ignored"], summary["voxels"]["1"]) == (0, 12, 18)
    assert summary["agreement"][0]["dice"][1] == 0.75
    assert abs(summary["agreement"][0]["kappa"] - (276 / 288 - 0.84722) / (1 - 0.84722)) < 1e-4
    code, out, _ = run(*paths, tmp_path / "d.tif", "--objects", "union")
    assert (code, "1 objects agreed on, 0 disputed" in out) == (0, True)
    assert "Kappa" in out
    np.testing.assert_array_equal(open_truth(tmp_path / "d.tif").read(0, 4), ONE | OTHER)
    assert "is named twice" in run(*paths, paths[0], "--overwrite")[2]
    assert run(paths[0], tmp_path / "e.tif")[0] == 2
    assert "already exists" in run(*paths, tmp_path / "c.tif")[2]


def test_unknown_voxels_of_one_operator_are_no_objects(run, tmp_path):
    for name, truth in (("a", np.where(OTHER, 255, ONE)), ("b", 255 * OTHER)):
        truth = truth.astype(np.uint8)
        tifffile.imwrite(tmp_path / f"{name}.tif", truth, photometric="minisblack")
    paths = [tmp_path / "a.tif", tmp_path / "b.tif"]
    code, _, err = run(*paths, tmp_path / "c.tif")
    assert (code, "b.tif holds only 0 and 255" in err, err.count("\n")) == (1, True, 1)
    assert not (tmp_path / "c.tif").exists()
    code, _, _ = run(*paths, tmp_path / "c.tif", "--palette", "classes")
    assert code == 0
    assert 1 not in open_truth(tmp_path / "c.tif").read(0, 4)
