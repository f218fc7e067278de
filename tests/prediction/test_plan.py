import numpy as np
import pytest

from tomoseg_tf.models import unet_3d
from tomoseg_tf.prediction.graph import inference_graph
from tomoseg_tf.prediction.plan import make_plan, tile_cost


def network(levels, base_features=2):
    model = unet_3d((None, None, None, 1), 1, levels=levels, base_features=base_features)
    return inference_graph(model)


def whole(shape):
    return tuple((0, side) for side in shape)


def test_the_cost_of_a_tile_is_the_sum_over_its_convolutions():
    nodes = network(1)
    operations, peak = tile_cost(nodes, [np.full((1, len(nodes)), 4)] * 3)
    assert operations.item() == 64 * (27 * 2 + 27 * 4 + 2)
    assert peak.item() == 64 * (2 + 2 * 2)


def test_a_volume_that_fits_is_one_tile():
    plan = make_plan(network(3), (20, 24, 28), roi=whole((20, 24, 28)))
    assert plan.tile == (20, 24, 28)
    assert plan.padded == (20, 24, 28)
    assert plan.num_tiles == 1
    assert plan.overhead == 1


def test_less_memory_means_smaller_tiles_and_more_work():
    nodes, shape = network(4, 8), (256, 1024, 1024)
    large = make_plan(nodes, shape, roi=whole(shape), max_memory=4e9)
    small = make_plan(nodes, shape, roi=whole(shape), max_memory=1.5e9)
    assert small.memory <= 1.5e9 < large.memory <= 4e9
    assert 1 < large.overhead < small.overhead


def test_tiles_cover_the_part_once():
    roi = ((3, 20), (0, 33), (5, 6))
    plan = make_plan(network(2), (24, 40, 40), roi=roi, tile=(8, 16, 16))
    seen = np.zeros((24, 40, 40), int)
    for z_range, boxes in plan.layers():
        for box in boxes:
            assert box[0] == z_range
            seen[tuple(slice(*ends) for ends in box)] += 1
    inside = tuple(slice(*ends) for ends in roi)
    assert np.all(seen[inside] == 1)
    assert seen.sum() == seen[inside].size


def test_a_volume_that_cannot_fit_says_how_much_it_needs():
    with pytest.raises(ValueError, match=r"needs about .* GB .* more than the 0.1 GB allowed"):
        make_plan(network(4, 8), (256, 1024, 1024), roi=whole((256, 1024, 1024)), max_memory=1e8)
