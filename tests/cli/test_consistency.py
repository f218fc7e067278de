"""Objects whose class changes, from the command line."""

import json

import h5py
import numpy as np
import pytest
import tifffile

COMMAND = ("consistency",)


def test_table_profile_and_vote(run, tmp_path):
    classes = np.zeros((8, 6, 12), np.uint8)
    classes[1:7, 1:4, 2:6] = 2
    classes[3, 1:4, 2:6] = 1
    path = tmp_path / "s.tif"
    tifffile.imwrite(path, classes, photometric="minisblack")
    voted = tmp_path / "v.tif"
    arguments = (path, tmp_path / "t.csv", "--vote", voted, "--volume", path)
    code, out, _ = run(*arguments)
    assert code == 0
    assert "1 of 1 objects change their class from slice to slice, 1 of them more than once" in out
    assert "12 voxels changed their class" in out
    assert out.splitlines()[4].split()[-2:] == ["3", "4"]
    expected = np.where(classes > 0, 2, 0)
    np.testing.assert_array_equal(tifffile.imread(voted), expected)
    assert (tmp_path / "t_profile.csv").read_text().startswith("label,z,class,share,voxels,grey")
    code, out, _ = run(*arguments, "--overwrite", "--json")
    assert json.loads(out)["inconsistent"] == 1
    assert "already exists" in run(*arguments)[2]


@pytest.mark.parametrize("spoilt", ["--volume scan.tif --vote scan.tif", "--vote s.h5::/b"])
def test_no_input_is_replaced(run, tmp_path, monkeypatch, spoilt):
    monkeypatch.chdir(tmp_path)
    classes = np.zeros((4, 6, 8), np.uint8)
    tifffile.imwrite("scan.tif", classes, photometric="minisblack")
    with h5py.File("s.h5", "w") as file:
        file["a"] = classes
    before = [(tmp_path / name).read_bytes() for name in ("scan.tif", "s.h5")]
    code, out, err = run("s.h5::/a", "n.csv", *spoilt.split(), "--overwrite")
    assert (code, out) == (1, "")
    assert "is named twice; each input and output needs" in err
    assert [(tmp_path / name).read_bytes() for name in ("scan.tif", "s.h5")] == before
