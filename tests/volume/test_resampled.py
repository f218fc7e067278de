import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.prediction.restoring import Restoring, seen_part
from tomoseg_tf.volume import (
    ArrayVolume,
    AxisGrid,
    FilteredVolume,
    ResampledMask,
    ResampledVolume,
    grid_of,
    open_sample,
)

FACTORS = (0.4, 1.0, 1.5, 2.0, 2.7, 7.3, 40.0)


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("size", [1, 2, 5, 17, 100])
def test_what_is_linear_stays_linear_on_either_grid(size, blocks):
    line = 2.0 * np.arange(size) - 5
    for factor in FACTORS:
        if blocks and factor != int(factor):
            continue
        axis = AxisGrid(size, factor, blocks=blocks)
        coarse = axis.forward @ line
        ends = np.clip(axis.centres, 0, size - 1)
        np.testing.assert_allclose(coarse, 2 * ends - 5, atol=1e-12)
        middle = slice(*np.searchsorted(np.arange(size), axis.centres[[0, -1]]))
        if factor >= 1:
            np.testing.assert_allclose((axis.back @ coarse)[middle], line[middle], atol=1e-12)


def test_the_same_size_is_the_same_volume_to_the_last_bit():
    array = np.random.default_rng(0).normal(size=(5, 6, 7)).astype(np.float32)
    volume = ArrayVolume(array, (0.3, 0.1, 0.1))
    seen = ResampledVolume(
        volume, grid_of(volume.shape, volume.spacing, to_spacing=(0.3, 0.1, 0.1))
    )
    np.testing.assert_array_equal(seen.read(0, 5), array)
    assert seen.spacing == volume.spacing


def test_blocks_are_means_partial_ones_at_the_high_end_too():
    array = np.random.default_rng(0).integers(0, 60000, (7, 9, 10), dtype=np.uint16)
    volume = ArrayVolume(array, (0.2, 0.1, 0.1))
    seen = ResampledVolume(volume, grid_of(volume.shape, volume.spacing, block=4))
    found = seen.read(0, 2)
    for z, y, x in np.ndindex(2, 3, 3):
        cut = tuple(slice(4 * index, 4 * index + 4) for index in (z, y, x))
        assert abs(int(found[z, y, x]) - array[cut].mean()) <= 0.51
    np.testing.assert_array_equal(seen.read_box(((1, 2), (0, 2), (1, 3))), found[1:, :2, 1:])
    assert seen.spacing == pytest.approx((0.8, 0.4, 0.4))
    flat = ArrayVolume(np.full((5, 5, 5), 200, np.uint8))
    flat = ResampledVolume(flat, grid_of(flat.shape, None, block=2))
    assert (flat.read(0, 3) == 200).all()
    assert flat.spacing is None


def test_slabs_of_any_depth_give_the_same_voxels(monkeypatch):
    array = np.random.default_rng(1).normal(100, 20, (23, 12, 11)).astype(np.float32)
    volume = ArrayVolume(array, (1, 1, 1))
    seen = ResampledVolume(
        volume, grid_of(volume.shape, volume.spacing, to_spacing=(1.7, 2.2, 0.6))
    )
    whole = seen.read(0, seen.shape[0])
    monkeypatch.setattr("tomoseg_tf.volume.resampled.SLAB_BYTES", 4 * 12 * 11 * 5)
    np.testing.assert_array_equal(seen.read(0, seen.shape[0]), whole)
    np.testing.assert_array_equal(seen.read_box(((3, 9), (1, 4), (5, 12))), whole[3:9, 1:4, 5:12])


def test_any_number_of_rows_at_a_time_gives_the_same_voxels(monkeypatch):
    array = np.random.default_rng(1).normal(100, 20, (9, 23, 11)).astype(np.float32)
    for how in ({"block": 3}, {"to_spacing": (1.7, 2.2, 0.6)}, {"to_spacing": (1, 0.4, 1)}):
        seen = ResampledVolume(ArrayVolume(array), grid_of(array.shape, (1, 1, 1), **how))
        whole = seen.read(0, seen.shape[0])
        with monkeypatch.context() as patch:
            patch.setattr("tomoseg_tf.volume.resampled.ROWS_BYTES", 1)
            np.testing.assert_array_equal(seen.read(0, seen.shape[0]), whole)
            box = seen.read_box(((1, 3), (2, 7), (1, 4)))
        np.testing.assert_array_equal(box, whole[1:3, 2:7, 1:4])
        assert seen.read_box(((1, 3), (2, 2), (1, 4))).shape == (2, 0, 3)


@pytest.mark.parametrize("dtype", ["u2", "f8"])
@pytest.mark.parametrize(
    "how", [{"block": 2}, {"block": 8}, {"to_spacing": (1, 2.3, 2.3)}, {"to_spacing": (0.7,) * 3}]
)
def test_the_memory_of_resampling_is_estimated(how, dtype, monkeypatch):
    monkeypatch.setattr("tomoseg_tf.volume.resampled.SLAB_BYTES", 2**19)
    monkeypatch.setattr("tomoseg_tf.volume.resampled.ROWS_BYTES", 2**17)
    source = ArrayVolume(np.zeros((9, 120, 150), dtype))
    seen = ResampledVolume(source, grid_of(source.shape, (1, 1, 1), **how))
    seen.read(0, 1)
    tracemalloc.start()
    result = seen.read(0, seen.shape[0])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.3 * seen.working_bytes < most - result.nbytes < 1.1 * seen.working_bytes


def test_filters_before_and_behind_count_in_the_memory():
    filtered = FilteredVolume(ArrayVolume(np.zeros((48, 40, 50), np.uint16)), "local")
    seen = ResampledVolume(filtered, grid_of(filtered.shape, None, block=2))
    behind = FilteredVolume(seen, "median")
    assert filtered.working_bytes < seen.working_bytes < behind.working_bytes


def ball(sides, centre, radius):
    grids = np.meshgrid(*map(np.arange, sides), indexing="ij")
    distance = np.sqrt(sum((g - c) ** 2 for g, c in zip(grids, centre, strict=True)))
    return np.clip(radius - distance + 0.5, 0, 1).astype(np.float32)


@pytest.mark.parametrize("how", [{"block": 2}, {"block": 3}, {"to_spacing": (1.6, 2.5, 0.7)}])
def test_a_ball_stays_where_it_is_and_shapes_come_back(how):
    centre = (16.3, 15.8, 17.1)
    array = ball((33, 31, 35), centre, 8)
    volume = ArrayVolume(array, (1, 1, 1))
    grid = grid_of(volume.shape, volume.spacing, **how)
    seen = ResampledVolume(volume, grid)
    coarse = ArrayVolume(seen.read(0, seen.shape[0]))
    roi = tuple((0, side) for side in array.shape)
    found = np.concatenate([slab for _, slab in Restoring([coarse], grid, roi).slabs()])[..., 0]
    assert found.shape == array.shape
    shift = np.subtract(ndimage.center_of_mass(found), ndimage.center_of_mass(array))
    assert np.abs(shift).max() < 0.05
    assert found.sum() == pytest.approx(array.sum(), rel=0.01)


def test_a_part_is_cut_from_the_whole(monkeypatch):
    volume = ArrayVolume(np.random.default_rng(2).random((13, 15, 17)).astype(np.float32))
    grid = grid_of(volume.shape, None, block=3)
    coarse = ResampledVolume(volume, grid)
    coarse = coarse.read(0, coarse.shape[0])
    roi = tuple((0, side) for side in volume.shape)
    whole = np.concatenate([s for _, s in Restoring([ArrayVolume(coarse)], grid, roi).slabs()])
    part = ((4, 11), (0, 5), (9, 17))
    seen = seen_part(grid, part)
    cut = ArrayVolume(coarse[tuple(slice(*ends) for ends in seen)])
    monkeypatch.setattr("tomoseg_tf.prediction.restoring.PIECE_BYTES", 400)
    found = list(Restoring([cut], grid, part).slabs())
    assert [start for start, _ in found] == list(range(0, 7, 2))
    found = np.concatenate([values for _, values in found])
    np.testing.assert_allclose(found, whole[4:11, 0:5, 9:17], rtol=1e-6)


def test_what_lies_outside_the_sample_has_no_part_in_it():
    labels = np.zeros((6, 8, 8), np.uint8)
    labels[:, 2:7, 2:8] = 1
    volume = ArrayVolume(np.zeros((6, 8, 8), np.uint8))
    sample, grid = open_sample(volume, labels), grid_of(volume.shape, None, block=2)
    mask = ResampledMask(sample, grid)
    inside = mask.read(0, 3)
    np.testing.assert_array_equal(np.argwhere(inside[0]).min(axis=0), (1, 1))
    np.testing.assert_array_equal(np.argwhere(inside[0]).max(axis=0), (2, 3))
    ones = ArrayVolume(inside.astype(np.float32))  # as a network leaves it: 0 outside
    seen = open_sample(ArrayVolume(np.zeros(mask.shape, np.uint8)), mask)
    roi = tuple((0, side) for side in volume.shape)
    (_, found), *_ = Restoring([ones], grid, roi, sample, seen).slabs()
    np.testing.assert_array_equal(found[..., 0], labels)


def test_the_fill_outside_the_circle_is_outside_on_the_other_grid_too():
    rows, columns = np.ogrid[:40, :40]
    array = np.random.default_rng(0).integers(50, 200, (4, 40, 40), dtype=np.uint8)
    outside = np.hypot(rows - 19.5, columns - 19.5) > 20
    array[:, outside] = 7
    volume = ArrayVolume(array)
    seen = ResampledVolume(volume, grid_of(volume.shape, None, block=2))
    blocks = outside.reshape(20, 2, 20, 2).any(axis=(1, 3))
    np.testing.assert_array_equal(seen.outside, blocks)
    nan = np.where(outside, np.nan, array).astype(np.float32)
    seen = ResampledVolume(ArrayVolume(nan), grid_of(nan.shape, None, block=2))
    np.testing.assert_array_equal(np.isnan(seen.read(0, 2)[0]), blocks)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="not both"):
        grid_of((4, 4, 4), None)
    with pytest.raises(ValueError, match=r"voxel size is not known.*--spacing, or .*--bin"):
        grid_of((4, 4, 4), None, to_spacing=(1, 1, 1))
    with pytest.raises(ValueError, match=r"bin 0 must be a whole number"):
        grid_of((4, 4, 4), None, block=0)
    with pytest.raises(ValueError, match="three positive numbers"):
        grid_of((4, 4, 4), (1, 1, 1), to_spacing=(1, 0, 1))
