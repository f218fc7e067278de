import json
import shutil

import numpy as np
import pytest

from tomoseg_tf.volume import create_volume, open_volume


@pytest.fixture
def fitted(template, tmp_path):
    """A weights folder of one's own, and a scan with a voxel size."""
    shutil.copytree(template / "fitted", tmp_path / "fitted")
    grey = np.load(template / "scan.npy")
    with create_volume(tmp_path / "scan.tif", grey.shape, grey.dtype, spacing=(0.1,) * 3) as writer:
        writer.write(0, grey)
    return tmp_path


def test_a_scan_is_compared_with_those_of_training(run, fitted):
    weights, scan = fitted / "fitted", fitted / "scan.tif"
    code, out, _ = run("weights", "fingerprint", weights, scan)
    assert (code, out) == (0, f"{weights}: fingerprint of {scan}\n")
    assert "## Fingerprint" in run("weights", "info", weights)[1]
    code, out, _ = run("info", scan, "-w", weights)
    assert (code, out.split()[-5:]) == (0, ["compared", "like", "the", "training", "scans"])
    code, out, _ = run("info", scan, "-w", weights, "--spacing", "0.3,0.3,0.3", "--json")
    assert "3 times larger" in json.loads(out)["compared"][0]
    share = np.zeros((16, 16, 16), np.uint8)
    share[:, :4] = 1
    np.save(fitted / "mask.npy", share)
    told = run("info", scan, "-w", weights, "--json", "--mask", fitted / "mask.npy")[1]
    assert "sample" in str(json.loads(told)["compared"])
    code, out, err = run("info", scan, "-w", "typo")
    assert (code, out, "typo" in err) == (1, "", True)
    arguments = ("segment", scan, fitted / "s.tif", "-w", weights, "--spacing", "0.3,0.3,0.3")
    code, _, err = run(*arguments, "--strict")
    assert code == 1
    assert err.startswith(f"Error: {scan}: its voxels of 0.3 µm are 3 times larger than the 0.1 µm")
    assert err.count("\n") == 1
    assert not (fitted / "s.tif").exists()
    code, out, err = run(*arguments, "--to-spacing", "weights", "--json")
    assert code == 0, err
    assert json.loads(out)["resampled"]["shape"] == [48, 48, 48]
    assert open_volume(fitted / "s.tif").shape == (16, 16, 16)


def test_wrong_sizes_are_wrong_usage(run, fitted):
    arguments = ("segment", fitted / "scan.tif", fitted / "s.tif", "-w", fitted / "fitted")
    for wrong in (("--bin", "0"), ("--to-spacing", "1,2"), ("--to-spacing", "-1")):
        assert run(*arguments, *wrong)[0] == 2
    code, _, err = run(*arguments, "--bin", "2", "--to-spacing", "0.2")
    assert code == 1
    assert "not both" in err
