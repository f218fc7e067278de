import numpy as np
import pytest

from tomoseg_tf.volume import ArrayVolume, as_volume

ARRAY = np.arange(4 * 3 * 5, dtype=np.uint16).reshape(4, 3, 5)


def test_slab_is_a_copy_of_the_slices():
    slab = ArrayVolume(ARRAY).read(1, 3)
    np.testing.assert_array_equal(slab, ARRAY[1:3])
    slab[:] = 0
    assert ARRAY[1, 0, 0] == 15


def test_empty_slab_has_the_shape_of_no_slices():
    assert ArrayVolume(ARRAY).read(2, 2).shape == (0, 3, 5)


def test_box_is_the_part_of_the_array():
    box = ArrayVolume(ARRAY).read_box(((1, 4), (0, 2), (2, 5)))
    np.testing.assert_array_equal(box, ARRAY[1:4, 0:2, 2:5])


@pytest.mark.parametrize("depth", [None, 1, 3, 4, 9])
def test_slabs_put_together_are_the_volume(depth):
    parts = list(ArrayVolume(ARRAY).slabs(depth))
    assert [start for start, _ in parts] == list(range(0, 4, depth or 4))
    np.testing.assert_array_equal(np.concatenate([slab for _, slab in parts]), ARRAY)


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (3, 2), (0, 5)])
def test_slices_outside_are_refused(start, stop):
    with pytest.raises(ValueError, match=f"array: {start}:{stop} is outside its 4 voxels along z"):
        ArrayVolume(ARRAY).read(start, stop)


def test_box_outside_names_the_axis():
    with pytest.raises(ValueError, match="0:4 is outside its 3 voxels along y"):
        ArrayVolume(ARRAY).read_box(((0, 1), (0, 4), (0, 1)))


@pytest.mark.parametrize("shape", [(3, 4), (0, 3, 4), (1, 2, 3, 4)])
def test_shape_of_no_volume_is_refused(shape):
    with pytest.raises(ValueError, match="three sides"):
        ArrayVolume(np.zeros(shape))


@pytest.mark.parametrize("dtype", ["complex64", "S3", "M8[s]", "O"])
def test_type_of_no_grey_value_is_refused(dtype):
    with pytest.raises(ValueError, match="convert them to integers or floats"):
        ArrayVolume(np.zeros((2, 2, 2), dtype))


def test_bool_is_read_as_uint8():
    volume = ArrayVolume(ARRAY > 30)
    assert volume.dtype == np.uint8
    assert volume.read(0, 4).dtype == np.uint8
    assert volume.read(0, 4).sum() == 29


def test_other_byte_order_is_read_as_that_of_the_machine():
    volume = ArrayVolume(ARRAY.astype(">u2"))
    assert volume.dtype.isnative
    assert volume.read(0, 4).dtype.isnative
    np.testing.assert_array_equal(volume.read(0, 4), ARRAY)


def test_size_in_memory():
    volume = ArrayVolume(ARRAY)
    assert (volume.voxels, volume.nbytes) == (60, 120)


@pytest.mark.parametrize("spacing", [(1, 1), (1, 0, 1), (1, -1, 1), (1, float("nan"), 1)])
def test_impossible_spacing_is_refused(spacing):
    with pytest.raises(ValueError, match="three positive numbers"):
        ArrayVolume(ARRAY, spacing=spacing)


def test_as_volume_takes_arrays_and_volumes_as_they_are():
    volume = ArrayVolume(ARRAY, spacing=(1, 2, 3))
    assert as_volume(volume) is volume
    assert as_volume(ARRAY.tolist()).shape == (4, 3, 5)
    assert volume.spacing == (1.0, 2.0, 3.0)
