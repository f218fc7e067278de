import json

import numpy as np
import tifffile

from tomoseg_tf.phantom import AA7075, Dendrites, Micropillar
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


def test_a_series_of_dendrites_is_written_with_truth_and_cheap_labels(run, tmp_path):
    scan, truth, rough = (tmp_path / name for name in ("scan.tif", "truth", "cheap.tif"))
    command = ("simulate", "dendrites", scan, truth, "--shape", "6,64,72", "--seed", "4")
    series = (*command, "--steps", "2", "--rough", rough, "--crystals", "1", "--fraction", "0.05")
    code, out, err = run(*series, "--json")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    expected = Dendrites((6, 64, 72), 4, fraction=0.05, crystals=1).series(2)
    for frame, (made, files) in enumerate(zip(expected, summary["scans"], strict=True)):
        assert files["volume"] == str(tmp_path / f"scan_0{frame}.tif")
        grey, classes = made.slab(0, 6)
        np.testing.assert_array_equal(tifffile.imread(files["volume"]), grey)
        pages = [tifffile.imread(path) for path in sorted((tmp_path / f"truth_0{frame}").iterdir())]
        np.testing.assert_array_equal(pages, classes)
        assert files["fraction"] == classes.mean()
        assert tifffile.imread(files["rough"]).shape == (6, 64, 72)
        assert open_volume(files["rough"]).spacing == (1.2, 1.2, 1.2)
    before = sorted(tmp_path.iterdir())
    (tmp_path / "scan_00.tif").unlink()
    code, _, err = run(*series)
    assert code == 1
    assert "truth_00 already exists" in err
    assert len(before) == len(list(tmp_path.iterdir())) + 1
    code, out, _ = run(*series, "--overwrite")
    assert code == 0
    assert "scan_00.tif and" in out
    assert "and 1 more of each: 6 x 64 x 72 voxels" in out


def test_cheap_labels_of_a_raw_scan_are_those_of_a_tiff(run, tmp_path):
    for suffix in ("tif", "raw"):
        files = [tmp_path / f"{name}.{suffix}" for name in ("scan", "truth")]
        options = "--shape", "1,64,72", "--crystals", "1", "--fraction", "0.05"
        rough = tmp_path / f"cheap_{suffix}.tif"
        code, _, err = run("simulate", "dendrites", *files, *options, "--rough", rough)
        assert (code, err) == (0, "")
    assert (tmp_path / "cheap_raw.tif").read_bytes() == (tmp_path / "cheap_tif.tif").read_bytes()


def test_one_line_for_dendrites_that_cannot_be(run, tmp_path):
    command = ("simulate", "dendrites", tmp_path / "a.tif")
    code, _, err = run(*command, tmp_path / "b.tif", "--fraction", "0.3")
    assert (code, len(err.splitlines())) == (1, 1)
    assert "the fraction must lie above 0 and be at most 0.1" in err
    assert "two outputs" in run(*command, tmp_path / "b.tif", "--rough", tmp_path / "a.tif")[2]
    assert run(*command, tmp_path / "b.tif", "--steps", "0")[0] == 2
    assert list(tmp_path.iterdir()) == []
