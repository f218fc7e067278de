"""What is read, and how often; and files that change while they are read."""

import numpy as np
import pytest
import zarr

from tomoseg_tf.prediction.reading import TileReader
from tomoseg_tf.volume import (
    ArrayVolume,
    Normalisation,
    NotFiniteError,
    create_volume,
    open_sample,
    open_volume,
)


class Watched(ArrayVolume):
    """An array that notes the boxes that are read."""

    def __init__(self, array):
        super().__init__(array)
        self.boxes = []

    def _read_box(self, box):
        self.boxes.append(box)
        return super()._read_box(box)


def test_a_stream_reads_its_part_of_the_planes_and_nothing_twice(monkeypatch):
    monkeypatch.setattr("tomoseg_tf.prediction.reading.BLOCK_BYTES", 5 * 6 * 4)
    array = np.random.default_rng(0).integers(0, 99, (17, 20, 8), dtype=np.uint8)
    volume = Watched(array)
    reader = TileReader(volume, Normalisation("none").intensity(None))
    parts = [((z, z + 2), (4, 10), (0, 5)) for z in range(0, 18, 2)]  # one slice beyond the end
    tiles = list(reader.stream(parts))
    expected = np.pad(array[:, 4:10, :5], [(0, 1), (0, 0), (0, 0)])
    np.testing.assert_array_equal(np.concatenate(tiles), expected)
    assert [box[0] for box in volume.boxes] == [(0, 4), (4, 8), (8, 12), (12, 16), (16, 17)]
    assert {box[1:] for box in volume.boxes} == {((4, 10), (0, 5))}


def test_tiles_over_the_same_slices_read_them_once():
    array = np.random.default_rng(0).integers(0, 99, (6, 10, 8), dtype=np.uint8)
    volume = Watched(array)
    reader = TileReader(volume, Normalisation("none").intensity(None))
    parts = [((1, 5), (y, y + 6), (2, 10)) for y in (0, 6)]  # beyond both sides
    first, second = reader.tiles(parts)
    np.testing.assert_array_equal(first[..., :6], array[1:5, :6, 2:])
    np.testing.assert_array_equal(second[:, :4, :6], array[1:5, 6:, 2:])
    assert not second[:, 4:].any()
    assert [box[0] for box in volume.boxes] == [(1, 5)]


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_voxel_of_the_sample_that_is_no_number_is_an_error(wrong):
    array = np.ones((4, 6, 5), np.float32)
    array[2, 3, 1] = wrong
    inside = np.isfinite(array)
    intensity, part = Normalisation("none").intensity(None), ((1, 4), (2, 6), (0, 5))
    volume = ArrayVolume(array)
    tile = next(TileReader(volume, intensity, open_sample(volume, inside)).tiles([part]))
    np.testing.assert_array_equal(tile, inside[1:, 2:])
    for sample, told in ((None, "infinite;"), (np.ones_like(array), "infinite inside the sample;")):
        reader = TileReader(volume, intensity, open_sample(volume, sample))
        with pytest.raises(NotFiniteError, match=f"array: voxels are NaN or {told} see .*--mask"):
            next(reader.stream([part]))


@pytest.mark.parametrize("written", ["here", "elsewhere"])
def test_a_chunk_that_vanishes_is_an_error_not_zeros(tmp_path, written):
    array, path = np.full((8, 6, 6), 7, np.uint8), tmp_path / "scan.zarr"
    if written == "here":
        with create_volume(path, array.shape, "uint8") as writer:
            writer.write(0, array)
    else:
        zarr.create_array(path, data=array, chunks=(4, 6, 6))
    volume = open_volume(path)
    reader = TileReader(volume, Normalisation("none").intensity(None))
    whole = [((0, 8), (0, 6), (0, 6))]
    assert (next(reader.tiles(whole)) == 7).all()
    chunks = [each for each in path.rglob("*") if each.is_file() and each.name != "zarr.json"]
    chunks[-1].unlink()
    for box in (((0, 8), (0, 6), (0, 6)), ((0, 8), (2, 3), (2, 3))):
        with pytest.raises(ValueError, match=r"its chunk .* has vanished while it was read; copy"):
            volume.read_box(box)
