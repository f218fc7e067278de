import os

import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import ArrayVolume, open_volume, spooled, through_filters
from tomoseg_tf.volume.spooled import SpooledVolume, takes_time

ARRAY = np.random.default_rng(0).integers(-900, 900, (40, 6, 5), dtype=np.int16)


class Counted(ArrayVolume):
    """An array that says which slices were read."""

    def __init__(self):
        super().__init__(ARRAY, spacing=(0.1, 0.2, 0.2))
        self.slices_read = []

    def _read(self, start, stop):
        self.slices_read += range(start, stop)
        return super()._read(start, stop)


@pytest.fixture
def source(monkeypatch):
    monkeypatch.setattr(spooled, "PIECE_BYTES", 4 * ARRAY[0].nbytes)
    return Counted()


def test_each_slice_is_made_once_whatever_is_read(source, tmp_path):
    volume = SpooledVolume(source, tmp_path)
    for y in range(0, 6, 2):
        box = ((3, 37), (y, y + 2), (1, 5))
        np.testing.assert_array_equal(volume.read_box(box), ARRAY[3:37, y : y + 2, 1:5])
    assert sorted(source.slices_read) == list(range(40))
    np.testing.assert_array_equal(volume.read(0, 40), ARRAY)
    assert len(source.slices_read) == 40


def test_only_what_is_needed_is_made(source, tmp_path):
    volume = SpooledVolume(source, tmp_path)
    np.testing.assert_array_equal(volume.read(9, 11), ARRAY[9:11])
    assert source.slices_read == [8, 9, 10, 11]


def test_nothing_is_left_in_the_folder_and_the_rest_is_as_it_was(source, tmp_path):
    volume = SpooledVolume(source, tmp_path)
    volume.read(0, 40)
    assert os.listdir(tmp_path) == []
    assert (volume.spacing, volume.dtype, volume.name) == (source.spacing, ARRAY.dtype, "array")
    assert volume.outside is None


def test_filtered_and_packed_slices_take_time(tmp_path):
    plain, packed = tmp_path / "plain.tif", tmp_path / "packed.tif"
    tifffile.imwrite(plain, ARRAY)
    tifffile.imwrite(packed, ARRAY, compression="zlib")
    assert not takes_time(open_volume(plain))
    assert takes_time(open_volume(packed))
    assert takes_time(through_filters(open_volume(plain), ["median:3"]))


@pytest.mark.parametrize(("chunks", "expected"), [((1, 6, 5), True), ((4, 3, 2), False)])
def test_chunks_of_parts_of_slices_do_not(tmp_path, chunks, expected):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file.create_dataset("scan", data=ARRAY, chunks=chunks, compression="gzip")
    assert takes_time(open_volume(tmp_path / "scan.h5")) == expected
