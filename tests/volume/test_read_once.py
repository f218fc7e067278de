import h5py
import numpy as np
import pytest
import zarr

from tomoseg_tf.volume import ArrayVolume, open_volume, through_filters
from tomoseg_tf.volume.read_once import ReadOnce

ARRAY = np.random.default_rng(0).integers(0, 255, (40, 6, 5), dtype=np.uint8)
PLANE = 30  # bytes


class Counted(ArrayVolume):
    """An array that says which slices were read, stored in chunks of 8 slices."""

    chunks = (8, 3, 5)

    def __init__(self):
        super().__init__(ARRAY)
        self.slabs_read = []

    def _read(self, start, stop):
        self.slabs_read.append((start, stop))
        return super()._read(start, stop)


def read_all(volume, depth, overlap):
    for start in range(0, 40, depth):
        low, high = max(0, start - overlap), min(40, start + depth + overlap)
        np.testing.assert_array_equal(volume.read(low, high), ARRAY[low:high])


@pytest.mark.parametrize(("depth", "overlap"), [(10, 3), (8, 0), (4, 4), (40, 0), (3, 1)])
def test_each_chunk_is_decoded_once(depth, overlap):
    source = Counted()
    volume = ReadOnce(source)
    read_all(volume, depth, overlap)
    assert volume.amplification == 1.0
    assert volume.notice() is None
    starts, stops = zip(*source.slabs_read, strict=True)
    assert starts == (0, *stops[:-1])


def test_without_memory_chunks_are_decoded_for_every_slab_that_touches_them():
    volume = ReadOnce(Counted(), 0)
    read_all(volume, 10, 3)
    # 0:13, 7:23, 17:33 and 27:40 touch 2, 3, 3 and 2 chunks of 8 slices
    assert volume.amplification == 80 / 40
    read_all(volume, 10, 3)
    assert "read as was needed, because its chunks run through 8 slices" in volume.notice()


def test_what_fits_is_kept():
    volume = ReadOnce(Counted(), 6 * PLANE)
    read_all(volume, 10, 3)
    assert volume._kept.nbytes <= 6 * PLANE
    assert 1 < volume.amplification < 2


def test_boxes_count_the_chunks_that_they_touch():
    volume = ReadOnce(Counted())
    box = ((7, 9), (0, 2), (1, 4))
    np.testing.assert_array_equal(volume.read_box(box), ARRAY[7:9, 0:2, 1:4])
    assert volume.amplification == (16 * 3 * 5) / (2 * 2 * 3)


def test_chunks_of_files_are_known(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=ARRAY[None], chunks=(1, 8, 6, 5))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=ARRAY, chunks=(10, 3, 5))
    assert open_volume(tmp_path / "a.zarr").chunks == (8, 6, 5)
    assert open_volume(tmp_path / "a.h5").chunks == (10, 3, 5)
    filtered = through_filters(open_volume(tmp_path / "a.h5"), ("median:3",))
    volume = ReadOnce(filtered, 0)
    np.testing.assert_array_equal(volume.read(3, 5), filtered.read(3, 5))
    assert volume.amplification == 5
