import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.records.batches.artefacts import blur, cupping, rings, streaks
from tomoseg_tf.records.schema import tf


def seed(number=1):
    return tf.constant([3, number], tf.int64)


@pytest.mark.parametrize("shape", [(9, 20, 15), (1, 12, 12), (2, 30, 5)])
def test_blur_is_that_of_scipy(shape):
    image = np.random.default_rng(0).normal(size=shape).astype("f4")
    blurred = blur(tf.constant(image), 1.3, reach=4)
    sigmas = [1.3 if side > 1 else 0 for side in shape]
    expected = ndimage.gaussian_filter(image, sigmas, mode="nearest", radius=4)
    np.testing.assert_allclose(blurred, expected, atol=1e-5)


def test_no_blur_leaves_every_byte():
    image = np.random.default_rng(0).normal(size=(4, 9, 9)).astype("f4")
    assert blur(tf.constant(image), 0.0, reach=3).numpy().tobytes() == image.tobytes()


def test_a_cup_is_as_deep_as_stated_and_moves_no_mean():
    shape, axis = (2, 101, 101), tf.constant([50.0, 50.0, 50.0])
    cup = cupping(shape, axis, 3.0).numpy()[0]
    assert cup[50, 50] == pytest.approx(-1.5)
    assert cup[50, 100] == pytest.approx(1.5)
    y, x = np.mgrid[-50:51, -50:51]
    assert cup[np.hypot(y, x) <= 50].mean() == pytest.approx(0, abs=0.02)
    np.testing.assert_allclose(cup[np.hypot(y, x) > 50], 1.5)


@pytest.mark.parametrize("middle", [(20.0, 24.5), (-300.0, 700.0)])
def test_rings_are_concentric_about_the_axis(middle):
    """Within a slice the grey value depends on the distance from the axis alone."""
    found = rings((3, 40, 50), tf.constant([*middle, 999.0]), seed()).numpy()
    y, x = np.mgrid[:40, :50]
    radius = np.hypot(y - middle[0], x - middle[1])
    order = np.argsort(radius, axis=None)
    apart = np.diff(radius.ravel()[order])
    for plane in found:
        steps = np.abs(np.diff(plane.ravel()[order]))
        assert (steps <= 6 * apart + 2e-3).all()
        assert plane.std() > 0.3
    assert np.abs(found[0] - found[2]).max() > 0.5


def test_rings_have_the_stated_strength_at_whole_radii():
    axis = tf.constant([0.0, 0.0, 9.0])
    drawn = np.stack([rings((1, 1, 200), axis, seed(n))[0, 0] for n in range(60)])
    assert drawn.mean() == pytest.approx(0, abs=0.06)
    assert drawn.std() == pytest.approx(1, abs=0.04)
    neighbours = np.mean(drawn[:, 1:] * drawn[:, :-1])
    assert neighbours == pytest.approx(2 / 3, abs=0.06)  # of weights 1 : 2 : 1


def test_streaks_are_straight_and_differ_in_height_from_slice_to_slice():
    """Four lines: all slices are mixtures of four profiles, and each adds nothing on average."""
    found = streaks((12, 48, 40), seed()).numpy()
    strengths = np.linalg.svd(found.reshape(12, -1), compute_uv=False)
    assert strengths[3] > 1e-2 * strengths[0]
    assert strengths[4] < 1e-5 * strengths[0]
    assert 0.5 < np.abs(found).max() < 8
    assert np.median(np.abs(found)) < 0.1
    heights = np.concatenate([streaks((64, 9, 9), seed(n)).numpy() for n in range(20)])
    assert heights.mean() == pytest.approx(0, abs=0.03)
