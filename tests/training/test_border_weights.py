"""The weight map of Ronneberger et al. (2015), equation 2, against distances measured plainly."""

import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.training.border_weights import border_weights

TWO = [[0] * 9] * 3 + [[0, 1, 0, 0, 0, 0, 0, 1, 0]] + [[0] * 9] * 3


def plain(truth, border_weight, sigma, class_weights):
    """The equation as it stands: every pixel against every pixel of every border."""
    borders = []
    for value in set(truth.ravel()) - {0, 255}:
        objects, count = ndimage.label(truth == value, np.ones((3, 3)))
        for label in range(1, count + 1):
            inside = np.pad(objects == label, 1, mode="edge")
            neighbours = [np.roll(inside, step, axis) for step in (1, -1) for axis in (0, 1)]
            border = inside & ~np.logical_and.reduce(neighbours)
            borders.append(np.argwhere(border[1:-1, 1:-1]))
    weights = np.array([*class_weights, *[0] * 255])[truth].astype("float64")
    for pixel in np.ndindex(truth.shape):
        distances = [np.linalg.norm(border - pixel, axis=1).min(initial=1e9) for border in borders]
        first, second = sorted([*distances, 1e9, 1e9])[:2]
        weights[pixel] += border_weight * np.exp(-((first + second) ** 2) / (2 * sigma**2))
    weights[truth == 255] = 0
    return weights


def test_between_two_pixels_the_weight_is_that_of_the_equation():
    weights = border_weights(TWO, class_weights=(1, 2))
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights[3, 4], 1 + 10 * np.exp(-(6**2) / 50), rtol=1e-6)
    np.testing.assert_allclose(weights[3, 1], 2 + 10 * np.exp(-(6**2) / 50), rtol=1e-6)
    sums = np.hypot(3, 3) + np.hypot(3, 3)
    np.testing.assert_allclose(weights[0, 4], 1 + 10 * np.exp(-(sums**2) / 50), rtol=1e-6)


@pytest.mark.parametrize("sigma", [0.7, 2, 5])
def test_the_map_is_the_equation_over_all_pixels(sigma):
    rng = np.random.default_rng(3)
    grey = ndimage.gaussian_filter(rng.standard_normal((40, 33)), 2.5)
    truth = np.digitize(grey, [0.05, 0.12]).astype("uint8")
    truth[5:9, 5:12] = 255
    expected = plain(truth, 10, sigma, (1, 2, 3))
    found = border_weights(truth, sigma=sigma, class_weights=(1, 2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_a_single_object_and_an_empty_slice_have_class_weights_alone():
    truth = np.zeros((2, 6, 6), "int64")
    truth[0, 2:4, 2:4] = 1
    expected = np.where(truth == 1, 7, 3)
    np.testing.assert_array_equal(border_weights(truth, class_weights=(3, 7)), expected)
    np.testing.assert_array_equal(border_weights(np.ones((4, 4), int), class_weights=(0, 2)), 2)


def test_slices_are_taken_one_by_one():
    volume = np.array([TWO, np.zeros((7, 9), int), np.roll(TWO, 1, axis=1)])
    weights = border_weights(volume, class_weights=(1, 1))
    for index in range(3):
        alone = border_weights(volume[index], class_weights=(1, 1))
        np.testing.assert_array_equal(weights[index], alone)


def test_classes_balance_by_default_and_ignored_pixels_weigh_nothing():
    truth = np.array([[0, 0, 0, 0, 0, 2, 255, 255]])
    weights = border_weights(truth, border_weight=0)
    np.testing.assert_allclose(weights, [[0.6] * 5 + [3, 0, 0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("truth", "options", "message"),
    [
        (np.zeros(4, int), {}, r"\(Y, X\) or \(Z, Y, X\), got the shape \(4,\)"),
        (np.zeros((0, 4), int), {}, "got the shape"),
        (np.zeros((4, 4)), {}, "whole numbers, got float64"),
        (np.full((4, 4), 300), {}, "from 300 to 300"),
        (TWO, {"sigma": 0}, "sigma must be above 0"),
        (TWO, {"border_weight": -1}, "border_weight must be 0 or more"),
        (TWO, {"border_weight": float("nan")}, "border_weight must be 0 or more"),
        (TWO, {"class_weights": (1,)}, "has 1 weights, but truth holds class 1"),
        (TWO, {"class_weights": (1, -1)}, "class_weights must be 0 or more"),
    ],
)
def test_what_cannot_be_weighed_is_named(truth, options, message):
    with pytest.raises(ValueError, match=message):
        border_weights(truth, **options)
