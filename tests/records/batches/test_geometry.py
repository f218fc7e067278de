import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.records.batches.geometry import move
from tomoseg_tf.records.schema import tf


def crop(shape=(2, 9, 12), seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape).astype("f4"), rng.integers(0, 4, shape).astype("u1")


def moved(image, truth, **how):
    return [part.numpy() for part in move(tf.constant(image), tf.constant(truth), **how)]


def test_nothing_is_the_identity():
    image, truth = crop()
    grey, classes = moved(image, truth)
    np.testing.assert_array_equal(grey, image)
    np.testing.assert_array_equal(classes, truth)


@pytest.mark.parametrize("shift", [(3, 0), (0, -4), (-2, 5), (-8, 11)])
def test_shift_by_whole_pixels(shift):
    """The frame is filled up with the nearest edge in the image and with ignore in the truth."""
    image, truth = crop()
    grey, classes = moved(image, truth, shift=[float(amount) for amount in shift])
    down, right = shift
    rows, columns = np.arange(9) - down, np.arange(12) - right
    held = image[:, np.clip(rows, 0, 8)][:, :, np.clip(columns, 0, 11)]
    np.testing.assert_allclose(grey, held, atol=1e-6)
    inside = ((rows >= 0) & (rows < 9))[:, None] & ((columns >= 0) & (columns < 12))
    expected = truth[:, np.clip(rows, 0, 8)][:, :, np.clip(columns, 0, 11)]
    np.testing.assert_array_equal(classes, np.where(inside, expected, 255))


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("turns", [-1, 1, 2])
def test_quarter_turns_equal_rot90(side, turns):
    image, truth = crop((3, side, side))
    grey, classes = moved(image, truth, rotation=90.0 * turns)
    np.testing.assert_allclose(grey, np.rot90(image, turns, (1, 2)), atol=1e-6)
    np.testing.assert_array_equal(classes, np.rot90(truth, turns, (1, 2)))


def test_half_turn_of_a_plane_with_unequal_sides_loses_nothing():
    image, truth = crop()
    _, classes = moved(image, truth, rotation=180.0)
    np.testing.assert_array_equal(classes, truth[:, ::-1, ::-1])


def test_zoom_of_a_ramp_about_the_middle_is_exact():
    """Bilinear interpolation keeps a linear function: f(m + (i - m) / s)."""
    y, x = np.meshgrid(np.arange(7.0), np.arange(10.0), indexing="ij")
    image = (y + 10 * x)[None].astype("f4")
    grey, classes = moved(image, np.zeros(image.shape, "u1"), zoom=1.6)
    middle = 3 + 10 * 4.5
    np.testing.assert_allclose(grey, middle + (image - middle) / 1.6, rtol=1e-5)
    assert not classes.any()


def test_shrinking_to_a_half_ignores_the_frame():
    truth = np.ones((1, 8, 8), "u1")
    image, classes = moved(truth.astype("f4"), truth, zoom=0.5)
    expected = np.full((8, 8), 255)
    expected[2:6, 2:6] = 1
    np.testing.assert_array_equal(classes[0], expected)
    np.testing.assert_array_equal(image, 1)


def test_all_at_once_equals_scipy():
    """Turned by 25 degrees, then zoomed by 1.2, then shifted, as `ndimage.affine_transform`."""
    image, _ = crop((2, 17, 14), 3)
    shift, zoom, angle = np.array([1.3, -2.1]), 1.2, np.deg2rad(25)
    inverse = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / zoom
    middle = np.array([8.0, 6.5])
    offset = middle - inverse @ (middle + shift)
    grey, _ = moved(image, np.zeros(image.shape, "u1"), shift=shift, zoom=zoom, rotation=25.0)
    for found, slice_ in zip(grey, image, strict=True):
        expected = ndimage.affine_transform(slice_, inverse, offset, order=1, mode="nearest")
        np.testing.assert_allclose(found, expected, atol=1e-5)
