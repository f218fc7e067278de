import json

import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import open_volume, parse_filter

COMMAND = ("filter",)
ARRAY = np.random.default_rng(0).integers(0, 255, (5, 6, 7), dtype=np.uint8)


@pytest.fixture
def scan(tmp_path):
    np.save(tmp_path / "scan.npy", ARRAY)
    return tmp_path / "scan.npy"


def test_filters_follow_one_another(run, scan, tmp_path):
    out = tmp_path / "out.npy"
    code, text, notices = run(scan, out, "--filter", "median:3", "--filter", "median:5,yx")
    assert (code, notices) == (0, "")
    expected = parse_filter("median:5,yx")(parse_filter("median:3")(ARRAY))
    np.testing.assert_array_equal(np.load(out), expected)
    steps = "median:size=3,axes=zyx, median:size=5,axes=yx"
    assert text == f"{out}: 5 x 6 x 7 voxels, uint8; {steps}\n"


def test_json(run, scan, tmp_path):
    code, text, _ = run(scan, tmp_path / "out.npy", "--filter", "gaussian:0.5", "--json")
    assert code == 0
    assert json.loads(text)["filters"] == ["gaussian:sigma=0.5,axes=zyx"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "no filter is given; name one such as median:3"),
        (("--filter", "blur"), "filter 'blur' is not known; use one of median, gaussian"),
    ],
)
def test_mistakes_are_one_line(run, scan, tmp_path, options, message):
    code, text, error = run(scan, tmp_path / "out.npy", *options)
    assert (code, text) == (1, "")
    assert error.startswith("Error: ")
    assert message in error
    assert list(tmp_path.iterdir()) == [scan]


def test_notices_name_their_file(run, tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", ARRAY, imagej=True, resolution=(2, 2), metadata={"axes": "ZYX"}
    )
    _, _, err = run(tmp_path / "a.tif", tmp_path / "b.tif", "--filter", "median:3")
    assert err.startswith(f"{tmp_path / 'a.tif'}: its voxel size")


@pytest.mark.parametrize("name", ["b.raw", "b.npy"])
def test_a_spacing_that_is_lost_is_told(run, scan, tmp_path, name):
    out = tmp_path / name
    code, _, err = run(scan, out, "--filter", "median:3", "--spacing", "3,2,1")
    assert code == 0
    assert err == (
        f"{out}: the format cannot carry the voxel size; pass --spacing where it is read\n"
    )


def test_a_raw_volume_is_described_and_becomes_another(run, tmp_path):
    (tmp_path / "a.raw").write_bytes(ARRAY.tobytes())
    told = "--shape", "5,6,7", "--dtype", "uint8", "--spacing", "3,2,1"
    out = tmp_path / "b.nrrd"
    code, _, err = run(tmp_path / "a.raw", out, "--filter", "median:1", *told)
    assert (code, err) == (0, "")
    assert open_volume(out).spacing == (3, 2, 1)
    np.testing.assert_array_equal(open_volume(out).read(0, 5), ARRAY)
    code, _, err = run(tmp_path / "a.raw", tmp_path / "c.nrrd", "--filter", "median:1")
    assert code == 1
    assert "or describe it once in an NRRD header (.nhdr), which every command reads" in err
    code, _, err = run(tmp_path / "a.raw", tmp_path / "a.raw", "--filter", "median:1", *told)
    assert (code, "named twice" in err) == (1, True)
