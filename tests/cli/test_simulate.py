import json

import numpy as np
import tifffile

from tomoseg_tf.phantom import AA7075, Micropillar
from tomoseg_tf.volume import open_volume


def test_the_files_hold_the_phantom(run, tmp_path):
    grey, truth = tmp_path / "grey.tif", tmp_path / "truth"
    command = ("simulate", "micropillar", grey, truth, "--shape", "6,64,72", "--seed", "4")
    code, out, err = run(*command, "--json")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    expected_grey, expected_truth = Micropillar((6, 64, 72), 4).slab(0, 6)
    np.testing.assert_array_equal(tifffile.imread(grey), expected_grey)
    pages = [tifffile.imread(path) for path in sorted(truth.iterdir())]
    np.testing.assert_array_equal(pages, expected_truth)
    assert summary["fraction"] == expected_truth.mean()
    assert open_volume(grey).spacing == open_volume(truth).spacing == (0.02933, 0.02933, 0.02933)
    code, _, err = run(*command)
    assert code == 1
    assert "already exists" in err
    assert run(*command, "--overwrite")[0] == 0


def test_one_line_for_what_cannot_be(run, tmp_path):
    same = tmp_path / "a.tif"
    assert "named for the volume and for the truth" in run("simulate", "micropillar", same, same)[2]
    small = ("simulate", "micropillar", same, tmp_path / "b.tif", "--shape", "4,32,32")
    code, _, err = run(*small)
    assert code == 1
    assert "at least 1,64,64" in err
    assert list(tmp_path.iterdir()) == []
    assert run(*small[:4], "--shape", "4,32")[0] == 2


def test_aa7075_files_hold_the_phantom_in_every_slab(run, tmp_path, monkeypatch):
    monkeypatch.setattr("tomoseg_tf.phantom.simulate.SLAB_VOXELS", 2 * 64 * 80)
    scan, truth = tmp_path / "alloy.tif", tmp_path / "truth.tif"
    command = ("simulate", "aa7075", scan, truth, "--shape", "5,64,80", "--seed", "2")
    code, out, err = run(*command, "--json")
    assert (code, err) == (0, "")
    expected_grey, expected_truth = AA7075((5, 64, 80), 2).slab(0, 5)
    grey = tifffile.imread(scan)
    assert grey.dtype == np.float32
    np.testing.assert_array_equal(grey, expected_grey)
    np.testing.assert_array_equal(tifffile.imread(truth), expected_truth)
    summary = json.loads(out)
    assert summary["fractions"] == [np.mean(expected_truth == index) for index in range(3)]
    assert open_volume(scan).spacing == open_volume(truth).spacing == (0.018, 0.018, 0.018)
    assert "already exists" in run(*command)[2]
    code, out, _ = run(*command, "--overwrite")
    assert code == 0
    assert "particles" in out
    code, _, err = run("simulate", "aa7075", scan, tmp_path / "b.tif", "--shape", "4,32,32")
    assert (code, len(err.splitlines())) == (1, 1)
    assert "aa7075 phantom needs a shape of at least 1,64,64" in err
