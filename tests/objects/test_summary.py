import json
from itertools import pairwise

import numpy as np
import pytest

from tomoseg_tf.objects import bootstrap, measure_objects, summarise, summary_table


def boxes(*sides, shape=(12, 40, 40)):
    """Boxes of ones of given sides in rows, away from each other and from the faces."""
    classes, x = np.zeros(shape, np.uint8), 2
    for z, y, width in sides:
        classes[2 : 2 + z, 2 : 2 + y, x : x + width] = 1
        x += width + 3
    return classes


def test_values_by_hand():
    classes = boxes((2, 2, 2), (3, 3, 3))
    classes[0, 0, 0] = 1
    classes[5:9, 20:24, 20:24] = 2
    found = summarise(measure_objects(classes, spacing=(2, 1, 1)), replicates=0)
    radii = np.cbrt(3 * np.array([8, 27]) / (4 * np.pi))
    one = found["classes"][1]
    assert (one["count"], one["voxels"], one["excluded_small"]) == (2, 36, 1)
    assert one["mean_radius_voxels"] == pytest.approx(radii.mean())
    assert one["std_radius_voxels"] == pytest.approx(radii.std())
    assert one["mean_radius_um"] == pytest.approx(radii.mean() * 2 ** (1 / 3))
    assert one["volume_fraction"] == 36 / classes.size
    assert found["count"] == 3
    assert found["volume_fraction"] == 100 / classes.size
    assert found["classes"][0]["voxels"] == classes.size - 100
    assert found["classes"][0]["count"] is None
    assert [entry["class"] for entry in found["classes"]] == [0, 1, 2]
    weight = classes.size / ((12 - 1 - 4) * (40 - 1 - 4) ** 2)
    two = found["classes"][2]
    assert two["number_density_per_um3"] == pytest.approx(weight / classes.size / 2)
    assert two["plain_number_density_per_um3"] == pytest.approx(1 / classes.size / 2)
    assert "errors" not in found


def test_a_cube_in_the_paper_form():
    text = summary_table(summarise(measure_objects(boxes((2, 2, 2), (2, 2, 2))), replicates=0))
    assert text.splitlines()[2].split()[:5] == ["1", "2", "1.241", "0", "0.806"]
    assert "0 objects below 8 voxels, 0 that touch a face" in text
    assert "after Miles and Lantuéjoul" in text
    assert "the whole box, 19,200 voxels" in text
    assert "µm," not in text


def test_radii_are_printed_in_micrometres_where_the_spacing_is_known():
    boxes_of_two = boxes((2, 2, 2), (2, 2, 2))
    text = summary_table(summarise(measure_objects(boxes_of_two, spacing=(2, 2, 2)), replicates=0))
    assert "\nMean radius of class 1: 2.481 µm, standard deviation 0 µm\n" in text


def test_empty_segmentations_have_nulls():
    found = summarise(measure_objects(np.zeros((3, 4, 5), np.uint8)))
    assert (found["count"], found["volume_fraction"], found["mean_radius_voxels"]) == (0, 0, None)
    assert len(found["classes"]) == 2
    json.dumps(found, allow_nan=False)
    assert "-" in summary_table(found)
    everything = summarise(measure_objects(np.full((3, 4, 5), 255, np.uint8), palette="classes"))
    assert (everything["sample_voxels"], everything["volume_fraction"]) == (0, None)


def test_errors_of_a_mean_over_blocks_are_those_of_statistics():
    """64 independent blocks of one value: the error of their mean is s / sqrt(64)."""
    values = np.random.default_rng(0).normal(5, 2, 64)
    sums = np.stack([values, np.ones(64)], axis=1)
    found = bootstrap(lambda drawn: {"mean": drawn[:, 0] / drawn[:, 1]}, sums, replicates=4000)
    assert found["mean"] == pytest.approx(values.std() / 8, rel=0.05)


def test_errors_of_counts_of_objects_at_random_are_poisson():
    rng = np.random.default_rng(2)
    classes = np.zeros((40, 60, 60), np.uint8)
    for z, y, x in rng.integers(1, (19, 29, 29), (300, 3)) * 2:
        classes[z, y, x] = 1
    objects = measure_objects(classes, min_voxels=1)
    found = summarise(objects, replicates=2000)
    relative = found["errors"]["number_density_per_voxel"] / found["number_density_per_voxel"]
    assert relative == pytest.approx(1 / np.sqrt(len(objects)), rel=0.35)
    assert summarise(objects)["errors"] == summarise(objects)["errors"]


def test_block_counts_are_those_of_the_volume_in_every_slab_size():
    rng = np.random.default_rng(4)
    classes = (rng.random((7, 9, 10)) < 0.3).astype(np.uint8)
    classes[rng.random(classes.shape) < 0.05] = 255
    for depth in (1, 2, 7):
        blocks = measure_objects(classes, depth=depth, palette="classes").blocks
        assert blocks.sample.sum() == np.count_nonzero(classes != 255)
        assert blocks.classes.sum(axis=0)[1] == np.count_nonzero(classes == 1)
        edges = [np.linspace(0, side, 5).astype(int) for side in classes.shape]
        box = classes[edges[0][1] : edges[0][2], : edges[1][1], edges[2][3] :]
        assert blocks.sample[1 * 16 + 0 * 4 + 3] == np.count_nonzero(box != 255)


def test_rows_of_voxels_count_in_each_block_that_they_go_through():
    """A class that fills the volume has no error, and bars along x that of the bars."""
    full = measure_objects(np.ones((8, 8, 9), np.uint8), keep_border=True)
    assert (full.blocks.classes[:, 1] == full.blocks.sample).all()
    found = summarise(full)
    assert found["errors"]["volume_fraction"] == 0
    assert found["intervals"]["volume_fraction"] == [1, 1]
    classes = np.zeros((3, 5, 11), np.uint8)
    classes[1, 2, 1:10] = 2
    blocks = measure_objects(classes, keep_border=True).blocks
    edges = np.linspace(0, 11, 5).astype(int)
    expected = [np.count_nonzero(classes[..., a:b]) for a, b in pairwise(edges)]
    assert blocks.classes[:, 2].reshape(3, 4, 4).sum(axis=(0, 1)).tolist() == expected


def test_errors_over_objects_are_those_of_statistics():
    """The error of the mean of independent radii is s / sqrt(n), its interval 1.96 times that."""
    rng = np.random.default_rng(3)
    objects = measure_objects((rng.random((30, 40, 40)) < 0.05).astype(np.uint8), min_voxels=1)
    found = summarise(objects, replicates=2000, over="objects")
    radii = objects.columns["equivalent_radius_voxels"]
    error = radii.std() / np.sqrt(len(radii))
    assert found["errors"]["mean_radius_voxels"] == pytest.approx(error, rel=0.06)
    low, high = found["intervals"]["mean_radius_voxels"]
    expected = [radii.mean() - 1.96 * error, radii.mean() + 1.96 * error]
    assert [low, high] == pytest.approx(expected, abs=0.15 * error)
    assert "volume_fraction" not in found["errors"]
    narrow = summarise(objects, over="objects", confidence=0.5)["intervals"]["mean_radius_voxels"]
    assert narrow[1] - narrow[0] == pytest.approx(2 * 0.674 * error, rel=0.2)
    text = summary_table(found)
    assert f"class 1: {low:.4g} to {high:.4g} voxels with 95 % confidence" in text
    with pytest.raises(ValueError, match="bootstrap over 'voxels' is not known"):
        summarise(objects, over="voxels")
    with pytest.raises(ValueError, match=r"confidence is 95"):
        summarise(objects, confidence=95)


def test_many_rows_are_drawn_one_after_another():
    values = np.random.default_rng(0).normal(5, 2, 5000)
    sums = np.stack([values, np.ones(5000)], axis=1)
    found = bootstrap(lambda drawn: {"mean": drawn[:, 0] / drawn[:, 1]}, sums, replicates=600)
    assert found["mean"] == pytest.approx(values.std() / np.sqrt(5000), rel=0.1)


def test_one_object_has_no_interval():
    found = summarise(measure_objects(boxes((2, 2, 2))), over="objects")
    assert found["intervals"]["mean_radius_voxels"] is None
    json.dumps(found, allow_nan=False)
