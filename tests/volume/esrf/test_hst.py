"""PyHST volumes: the info file beside the RAW file tells what it is."""

import numpy as np
import pytest

from tomoseg_tf.volume import check_output, create_volume, open_volume

ARRAY = np.random.default_rng(0).integers(0, 250, (3, 4, 5))
INFO = """! PyHST_SLAVE VOLUME INFO FILE
NUM_X =  5
NUM_Y =  4
NUM_Z =  3
voxelSize =  0.65
BYTEORDER = LOWBYTEFIRST
ValMin =  0
ValMax =  249
s1 =  0
"""


def write(folder, dtype="<f4", info=INFO, name="scan.vol.info"):
    ARRAY.astype(dtype).tofile(folder / "scan.vol")
    (folder / name).write_text(info)
    return folder / "scan.vol"


@pytest.mark.parametrize("dtype", ["<f4", "|u1", "<u2", "<f8"])
def test_the_size_of_the_file_tells_the_type(tmp_path, dtype):
    volume = open_volume(write(tmp_path, dtype))
    assert (volume.format, volume.shape, volume.dtype) == ("PyHST", (3, 4, 5), np.dtype(dtype))
    assert volume.spacing == (0.65, 0.65, 0.65)
    np.testing.assert_array_equal(volume.read(0, 3), ARRAY)
    np.testing.assert_array_equal(volume.read_box(((1, 2), (0, 3), (2, 5))), ARRAY[1:2, :3, 2:])


def test_big_endian_with_a_stated_type_beside_a_short_name(tmp_path):
    info = INFO.replace("LOWBYTE", "HIGHBYTE") + "DATA_TYPE = int16\n"
    volume = open_volume(write(tmp_path, ">i2", info, "scan.info"))
    assert volume.dtype == np.int16
    np.testing.assert_array_equal(volume.read(0, 3), ARRAY)


def test_spacing_that_is_given_counts(tmp_path):
    assert open_volume(write(tmp_path), spacing=(3, 2, 1)).spacing == (3.0, 2.0, 1.0)
    volume = open_volume(write(tmp_path, info=INFO.replace("0.65", "nan")))
    assert volume.spacing is None
    assert "voxelSize nan is no length" in volume.notices[0]


def test_without_an_info_file_of_a_volume_it_is_raw(tmp_path):
    path = write(tmp_path, "<f4", "Prefix= scan_\nDim_1= 2048\n", "scan.info")
    with pytest.raises(ValueError, match="format RAW states neither shape nor type"):
        open_volume(path)
    assert open_volume(path, shape=(3, 4, 5), dtype="float32").format == "RAW"
    (tmp_path / "scan.vol.info").write_text(INFO.replace("NUM_Z =  3", "NUM_Z = 9"))
    assert open_volume(path, shape=(3, 4, 5), dtype="float32").format == "RAW"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("NUM_Z =  3", "NUM_Z =  4", "has 240 bytes, but scan.vol.info tells 4 × 4 × 5 = 80 vox"),
        ("NUM_Z =  3", "", "NUM_Z is 'missing', which is no number of voxels; mend it"),
        ("NUM_Z =  3", "NUM_Z = -3", "NUM_Z is '-3'"),
        ("NUM_Y =  4", "NUM_Y = 4" + 300 * "0", "it is cut short or the info file is another's"),
        ("LOWBYTEFIRST", "MIDDLE", "BYTEORDER MIDDLE is not known"),
        ("s1 =", "DATA_TYPE = uint8\ns1 =", "60 voxels of uint8"),
        ("s1 =", "DATA_TYPE = PACKED_BINARY\ns1 =", "DATA_TYPE packed_binary is not read"),
    ],
)
def test_what_contradicts_itself_is_one_line(tmp_path, old, new, message):
    with pytest.raises(ValueError, match=message) as error:
        open_volume(write(tmp_path, info=INFO.replace(old, new)))
    assert "\n" not in str(error.value)


def test_it_is_written_as_raw(tmp_path):
    assert check_output(tmp_path / "new.vol").name == "RAW"
    with create_volume(tmp_path / "new.vol", (3, 4, 5), "uint8") as writer:
        writer.write(0, ARRAY.astype(np.uint8))
    (tmp_path / "new.vol.info").write_text(INFO)
    np.testing.assert_array_equal(open_volume(tmp_path / "new.vol").read(0, 3), ARRAY)
