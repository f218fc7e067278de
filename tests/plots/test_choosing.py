import numpy as np
import pytest

from tomoseg_tf.plots.choosing import choose_slices, profile_classes

CLASSES = np.random.default_rng(0).choice([0, 1, 2, 255], (4, 5, 6)).astype(np.uint8)


@pytest.mark.parametrize(("axis", "others"), [("z", (1, 2)), ("y", (0, 2)), ("x", (0, 1))])
def test_classes_are_counted_in_each_slice(axis, others):
    profile = profile_classes(CLASSES, axis)
    assert profile.shape == (CLASSES.shape["zyx".index(axis)], 256)
    for number in (0, 1, 2, 3, 255):
        expected = (number == CLASSES).sum(axis=others)
        np.testing.assert_array_equal(profile[:, number], expected)


def test_what_is_no_truth_is_refused():
    with pytest.raises(ValueError, match="axis 'w' is not known"):
        profile_classes(CLASSES, "w")
    with pytest.raises(ValueError, match="classes have type uint8, not int64"):
        profile_classes(CLASSES.astype(np.int64))


def profile(length, **classes):
    result = np.zeros((length, 256), np.int64)
    result[:, 0] = 100
    for name, counts in classes.items():
        for z, count in counts.items():
            result[z, int(name[1:])] = count
    return result


def test_the_rarest_class_comes_first():
    counts = profile(50, c1={5: 90, 6: 80, 40: 70}, c2={30: 3, 31: 2})
    assert choose_slices(counts, 1) == [30]
    assert choose_slices(counts, 2) == [5, 30]
    assert choose_slices(counts, 3) == [5, 30, 31]


def test_slices_keep_their_distance_where_they_can():
    assert choose_slices(profile(50, c1={5: 90, 6: 80, 40: 70}), 2) == [5, 40]


def test_without_objects_the_middle_of_what_is_labelled():
    assert choose_slices(profile(5), 1) == [2]
    counts = profile(5, c0={0: 0, 1: 0, 2: 0, 4: 0}, c255={0: 100, 1: 100, 2: 100, 4: 100})
    assert choose_slices(counts, 1) == [3]


def test_no_slices_without_objects_where_some_have_them():
    assert choose_slices(profile(9, c1={0: 1}, c2={0: 3, 8: 9}), 3) == [0, 8]
    assert choose_slices(profile(9, c1=dict.fromkeys(range(9), 5)), 1) == [4]


def test_all_ignored_gives_the_middle():
    assert choose_slices(np.zeros((7, 256), int)) == [3]
