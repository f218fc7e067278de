import numpy as np
import pytest

from tomoseg_tf.volume import create_volume, open_volume

ARRAY = np.random.default_rng(0).integers(0, 250, (5, 4, 3))


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<f4", ">f8", "i8", "bool", "f2"])
def test_reads_what_numpy_wrote(tmp_path, dtype):
    array = ARRAY.astype(dtype)
    np.save(tmp_path / "a.npy", array)
    volume = open_volume(tmp_path / "a.npy", spacing=(1, 2, 3))
    assert (volume.format, volume.spacing) == ("NPY", (1.0, 2.0, 3.0))
    np.testing.assert_array_equal(volume.read(0, 5), array)
    np.testing.assert_array_equal(volume.read_box(((1, 3), (1, 4), (0, 2))), array[1:3, 1:4, :2])


@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "i4", "f4", "f8", "u8"])
def test_numpy_reads_what_is_written_in_any_order(tmp_path, dtype):
    array = ARRAY.astype(dtype)
    with create_volume(tmp_path / "a.npy", array.shape, array.dtype) as writer:
        writer.write(3, array[3:])
        writer.write(0, array[:3])
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)


def test_format_version_2_is_read(tmp_path):
    with open(tmp_path / "a.npy", "wb") as file:
        np.lib.format.write_array(file, ARRAY, version=(2, 0))
    np.testing.assert_array_equal(open_volume(tmp_path / "a.npy").read(0, 5), ARRAY)


def test_fortran_order_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(ARRAY))
    with pytest.raises(ValueError, match="Fortran order"):
        open_volume(tmp_path / "a.npy")


@pytest.mark.parametrize("array", [np.array([[["a", None]]], object), np.zeros((1, 1, 1), "u1,u2")])
def test_what_is_no_number_is_refused_and_not_unpickled(tmp_path, array):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(ValueError, match="not plain numbers"):
        open_volume(tmp_path / "a.npy")


def test_two_dimensions_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"a\.npy: shape \(3, 3\) is not that of a volume"):
        open_volume(tmp_path / "a.npy")


@pytest.mark.parametrize("change", [-1, 1])
def test_size_that_differs_from_the_declared_one_is_refused(tmp_path, change):
    np.save(tmp_path / "a.npy", ARRAY)
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(data[:-1] if change < 0 else data + b"x")
    with pytest.raises(ValueError, match="the file is damaged"):
        open_volume(tmp_path / "a.npy")


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"no array at all", b"\x93NUMPY\x09\x00ab"])
def test_other_files_are_refused(tmp_path, data):
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.npy: is not an NPY file"):
        open_volume(tmp_path / "a.npy")
