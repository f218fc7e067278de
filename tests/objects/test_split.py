import numpy as np
import pytest

from tomoseg_tf.objects import measure_objects, part, write_objects
from tomoseg_tf.volume import open_volume


def two_balls(distance, radius=6):
    """Two balls of one class, a distance apart along y, in grey levels of their own."""
    z, y, x = np.ogrid[:17, : 17 + distance, :17]
    balls = [(z - 8) ** 2 + (y - at) ** 2 + (x - 8) ** 2 <= radius**2 for at in (8, 8 + distance)]
    return (balls[0] | balls[1]).astype(np.uint8), balls


def test_two_touching_balls_are_parted_in_the_middle():
    classes, balls = two_balls(11)
    whole = measure_objects(classes)
    assert len(whole) == 1
    grey = np.random.default_rng(0).integers(0, 200, classes.shape, dtype=np.uint8)
    for depth in (1, 5, 17):
        found = measure_objects(classes, volume=grey, split=1, depth=depth).columns
        assert found["voxels"].sum() == whole.columns["voxels"][0]
        np.testing.assert_allclose(found["voxels"], balls[0].sum(), rtol=0.03)
        np.testing.assert_allclose(found["centroid_y"], [8, 19], atol=0.2)
        assert found["surface_voxels"].sum() > whole.columns["surface_voxels"][0]
    parts = part(classes.astype(bool), 1)
    for label, (mean, std) in enumerate(zip(found["grey_mean"], found["grey_std"], strict=True), 1):
        one = grey[parts == label]
        assert (mean, std) == pytest.approx((one.mean(), one.std()))


def test_a_shallow_dent_parts_nothing():
    """Both halves of the rod are as deep as each other, the dent is 0.84 less."""
    rod = np.ones((7, 7, 30), bool)
    rod[4, 0, 15] = False
    assert part(rod, 1).max() == 1
    assert part(rod, 0.8).max() == 2
    assert part(np.ones((5, 5, 5), bool), 1).max() == 1


def test_labels_of_pieces_are_rows_in_every_slab_size(tmp_path):
    balls = two_balls(11)[0]
    classes = np.zeros((24, 40, 40), np.uint8)
    classes[2:19, 2:30, 3:20] = balls
    classes[5:22, 11:28, 14:31] |= balls[:, :17]  # a third ball at the side of the second
    classes[3:6, 34:37, 34:37] = 1
    for depth in (1, 7, 24):
        settings = {"split": 1, "depth": depth, "overwrite": True}
        objects, _ = write_objects(
            classes, tmp_path / "t.csv", labels=tmp_path / "l.npy", **settings
        )
        labels = open_volume(tmp_path / "l.npy").read(0, 24)
        sizes = np.bincount(labels.ravel())[1:]
        np.testing.assert_array_equal(sizes, objects.columns["voxels"])
        assert sizes.sum() == classes.sum()
        assert len(objects) >= 3


def test_pieces_are_connected_as_asked_for(tmp_path):
    """A thin ring with three pillars, of which two touch along an edge."""
    classes = np.zeros((9, 5, 5), np.uint8)
    classes[4] = 1
    classes[:, 1:4, 1:4] = classes[:, 0, 0] = 0
    for y, x in ((0, 1), (1, 0), (0, 4)):
        classes[:, y, x] = 1
    settings = {"split": 1, "keep_border": True, "spacing": (1, 4, 4), "overwrite": True}
    settings["labels"] = tmp_path / "l.npy"
    for connectivity, number in ((6, 3), (18, 2), (26, 2)):
        objects, _ = write_objects(
            classes, tmp_path / "t.csv", connectivity=connectivity, **settings
        )
        sizes = np.bincount(np.load(tmp_path / "l.npy").ravel())[1:]
        np.testing.assert_array_equal(sizes, objects.columns["voxels"])
        assert len(objects) == number


def test_round_objects_stay_as_they_are():
    classes = two_balls(0)[0]
    plain, split = measure_objects(classes).columns, measure_objects(classes, split=1).columns
    for name, column in plain.items():
        np.testing.assert_array_equal(split[name], column)


def test_pieces_below_the_least_size_are_left_out():
    classes = two_balls(11)[0]
    objects = measure_objects(classes, split=1, min_voxels=1200)
    assert (len(objects), objects.small) == (0, {1: 2})


def test_objects_too_high_to_be_held_are_told(monkeypatch):
    monkeypatch.setattr("tomoseg_tf.objects.split.HELD", 100)
    objects = measure_objects(two_balls(11)[0], split=1)
    assert len(objects) == 1
    assert "too high for the watershed: 1 objects" in objects.notices[-1]


def test_a_neck_that_is_none():
    with pytest.raises(ValueError, match="the depth of a neck is positive"):
        measure_objects(np.zeros((2, 2, 2), np.uint8), split=0)
