import numpy as np
import pytest

from tomoseg_tf.objects import measure_objects, summarise
from tomoseg_tf.objects.mask_weights import block_sides, mask_weights
from tomoseg_tf.volume import as_volume, open_sample


def sample_of(mask):
    return open_sample(as_volume(np.zeros(mask.shape, np.uint8)), mask)


def table(*boxes):
    """Columns of the boxes (z, y, x) of starts and stops of objects."""
    boxes = np.array(boxes)
    names = [f"{axis}_{end}" for axis in "zyx" for end in ("start", "stop")]
    columns = dict(zip(names, boxes.reshape(len(boxes), 6).T, strict=True))
    return columns | {"label": np.arange(len(boxes))}


def test_in_a_box_they_are_those_of_the_box():
    mask = np.zeros((9, 12, 14), np.uint8)
    mask[1:9, 2:11, 3:14] = 1
    found = mask_weights(
        table([[2, 5], [3, 5], [4, 8]], [[1, 4], [3, 5], [4, 8]]),
        sample_of(mask),
        mask.shape,
    )
    assert found[0] == pytest.approx(8 / (7 - 3) * 9 / (8 - 2) * 11 / (10 - 4))
    assert np.isnan(found[1])  # touches the edge of the mask


@pytest.mark.parametrize("blocks", [2**21, 900])
def test_objects_at_every_place_of_a_ball_add_up_to_one_each(blocks, monkeypatch):
    """One object of 3 x 2 x 4 voxels per voxel of the mask: of those that count the sum is that."""
    monkeypatch.setattr("tomoseg_tf.objects.mask_weights.BLOCKS", blocks)
    z, y, x = np.indices((20, 22, 25))
    mask = (z - 9) ** 2 + (y - 10) ** 2 + (x - 12) ** 2 < 81
    starts = np.argwhere(np.ones_like(mask))
    boxes = np.stack([starts, starts + (3, 2, 4)], axis=2)
    found = mask_weights(table(*boxes), sample_of(mask), mask.shape)
    assert np.nansum(found) == pytest.approx(mask.sum())
    assert 0 < np.isfinite(found).sum() < mask.sum()
    whole = [mask[tuple(slice(a, b) for a, b in box)].all() for box in boxes[np.isfinite(found)]]
    assert all(whole)


def test_blocks_are_few():
    for shape in ((4, 5, 6), (256, 1024, 1024), (3, 40_000, 40_000), (10**6, 8, 8)):
        numbers = -(-np.array(shape) // block_sides(shape))
        assert np.prod(numbers) <= 2**21
        assert (np.array(shape) == numbers).all() or np.prod(numbers) > 2**17


def test_density_of_cubes_in_a_cylinder_is_that_of_all_of_space():
    """Cubes of side 8 in a lattice of 12 that is moved about; the cylinder cuts most of them."""
    z, y, x = np.indices((40, 48, 48))
    mask = np.hypot(y - 23.5, x - 23.5) < 24
    corrected, plain = [], []
    for seed in range(12):
        shift = np.random.default_rng(seed).integers(12, size=3)
        cubes = [(axis + move) % 12 < 8 for axis, move in zip((z, y, x), shift, strict=True)]
        objects = measure_objects(
            np.all(cubes, axis=0).astype(np.uint8), mask=mask.astype(np.uint8)
        )
        found = summarise(objects, replicates=0)
        corrected.append(found["number_density_per_voxel"])
        whole = np.isfinite(objects.columns["edge_weight"])
        assert (objects.columns["voxels"][whole] == 512).all()
        plain.append(whole.sum() / mask.sum())
    assert np.mean(corrected) == pytest.approx(12**-3, rel=0.12)
    assert np.mean(plain) < 0.6 * 12**-3


def test_where_all_objects_are_cut_there_is_no_density():
    classes, mask = np.zeros((2, 6, 6, 6), np.uint8)
    classes[1:4, 1:4, 1:4], mask[:, :, :4] = 1, 1
    found = summarise(measure_objects(classes, mask=mask), replicates=0)
    assert (found["count"], found["number_density_per_voxel"]) == (1, None)
    assert found["mean_radius_corrected_voxels"] is None


def test_ignored_voxels_change_the_density_in_a_mask_as_they_do_without_one():
    """A mask that leaves out a corner alone is nearly none; half of the voxels are ignored."""
    classes, mask = np.zeros((20, 20, 20), np.uint8), np.ones((20, 20, 20), np.uint8)
    classes[4::8, 4::8, 4::8], classes[10:], mask[0, 0, 0] = 1, 255, 0
    options = {"palette": "classes", "min_voxels": 1}
    one, other = (measure_objects(classes, mask=some, **options) for some in ("none", mask))
    assert np.nanmin(other.columns["edge_weight"]) > 1
    densities = [
        summarise(found, replicates=0)["number_density_per_voxel"] for found in (one, other)
    ]
    assert densities[0] == pytest.approx(densities[1], rel=2e-3)
