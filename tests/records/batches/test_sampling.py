import numpy as np
import pytest

from tomoseg_tf.records.batches.sampling import check_crop, crop_starts, cut_crops
from tomoseg_tf.records.schema import tf

PATCH, CROP = (16, 20, 24), (8, 8, 12)
SEED = tf.constant([3, 7], tf.int64)


def truth_with(*places):
    truth = np.zeros(PATCH, np.uint8)
    truth[:4] = 255
    for place in places:
        truth[place] = 1
    return tf.constant(truth)


def draw(truth, foreground, number=500, seed=SEED):
    return crop_starts(truth, CROP, number, foreground, seed).numpy()


def test_uniform_crops_reach_every_start():
    starts = draw(truth_with(), 0.0, 5000)
    for axis in range(3):
        values = np.unique(starts[:, axis])
        np.testing.assert_array_equal(values, np.arange(PATCH[axis] - CROP[axis] + 1))


def test_crops_around_an_object_hold_it_near_their_middle():
    place = np.array([9, 10, 11])
    within = place - draw(truth_with(tuple(place)), 1.0)
    sides = np.array(CROP)
    assert (np.abs(within - sides // 2) <= sides // 4).all()
    assert all(len(np.unique(within[:, axis])) == 2 * (sides[axis] // 4) + 1 for axis in range(3))


@pytest.mark.parametrize("place", [(15, 19, 23), (4, 0, 0), (15, 0, 12)])
def test_crops_around_an_object_at_the_border_stay_inside(place):
    starts = draw(truth_with(place), 1.0)
    assert (starts >= 0).all()
    assert (starts + CROP <= PATCH).all()
    assert ((starts <= place) & (place < starts + CROP)).all()


def test_share_of_crops_around_objects():
    """A uniform crop holds the corner voxel with probability 1 / (9 * 13 * 13)."""
    place = (15, 19, 23)
    starts = draw(truth_with(place), 0.3, 4000)
    share = (starts + CROP > place).all(axis=1).mean()
    assert share == pytest.approx(0.3, abs=0.03)


def test_every_foreground_voxel_is_drawn_alike():
    first, second = (6, 3, 3), (13, 17, 20)
    starts = draw(truth_with(first, second), 1.0, 4000)
    share = (starts <= first).all(axis=1).mean()
    assert share == pytest.approx(0.5, abs=0.03)


def test_ignored_voxels_are_no_foreground():
    starts = draw(truth_with(), 1.0, 2000)
    np.testing.assert_array_equal(starts, draw(truth_with(), 0.0, 2000))


def test_crops_are_cut_where_they_start():
    array = np.arange(np.prod(PATCH)).reshape(PATCH)
    starts = tf.constant([[0, 0, 0], [8, 12, 12]], tf.int64)
    crops = cut_crops(tf.constant(array), starts, CROP)
    np.testing.assert_array_equal(crops[0], array[:8, :8, :12])
    np.testing.assert_array_equal(crops[1], array[8:, 12:, 12:])


@pytest.mark.parametrize("crop", [(17, 8, 8), (0, 8, 8), (8, 8)])
def test_crop_that_does_not_fit(crop):
    with pytest.raises(ValueError, match=r"must be three sides .* stored patch \(16, 20, 24\)"):
        check_crop(crop, PATCH)
    assert check_crop(None, PATCH) == PATCH


def sparse_truth(place, number=0):
    truth = np.full(PATCH, 255, np.uint8)
    truth[place] = number
    return tf.constant(truth)


@pytest.mark.parametrize("foreground", [0.0, 0.5, 1.0])
def test_crops_of_a_sparse_patch_hold_a_labelled_voxel(foreground):
    place = (9, 10, 11)
    starts = draw(sparse_truth(place), foreground)
    assert ((starts <= place) & (place < starts + CROP)).all()
    assert len(np.unique(starts, axis=0)) > 50


def test_half_of_a_patch_labelled_is_not_sparse():
    truth = np.full(PATCH, 255, np.uint8)
    truth[:8] = 0
    starts = draw(tf.constant(truth), 0.0, 2000)
    assert starts[:, 0].max() == PATCH[0] - CROP[0]
    truth[7] = 255
    assert (draw(tf.constant(truth), 0.0, 2000)[:, 0] < 7).all()


def test_a_patch_without_labels_is_cropped_anywhere():
    starts = draw(tf.constant(np.full(PATCH, 255, np.uint8)), 0.5, 2000)
    np.testing.assert_array_equal(starts.max(axis=0), np.array(PATCH) - CROP)
