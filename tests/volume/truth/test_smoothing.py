"""Smoothing of classes over slices: what it fills, what it removes, what it leaves."""

import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.volume import open_truth, smooth_file
from tomoseg_tf.volume.truth import smoothing
from tomoseg_tf.volume.truth.smoothing import smooth_classes

BLOCK = np.zeros((9, 11, 12), np.uint8)
BLOCK[1:8, 2:8, 3:9] = 1


def test_a_slice_in_which_an_object_was_forgotten_is_filled():
    broken = BLOCK.copy()
    broken[4] = 0
    assert smooth_classes(broken)[2:7, 3:7, 4:8].all()
    # a ball of radius 1 takes only the edges and corners of a block
    removed = smooth_classes(BLOCK) != BLOCK
    assert removed.sum() == 4 * (5 + 4 + 4) + 8
    assert not removed[2:7, 3:7, 4:8].any()


def test_specks_and_needles_are_removed_and_balls_stay():
    z, y, x = np.ogrid[-8:9, -8:9, -8:9]
    ball = (z**2 + y**2 + x**2 <= 40).astype(np.uint8)
    spoiled = ball.copy()
    spoiled[1, 1, 2:4], spoiled[3, 14, 2:15] = 1, 1
    np.testing.assert_array_equal(smooth_classes(spoiled, closing=0), ball)


@pytest.mark.parametrize(("closing", "opening"), [(2, 0), (0, 2), (1, 2), (3, 1)])
def test_one_class_equals_scipy(closing, opening):
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(20, 24, 22)), 1.5)
    mask = noise > 0

    def ball(radius):
        sides = np.ogrid[tuple(slice(-radius, radius + 1) for _ in range(3))]
        return sum(side**2 for side in sides) <= radius**2

    wide = np.pad(mask, 12, mode="edge")  # so that the borders smooth nothing
    closed = ndimage.binary_closing(wide, ball(closing)) if closing else wide
    opened = ndimage.binary_opening(closed, ball(opening)) if opening else closed
    found = smooth_classes(mask.astype(np.uint8), closing=closing, opening=opening)
    inside = np.s_[8:-8, 8:-8, 8:-8]
    np.testing.assert_array_equal(found[inside], opened[12:-12, 12:-12, 12:-12][inside])


def test_classes_do_not_take_voxels_from_each_other():
    classes = np.zeros((7, 9, 12), np.uint8)
    classes[:, :, :5], classes[:, :, 5:10] = 1, 2
    np.testing.assert_array_equal(smooth_classes(classes, closing=2), classes)
    apart = classes.copy()
    apart[3, :, 3:8] = np.where(classes[3, :, 3:8] == 1, 0, 2)
    apart[3, :, 4] = 1  # closing fills what lies on one side of it
    assert smooth_classes(apart)[3, 4].tolist() == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 0, 0]


def test_what_is_unknown_stays_and_smooths_nothing_away():
    classes = np.full((7, 11, 12), 255, np.uint8)
    classes[3] = BLOCK[3]
    classes[3, 5, 5] = 0
    expected = np.full_like(classes, 255)
    expected[3] = BLOCK[3]
    np.testing.assert_array_equal(smooth_classes(classes), expected)
    flat = smooth_classes(classes, axes="yx")
    assert (flat[3] != BLOCK[3]).sum() == 4  # the corners of the square
    assert (np.delete(flat, 3, axis=0) == 255).all()


def test_files_are_smoothed_piece_by_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(smoothing, "PIECE", 1)
    noise = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(40, 14, 15)), 1)
    grey = np.select([noise > 0.1, noise < -0.1], [200, 100], 0).astype(np.uint8)
    classes = np.searchsorted([0, 100, 200], grey).astype(np.uint8)
    options = {"palette": "0:0,100:1,200:2", "spacing": (3, 2, 1)}
    summary = smooth_file(grey, tmp_path / "a.tif", **options)
    found = open_truth(tmp_path / "a.tif")
    expected = smooth_classes(classes)
    np.testing.assert_array_equal(found.read(0, 40), expected)
    assert found.spacing == pytest.approx((3, 2, 1))
    for number in (1, 2):
        gained = ((expected == number) & (classes != number)).sum()
        lost = ((expected != number) & (classes == number)).sum()
        assert (summary["gained"][number], summary["lost"][number]) == (gained, lost)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"closing": 6}, "closing 6: the radius must be 0 to 5 voxels"),
        ({"opening": -1}, "opening -1: the radius must be"),
        ({"closing": 0, "opening": 0}, "which changes nothing"),
        ({"axes": "xy"}, "axes 'xy' are not known; use zyx"),
    ],
)
def test_settings_that_are_not_possible(options, message):
    with pytest.raises(ValueError, match=message):
        smooth_classes(BLOCK, **options)
