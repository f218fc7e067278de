"""Planes through objects, and their thumbnails."""

import numpy as np
import pytest

from tomoseg_tf.plots.review import Place, contrast, place_of, sample_planes, thumbnail
from tomoseg_tf.volume import ArrayVolume

GREY = np.arange(6 * 7 * 8, dtype=np.uint16).reshape(6, 7, 8)


def test_planes_are_those_of_the_volume():
    place = Place((2, 3, 4), (2, 3, 4), (4, 4, 4))
    images, inside = sample_planes(ArrayVolume(GREY), place, 4)
    assert inside.all()
    # sides of 4 around voxel 2: pixel centres are 0.5, 1.5, 2.5, 3.5, on the upper faces of 0 to 3
    z, y, x = (np.arange(start, start + 4) for start in (1, 2, 3))
    np.testing.assert_array_equal(images[0], GREY[2][np.ix_(y, x)])
    np.testing.assert_array_equal(images[1], GREY[:, 3][np.ix_(z, x)])
    np.testing.assert_array_equal(images[2], GREY[:, :, 4][np.ix_(z, y)])


def test_outside_is_marked():
    place = Place((0, 0, 0), (0, 0, 0), (30, 30, 30))
    images, inside = sample_planes(ArrayVolume(GREY), place, 30)
    assert inside[0].sum() == 7 * 8
    assert inside[2].sum() == 6 * 7
    assert images[~inside].sum() == 0


def test_the_side_fits_the_object_in_micrometres():
    row = {"centroid_z": 5.2, "centroid_y": 20.6, "centroid_x": 30}
    row |= {"z_start": 0, "z_stop": 10, "y_start": 10, "y_stop": 30, "x_start": 29, "x_stop": 32}
    place = place_of(row, (4.0, 1.0, 1.0))
    assert place.planes == (5, 21, 30)
    assert place.middle == (4.5, 19.5, 30)
    assert place.sides == pytest.approx((22, 88, 88))
    assert place_of(row | {"z_stop": 1000}).sides == (512, 512, 512)
    row |= {"z_stop": 2, "y_stop": 12}
    assert place_of(row).sides == (24, 24, 24)


def test_contrast_and_outline():
    images = np.full((3, 20, 20), 10.0)
    images[:, ::2] = 12
    objects = np.zeros(images.shape, bool)
    objects[:, 8:12, 8:12] = True
    images[objects] = 1
    inside = np.ones(images.shape, bool)
    assert contrast(images, inside, objects) == pytest.approx(10)
    assert contrast(images, inside, np.zeros_like(objects)) == 0
    image = thumbnail(images, inside, objects, np.zeros_like(objects))
    assert image.shape == (20, 72, 3)
    orange = (image == (230, 159, 0)).all(axis=-1)
    assert orange[:, :20].sum() == 4 * 4 * 2 + 4  # two pixels on every side, and the corners
    assert not orange[8:12, 8:12].any()
    hollow = thumbnail(np.full(images.shape, np.nan), inside, objects, objects)
    assert hollow.shape == image.shape
