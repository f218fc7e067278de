import json

import numpy as np
import tifffile

from tomoseg_tf.phantom import Micropillar
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
