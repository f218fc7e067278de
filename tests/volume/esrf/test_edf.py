"""EDF, written by fabio: frames of a file, slices of a folder, a whole volume in one frame."""

import numpy as np
import pytest
from fabio.edfimage import EdfImage

from tomoseg_tf.volume import open_volume

GREY = np.random.default_rng(0).integers(0, 250, (3, 5, 6))
NOTICE = "EDF states no voxel size that all programs mean alike: give --spacing"


def save(path, *images):
    image = EdfImage(data=images[0])
    for other in images[1:]:
        image.append_frame(data=other)
    image.write(f"{path}")
    return path


@pytest.mark.parametrize("dtype", ["float32", "uint16", "uint8", "int32"])
def test_the_frames_of_a_file_are_slices(tmp_path, dtype):
    volume = open_volume(save(tmp_path / "a.edf", *GREY.astype(dtype)))
    assert (volume.format, volume.shape, volume.dtype) == ("EDF", (3, 5, 6), np.dtype(dtype))
    assert (volume.spacing, volume.notices) == (None, (NOTICE,))
    np.testing.assert_array_equal(volume.read(0, 3), GREY)
    np.testing.assert_array_equal(volume.read_box(((1, 3), (1, 4), (2, 5))), GREY[1:3, 1:4, 2:5])


def test_a_folder_of_files_is_read_in_natural_order(tmp_path):
    for number, image in zip((2, 9, 10), GREY.astype("float32"), strict=True):
        save(tmp_path / f"slice_{number}.edf", image)
    (tmp_path / "scan.info").write_text("")
    volume = open_volume(tmp_path, spacing=(3, 2, 1))
    assert (volume.format, volume.spacing) == ("folder of EDF slices", (3.0, 2.0, 1.0))
    assert volume.notices == ()
    np.testing.assert_array_equal(volume.read(0, 3), GREY)
    save(tmp_path / "slice_11.edf", GREY[0, 1:].astype("float32"))
    with pytest.raises(ValueError, match=r"slice_11\.edf: \(4, 6\) of float32 differs from \(5, 6"):
        open_volume(tmp_path)


def header(**changes):
    keys = {
        "HeaderID": "EH:000001:000000:000000",
        "ByteOrder": "HighByteFirst",
        "DataType": "UnsignedShort",
        "Dim_1": 6,
        "Dim_2": 5,
        "Dim_3": 3,
        "Size": 180,
    } | changes
    text = "{\n" + "".join(f"{key} = {value} ;\n" for key, value in keys.items() if value)
    return f"{text:<1022}}}\n".encode()


def test_a_frame_of_three_axes_is_a_volume(tmp_path):
    (tmp_path / "a.edf").write_bytes(header() + GREY.astype(">u2").tobytes())
    volume = open_volume(tmp_path / "a.edf")
    assert (volume.shape, volume.storage["byte_order"]) == ((3, 5, 6), "big")
    np.testing.assert_array_equal(volume.read(1, 3), GREY[1:])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read as EDF|holds no frame"),
        (b"hello" * 300, "cannot be read as EDF|holds no frame"),
        (header() + bytes(100), "its header tells of 1204; it is cut short"),
        (header(Dim_3=4, Size=180) + bytes(180), "its header tells of 1264; it is cut short"),
        (header(DataType="Riddle") + bytes(180), r"a\.edf: "),
        (
            header(EDF_BinaryFileName="/etc/passwd") + bytes(180),
            r"its voxels are in another file, which is not read: passwd\)",
        ),
    ],
)
def test_damaged_files_are_one_line(tmp_path, data, message):
    (tmp_path / "a.edf").write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        open_volume(tmp_path / "a.edf")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["._x.edf", "x.edf/y.txt"])
def test_a_folder_without_slices_is_one_line(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    with pytest.raises(ValueError, match="holds no TIFF slices"):
        open_volume(tmp_path)


def test_a_link_to_nothing_is_no_missing_slice(tmp_path):
    save(tmp_path / "slice_1.edf", GREY[0].astype("float32"))
    (tmp_path / "slice_2.edf").symlink_to("gone.edf")
    with pytest.raises(ValueError, match=r"slice_2\.edf: is a link to nothing"):
        open_volume(tmp_path)
