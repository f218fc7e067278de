import json

import h5py
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from tomoseg_tf.cli.info import info
from tomoseg_tf.volume import create_volume, measure, open_truth, write_truth

ARRAY = np.random.default_rng(0).integers(0, 250, (6, 5, 4)).astype(np.uint16)


@pytest.fixture
def volume(tmp_path):
    with create_volume(tmp_path / "a.tif", ARRAY.shape, "u2", spacing=(2, 1, 0.5)) as writer:
        writer.write(0, ARRAY)
    return tmp_path / "a.tif"


def run(*arguments):
    return CliRunner().invoke(info, [str(argument) for argument in arguments])


def test_text_tells_shape_type_spacing_and_greys(volume):
    text = run(volume).stdout
    assert text.splitlines()[0] == str(volume)
    for part in ("6 × 5 × 4", "uint16", "2 × 1 × 0.5 µm", "120", f"{ARRAY.mean():.7g}", "(99 %)"):
        assert part in text


def test_json_holds_all(volume):
    values = json.loads(run(volume, "--json").stdout)
    assert values["statistics"] == measure(ARRAY).to_dict()
    del values["statistics"]
    assert values == {
        "path": str(volume),
        "format": "TIFF (ImageJ)",
        "shape": [6, 5, 4],
        "dtype": "uint16",
        "spacing": [2.0, 1.0, 0.5],
        "voxels": 120,
        "bytes": 240,
        "holds_classes": False,
        "byte_order": "big",
        "compression": "none",
        "reading": "slices at their offsets in the file",
        "volumes": [],
        "notices": [],
    }


def test_statistics_can_be_left_out(volume):
    assert json.loads(run(volume, "--json", "--no-statistics").stdout)["statistics"] is None
    assert "minimum" not in run(volume, "--no-statistics").stdout


def test_unknown_spacing_is_explained_and_can_be_stated(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, ARRAY, imagej=True, resolution=(2, 2), metadata={"axes": "ZYX"})
    values = json.loads(run(path, "--json").stdout)
    assert values["spacing"] is None
    assert "has no unit; state it with --spacing" in values["notices"][0]
    assert "unknown, see the notice" in run(path).stdout
    assert json.loads(run(path, "--json", "--spacing", "3,2,1").stdout)["spacing"] == [3, 2, 1]


def test_folder_and_npy(tmp_path):
    np.save(tmp_path / "a.npy", ARRAY)
    assert json.loads(run(tmp_path / "a.npy", "--json").stdout)["format"] == "NPY"
    with create_volume(tmp_path / "slices", ARRAY.shape, "u2") as writer:
        writer.write(0, ARRAY)
    text = run(tmp_path / "slices").stdout
    assert "folder of TIFF slices" in text
    assert "unknown, the file states none" in text


def test_missing_volume_is_an_error(tmp_path):
    result = run(tmp_path / "a.tif")
    assert isinstance(result.exception, ValueError)
    assert "does not exist" in str(result.exception)


def test_hdf5_lists_its_volumes_and_how_one_is_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["exchange/data"], file["exchange/dark"] = ARRAY, ARRAY[:1]
    text = run(f"{tmp_path}/a.h5::/exchange/data", "--no-statistics").stdout
    for part in (
        "a.h5::/exchange/data\n",
        "dataset      /exchange/data, as named",
        "in the file  /exchange/dark (1 × 5 × 4 uint16)",
        "in the file  /exchange/data (6 × 5 × 4 uint16)",
        "at its offset in the file",
    ):
        assert part in text
    values = json.loads(run(f"{tmp_path}/a.h5::/exchange/dark", "--json").stdout)
    assert (values["shape"], len(values["volumes"])) == ([1, 5, 4], 2)
    assert "name a volume as in" in str(run(tmp_path / "a.h5").exception)


def test_notice_about_other_things_does_not_explain_the_spacing(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = ARRAY[None]
    text = run(tmp_path / "a.h5").stdout
    assert "notice       it is (6, 5, 4) of a dataset of shape (1, 6, 5, 4)" in text
    assert "unknown, the file states none" in text


def test_shape_is_refused_where_the_file_states_it(volume):
    result = run(volume, "--shape", "6,5,4", "--dtype", "uint16")
    assert "states its shape and type itself" in str(result.exception)
    assert run(volume, "--shape", "6,0,4").exit_code == 2


def test_colours_are_described_with_a_palette(tmp_path):
    colours = np.array([[80, 80, 80], [255, 0, 0], [0, 0, 255]], np.uint8)[ARRAY % 3]
    tifffile.imwrite(tmp_path / "overlay.tif", colours, photometric="rgb")
    text = run(tmp_path / "overlay.tif").stdout
    for part in ("6 × 5 × 4", "#ff0000: ", "'#808080:0,", "as truth, with a palette such as"):
        assert part.replace("#808080", "#505050") in text
    values = json.loads(run(tmp_path / "overlay.tif", "--json").stdout)
    assert values["colours"]["#0000ff"] == int((ARRAY % 3 == 2).sum())
    assert values["spacing"] is None
    options = "--spacing", "3,2,1", "--mask", "none", "-w", "unet_3d_micropillar"
    told = run(tmp_path / "overlay.tif", "--json", *options)
    assert json.loads(told.stdout)["spacing"] == [3, 2, 1]
    assert "--mask and --weights: not used, as" in told.stderr
    palette = values["palette"]
    np.testing.assert_array_equal(
        open_truth(tmp_path / "overlay.tif", palette).read(0, 6) == 0, ARRAY % 3 == 0
    )


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_grey_in_colours_is_described_as_a_scan(tmp_path, dtype):
    grey = ARRAY.astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", np.stack([grey] * 3, axis=-1), photometric="rgb")
    values = json.loads(run(tmp_path / "a.tif", "--json").stdout)
    assert (values["shape"], values["dtype"]) == ([6, 5, 4], str(grey.dtype))
    assert values["statistics"] == measure(grey).to_dict()
    assert "stored as colours: read as grey" in values["notices"][0]


def test_a_link_that_is_left_out_is_told_once(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"], file["link"] = ARRAY, h5py.ExternalLink("gone.h5", "/data")
    text = run(tmp_path / "a.h5").stdout
    assert text.count("left out: ") == 1
    assert "gone.h5, which is not there" in text


def test_classes_are_said_to_be_classes(tmp_path):
    write_truth(tmp_path / "t.nrrd", ARRAY % 3)
    assert "classes, of which 255 is ignored" in run(tmp_path / "t.nrrd").stdout
    assert json.loads(run(tmp_path / "t.nrrd", "--json").stdout)["holds_classes"] is True
