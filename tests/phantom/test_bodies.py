import numpy as np
import pytest

from tomoseg_tf.phantom.bodies import LOBES, Bodies, concatenate, draw_lobes, paint


def ellipsoid(centre, axes, *, rotation=None, height=0.0, kind=1, level=1.0, fading=0.0, seed=0):
    return Bodies(
        centres=np.array([centre], float),
        axes=np.array([axes], float),
        rotations=np.eye(3)[None] if rotation is None else np.array([rotation]),
        lobes=draw_lobes(np.random.default_rng(seed), 1, height),
        classes=np.array([kind], np.uint8),
        levels=np.array([level]),
        fading=np.array([fading]),
    )


def test_an_ellipsoid_covers_its_volume_and_those_voxels_whose_centre_lies_inside():
    contrast, classes = paint(ellipsoid((16, 20, 24), (6, 9, 13), level=2.0), 0, 32, (40, 48))
    z, y, x = np.ogrid[0.5:32, 0.5:40, 0.5:48]
    inside = ((z - 16) / 6) ** 2 + ((y - 20) / 9) ** 2 + ((x - 24) / 13) ** 2 < 1
    np.testing.assert_array_equal(classes, inside)
    assert contrast.sum() == pytest.approx(2 * 4 / 3 * np.pi * 6 * 9 * 13, rel=0.01)
    assert contrast[16, 20, 24] == 2
    assert contrast.min() == 0


def test_a_turned_body_lies_along_its_axis():
    turn = np.array([[1, 0, 0], [0, np.sqrt(0.5), -np.sqrt(0.5)], [0, np.sqrt(0.5), np.sqrt(0.5)]])
    bodies = ellipsoid((4, 24, 24), (3, 18, 3), rotation=turn)
    places = np.argwhere(paint(bodies, 0, 8, (48, 48))[1])
    values, vectors = np.linalg.eigh(np.cov(places[:, 1:].T))
    assert np.sqrt(values[1] / values[0]) == pytest.approx(6, rel=0.1)
    assert abs(vectors[:, 1] @ [np.sqrt(0.5), np.sqrt(0.5)]) == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(bodies.half_sides[0], [3, *[np.sqrt(18**2 / 2 + 3**2 / 2)] * 2])


def test_lobes_change_the_volume_as_told_and_stay_within_reach():
    for seed in range(8):
        body = ellipsoid((20, 20, 20), (8, 8, 8), height=0.4, seed=seed)
        _, classes = paint(body, 0, 40, (40, 40))
        assert classes.sum() == pytest.approx(body.volumes[0], rel=0.08)
        extent = abs(np.argwhere(classes) + 0.5 - 20).max(axis=0)
        assert np.all(extent <= body.reach[0])
    assert draw_lobes(np.random.default_rng(0), 3, 0.2).shape == (3, LOBES, 4)


def test_a_later_body_covers_the_earlier_ones():
    rim, core = ellipsoid((8, 8, 8), (6, 6, 6)), ellipsoid((8, 8, 8), (3, 3, 3), kind=2, level=5.0)
    contrast, classes = paint(concatenate([rim, core]), 0, 16, (16, 16))
    assert (classes[8, 8, 8], contrast[8, 8, 8]) == (2, 5)
    assert (classes[8, 8, 12], contrast[8, 8, 12]) == (1, 1)
    assert not (paint(concatenate([core, rim]), 0, 16, (16, 16))[1] == 2).any()
    assert len(concatenate([rim, core]).take([1])) == 1


def test_a_fading_body_darkens_with_the_square_of_the_height():
    contrast, _ = paint(ellipsoid((10.5, 8, 8), (8, 5, 5), fading=0.5), 0, 21, (16, 16))
    middle = contrast[:, 8, 8]
    np.testing.assert_allclose(middle[10:17], 1 - 0.5 * (np.arange(7) / 8) ** 2, rtol=1e-6)
    np.testing.assert_array_equal(middle, middle[::-1])


def test_slabs_hold_the_same_as_the_whole():
    bodies = concatenate(
        [ellipsoid((z, 9, 15), (5, 3, 8), height=0.3, seed=z + 2) for z in range(-2, 20, 5)]
    )
    whole = paint(bodies, -3, 17, (20, 30))
    for part, kind in enumerate(("contrast", "classes")):
        pieces = [paint(bodies, z, z + 4, (20, 30))[part] for z in range(-3, 17, 4)]
        np.testing.assert_array_equal(np.concatenate(pieces), whole[part], err_msg=kind)
