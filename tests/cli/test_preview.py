import json

import numpy as np
import pytest
import tifffile

COMMAND = ("preview",)


@pytest.fixture
def files(tmp_path):
    truth = np.zeros((6, 12, 14), np.uint8)
    truth[4, 3:6, 3:6] = 255
    np.save(tmp_path / "truth.npy", truth)
    np.save(tmp_path / "scan.npy", np.random.default_rng(0).random(truth.shape) - truth / 99)
    np.save(tmp_path / "short.npy", truth[1:])
    return tmp_path


def test_figure_is_drawn_and_the_classes_listed(run, files):
    figure = files / "preview.png"
    words = files / "scan.npy", files / "truth.npy", figure, "--names", "matrix,pore"
    code, out, err = run(*words)
    assert code == 0
    assert figure.read_bytes()[:4] == b"\x89PNG"
    assert "slices 4 along z" in out
    assert "pore" in out
    assert "read as a mask" in err
    code, _, err = run(*words)
    assert code == 1
    assert "already exists" in err


def test_slices_and_axis_as_json(run, files):
    figure = files / "preview.png"
    words = "--axis", "y", "--slices", "2,4:6", "--json", "--spacing", "2,1,1"
    code, out, _ = run(files / "scan.npy", files / "truth.npy", figure, *words)
    summary = json.loads(out)
    assert code == 0
    assert (summary["axis"], summary["slices"]) == ("y", [2, 4, 5])
    assert [entry["voxels"] for entry in summary["classes"]] == [6 * 12 * 14 - 9, 9]


@pytest.mark.parametrize(
    ("truth", "figure", "message"),
    [
        ("short.npy", "a.png", "give each volume its own truth"),
        ("truth.npy", "a.bmp", "no figure format has the suffix"),
        ("truth.npy", "none/a.png", "does not exist"),
        ("scan.npy", "a.png", "look like grey levels"),
    ],
)
def test_errors_are_one_line(run, files, truth, figure, message):
    code, out, err = run(files / "scan.npy", files / truth, files / figure)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert message in err
    assert not (files / "a.png").exists()


def test_notices_of_the_scan_are_told(run, files):
    scan = np.random.default_rng(0).integers(0, 99, (6, 12, 14)).astype(np.uint8)
    tifffile.imwrite(
        files / "scan.tif", scan, imagej=True, resolution=(2, 2), metadata={"axes": "ZYX"}
    )
    _, _, err = run(files / "scan.tif", files / "truth.npy", files / "a.png")
    assert f"{files / 'scan.tif'}: its voxel size" in err
    assert f"{files / 'truth.npy'}: its values are 0 and 255" in err


def test_a_raw_volume_and_a_truth_with_ignored_voxels(run, files):
    (files / "scan.raw").write_bytes(bytes(6 * 12 * 14))
    told = "--shape", "6,12,14", "--dtype", "uint8", "--palette", "classes"
    code, out, _ = run(files / "scan.raw", files / "truth.npy", files / "a.png", *told)
    assert code == 0
    assert out.splitlines()[-1].split() == ["255", "ignored", "9"]  # no share of the labelled
