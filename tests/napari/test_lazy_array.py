"""A lazy array gives what NumPy would, and reads no more."""

import numpy as np
import pytest

from tomoseg_tf.napari import lazy_array
from tomoseg_tf.napari.lazy_array import LazyArray
from tomoseg_tf.volume import ArrayVolume

ARRAY = np.arange(4 * 5 * 6, dtype=np.uint16).reshape(4, 5, 6)
KEYS = [
    3,
    -1,
    np.int64(2),
    slice(1, 3),
    (slice(None), 2),
    (slice(None), slice(None), 5),
    (1, 2, 3),
    (Ellipsis, 4),
    (2, Ellipsis),
    Ellipsis,
    (slice(None, None, 2), slice(3, 0, -2), slice(-2, None)),
    (slice(2, 2), 0),
    (slice(-100, 100), slice(9, 20)),
]


class Watched(ArrayVolume):
    """Counts the voxels that are read."""

    count = 0

    def _read_box(self, box):
        block = super()._read_box(box)
        self.count += block.size
        return block


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_slices_are_those_of_numpy(key):
    found = LazyArray(ArrayVolume(ARRAY))[key]
    np.testing.assert_array_equal(found, ARRAY[key], strict=True)


def test_only_what_is_looked_at_is_read():
    volume = Watched(ARRAY)
    lazy = LazyArray(volume)
    assert (lazy.shape, lazy.ndim, lazy.size, lazy.dtype) == ((4, 5, 6), 3, 120, np.uint16)
    assert volume.count == 0
    lazy[:, 2]
    assert volume.count == 4 * 6
    np.testing.assert_array_equal(np.asarray(lazy), ARRAY)


def test_what_numpy_refuses_is_refused():
    lazy = LazyArray(ArrayVolume(ARRAY))
    with pytest.raises(IndexError, match="index 4 is outside of 4 voxels"):
        lazy[4]
    with pytest.raises(IndexError, match="4 indices for the axes"):
        lazy[0, 0, 0, 0]
    with pytest.raises(IndexError, match="only whole numbers and slices"):
        lazy[np.array([1, 2])]


def test_too_much_at_once_and_drawing_are_errors_that_say_what_to_do(monkeypatch):
    monkeypatch.setattr(lazy_array, "LARGEST", 239)
    lazy = LazyArray(ArrayVolume(ARRAY))
    assert lazy[:3].shape == (3, 5, 6)
    with pytest.raises(ValueError, match="write a pyramid"):
        lazy[:]
    with pytest.raises(ValueError, match="cannot be drawn on"):
        lazy[0] = 1
