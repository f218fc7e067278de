import numpy as np
import pytest

from tomoseg_tf.objects import (
    edge_weights,
    measure_objects,
    nearest_neighbours,
    random_neighbour_distance,
)


def test_nearest_neighbours_by_hand():
    centres = [[0, 0, 0], [0, 3, 4], [0, 0, 1], [9, 9, 9]]
    found = nearest_neighbours(centres, [1, 1, 2, 1])
    assert found[:2].tolist() == [5, 5]
    assert np.isnan(found[2])
    assert found[3] == pytest.approx(np.sqrt(81 + 36 + 25))


def test_neighbours_count_that_are_not_in_the_table():
    """The nearest neighbour of the inner object touches a face."""
    classes = np.zeros((3, 5, 20), np.uint8)
    classes[1, 2, 0:9] = classes[1, 2, 10:18] = 1
    found = measure_objects(classes, spacing=(1, 1, 2)).columns
    assert found["nearest_neighbour_voxels"].tolist() == [9.5]
    assert found["nearest_neighbour_um"].tolist() == [19]


def test_random_places_have_the_mean_distance_of_the_formula():
    centres = np.random.default_rng(0).random((40_000, 3))
    inner = ((centres > 0.1) & (centres < 0.9)).all(axis=1)
    found = nearest_neighbours(centres, np.ones(len(centres), int))[inner]
    assert found.mean() == pytest.approx(random_neighbour_distance(40_000), rel=0.01)


def test_weights_make_up_for_cut_objects():
    """Every place of an object of 4 x 3 x 2 voxels in a periodic lattice, seen through a box."""
    sides, box = (4, 3, 2), (9, 8, 7)
    total, seen = 0, 0.0
    starts = [np.arange(-size, side) for size, side in zip(sides, box, strict=True)]
    for start in np.stack(np.meshgrid(*starts, indexing="ij"), axis=-1).reshape(-1, 3):
        stop = start + sides
        columns = {f"{name}_start": start[i : i + 1] for i, name in enumerate("zyx")}
        columns |= {f"{name}_stop": stop[i : i + 1] for i, name in enumerate("zyx")}
        columns["label"] = np.array([1])
        columns["touches_border"] = np.array([(start <= 0).any() or (stop >= box).any()])
        seen += np.nan_to_num(edge_weights(columns, box)[0])
        total += 1
    assert seen == pytest.approx(np.prod(box))  # one object per voxel
    assert total > seen


def test_corrected_density_of_a_cut_lattice_is_nearer_than_the_plain_one():
    """Long objects, one per 40 slices at random heights, in a volume of 60 slices."""
    rng = np.random.default_rng(0)
    density, plain = [], []
    for _ in range(20):
        whole = np.zeros((300, 1, 60), np.uint8)
        for x in range(2, 58, 3):
            for start in range(int(rng.integers(40)), 270, 40):
                whole[start : start + 25, 0, x] = 1
        classes = np.pad(whole[120:180], ((0, 0), (1, 1), (0, 0)))
        columns = measure_objects(classes).columns
        z = columns["z_stop"] - columns["z_start"]
        density.append((60 / (59 - z)).sum() / 60)
        plain.append(len(z) / 60)
    true = 19 / 40
    assert np.mean(density) == pytest.approx(true, rel=0.05)
    assert np.mean(plain) < 0.75 * true
