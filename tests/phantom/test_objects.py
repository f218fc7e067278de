import numpy as np
import pytest

from tomoseg_tf.phantom.objects import (
    CURVATURE_SHIFT,
    MAJORITY_SHIFT,
    Objects,
    coverage,
    covered,
    draw_radii,
    draw_shapes,
    keep_apart,
    truth_radii,
)


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


def directions(number):
    drawn = np.random.default_rng(4).standard_normal((number, 3))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_the_shift_of_the_majority_is_the_mean_of_the_33rd_sub_sample():
    offsets = (np.arange(4) + 0.5) / 4 - 0.5
    points = np.stack(np.meshgrid(offsets, offsets, offsets), axis=-1).reshape(-1, 3)
    ordered = np.sort(directions(20_000) @ points.T, axis=1)
    assert ordered[:, 32].mean() == pytest.approx(MAJORITY_SHIFT, abs=3e-4)


def test_the_shift_of_curvature_is_half_the_mean_square_of_a_section():
    """Along an axis the section is the unit square, of which it is 1/12; over the diagonal 1/8."""
    sides = np.linspace(-0.9, 0.9, 61)
    u, v = np.meshgrid(sides, sides)
    halves = []
    for one in directions(500):
        first = np.cross(one, np.eye(3)[np.abs(one).argmin()])
        first /= np.linalg.norm(first)
        points = u[..., None] * first + v[..., None] * np.cross(one, first)
        inside = (np.abs(points) <= 0.5).all(axis=-1)
        halves.append(np.mean((u**2 + v**2)[inside]) / 2)
    assert 0.08 < min(halves) < max(halves) < 0.13
    assert np.mean(halves) == pytest.approx(CURVATURE_SHIFT, abs=1e-3)


def test_radii_of_the_truth_are_those_of_half_covered_voxels():
    """At random places: the drawn radius by shares and by centres, that of the rule by majority."""
    rng = np.random.default_rng(5)
    bodies = draw_shapes(rng, rng.uniform(5, 6, (150, 3)), np.full(150, 2.5))
    volumes = np.empty((3, len(bodies)))
    for index in range(len(bodies)):
        one = Objects(*(value[[index]] for value in vars(bodies).values()))
        shares = coverage(one, 0, 11, (11, 11))
        by_centres = covered(one, 0, np.arange(11)[None, :] + 0.5 - one.centres.T)
        volumes[:, index] = shares.sum(), by_centres.sum(), (shares > 0.5).sum()
    by_shares, by_centres, truth = np.cbrt(volumes * 3 / 4 / np.pi)
    known = bodies.equivalent_radii
    np.testing.assert_allclose(by_shares, known, rtol=0.01)
    assert by_centres.mean() == pytest.approx(known.mean(), rel=0.004)
    assert truth.mean() == pytest.approx(truth_radii(known).mean(), rel=0.004)
    assert truth.mean() < 0.985 * known.mean()
