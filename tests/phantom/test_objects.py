import numpy as np
import pytest

from tomoseg_tf.phantom.objects import coverage, draw_radii, draw_shapes, keep_apart


def ball(centre, radius):
    return draw_shapes(np.random.default_rng(0), [centre], [radius], irregularity=0)


def test_a_ball_covers_its_volume():
    shares = coverage(ball((16, 16, 16), 9.0), 0, 32, (32, 32))
    assert shares.sum() == pytest.approx(4 / 3 * np.pi * 9**3, rel=0.002)
    assert shares[16, 16, 16] == 1
    assert shares.max() <= 1


def test_shares_are_counted_on_four_sub_samples_a_side():
    shares = coverage(ball((2.5, 2.5, 2.5), 1.3), 0, 5, (5, 5))
    assert set(np.unique(shares * 64) % 1) == {0}
    assert shares[2, 2, 2] == 1
    offsets = (np.arange(4) + 0.5) / 4 - 0.5
    z, y, x = np.meshgrid(offsets, offsets, offsets + 1, indexing="ij")
    assert shares[2, 2, 3] == np.mean(z**2 + y**2 + x**2 <= 1.3**2)


def test_slabs_hold_the_same_as_the_whole():
    rng = np.random.default_rng(1)
    objects = draw_shapes(rng, rng.uniform(0, 24, (12, 3)), draw_radii(rng, 12))
    whole = coverage(objects, -3, 27, (24, 24))
    pieces = [coverage(objects, z, z + 5, (24, 24)) for z in range(-3, 27, 5)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_irregular_objects_keep_about_their_volume():
    rng = np.random.default_rng(2)
    radii = np.full(40, 5.0)
    volumes = [
        coverage(draw_shapes(rng, [(10, 10, 10)], [radius]), 0, 20, (20, 20)).sum()
        for radius in radii
    ]
    assert np.mean(volumes) == pytest.approx(4 / 3 * np.pi * 125, rel=0.02)
    assert np.std(volumes) > 0


def test_radii_have_the_published_mean_and_spread():
    """Table 1 of Gaudez et al. (2022): 3.34 ± 1.06 voxels; a tail to 8."""
    radii = draw_radii(np.random.default_rng(3), 20_000)
    assert radii.mean() == pytest.approx(3.3, abs=0.05)
    assert radii.std() == pytest.approx(1.1, abs=0.05)
    assert radii.max() <= 8
    assert radii.max() > 7.5


def test_of_two_that_touch_the_first_stays():
    centres = np.array([[0.0, 0, 0], [0, 0, 8], [0, 0, 30]])
    assert keep_apart(centres, np.array([3.0, 3.0, 3.0])).tolist() == [True, False, True]
    assert keep_apart(centres[:1], np.array([3.0])).tolist() == [True]
