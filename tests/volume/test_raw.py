import os

import numpy as np
import pytest

from tomoseg_tf.volume import create_volume, open_volume
from tomoseg_tf.volume.raw import parse_dtype

ARRAY = np.random.default_rng(0).integers(0, 250, (5, 4, 3))


def write(path, array=ARRAY, before=b""):
    path.write_bytes(before + array.tobytes())
    return path


@pytest.mark.parametrize("dtype", ["uint8", "int16", "<u2", ">u2", ">f4", "float32", "f8", "f2"])
@pytest.mark.parametrize("name", ["a.raw", "a.vol", "a.RAW"])
def test_reads_what_numpy_wrote(tmp_path, name, dtype):
    array = ARRAY.astype(dtype)
    path = write(tmp_path / name, array)
    volume = open_volume(path, shape=(5, 4, 3), dtype=dtype, spacing=(1, 2, 3))
    assert (volume.format, volume.spacing) == ("RAW", (1.0, 2.0, 3.0))
    assert volume.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(volume.read(0, 5), array)
    np.testing.assert_array_equal(volume.read_box(((1, 3), (1, 4), (0, 2))), array[1:3, 1:4, :2])


@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "i4", "f4", "f8"])
def test_numpy_reads_what_is_written_in_any_order(tmp_path, dtype):
    array = ARRAY.astype(dtype)
    with create_volume(tmp_path / "a.raw", array.shape, array.dtype) as writer:
        writer.write(3, array[3:])
        writer.write(0, array[:3])
    stored = np.fromfile(tmp_path / "a.raw", array.dtype.newbyteorder("<"))
    np.testing.assert_array_equal(stored.reshape(array.shape), array)


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((5, 4, 6), "u1", r"has 60 bytes, but shape \(5, 4, 6\) of uint8 needs 120"),
        ((9, 4, 3), "u1", "it would be 5,4,3 of uint8: state what it is"),
        ((5, 2, 3), "u1", "it would be 10,2,3 of uint8, or the same shape of uint16 or int16"),
        ((3, 4, 3), "u1", "it would be 5,4,3 of uint8"),
        ((7, 7, 1), "u1", "11 bytes are over, perhaps a header or another shape"),
        ((9, 9, 9), "u1", "669 bytes are missing"),
        ((5, 4, 3), "u1,u2", "type 'u1,u2': voxels of type"),
        ((5, 4, 3), "complex64", "voxels of type complex64 are not supported"),
        ((5, 4, 3), "O", "voxels of type object are not supported"),
        ((5, 4, 3), "sixteen", "type 'sixteen' is not known; use one such as uint8"),
        ((5, 4), "u1", r"shape \(5, 4\) is not that of a volume"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path, shape, dtype, message):
    path = write(tmp_path / "a.raw", ARRAY.astype("u1"))
    with pytest.raises(ValueError, match=message):
        open_volume(path, shape=shape, dtype=dtype)


def test_a_header_describes_it_once(tmp_path):
    path = write(tmp_path / "a.raw", ARRAY.astype("u1"), before=b"123")
    with pytest.raises(ValueError, match=r"describe it once in an NRRD header \(\.nhdr\)"):
        open_volume(path, shape=(5, 4, 3), dtype="u1")
    header = "NRRD0005\ntype: uint8\ndimension: 3\nsizes: 3 4 5\nencoding: raw\nbyte skip: 3\n"
    (tmp_path / "a.nhdr").write_text(header + "data file: a.raw\n")
    np.testing.assert_array_equal(open_volume(tmp_path / "a.nhdr").read(0, 5), ARRAY)


def test_little_endian_is_assumed():
    assert parse_dtype("uint16") == np.dtype("<u2")
    assert parse_dtype(np.dtype(">f4")) == np.dtype(">f4")


def test_giant_shapes_take_nothing(tmp_path):
    path = write(tmp_path / "a.raw", ARRAY.astype("u1"))
    assert os.path.getsize(path) == 60
    with pytest.raises(ValueError, match="bytes are missing"):
        open_volume(path, shape=(10**6, 10**6, 10**6), dtype="u1")
