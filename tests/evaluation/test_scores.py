import json

import numpy as np
import pytest

from tomoseg_tf.evaluation import (
    accuracy,
    counts,
    dice,
    iou,
    normalise_rows,
    precision,
    recall,
    scores,
)

BINARY = [[90, 2], [3, 5]]
THREE = [[50, 2, 3], [4, 20, 1], [0, 5, 15]]


def test_counts_of_two_classes_mirror_each_other():
    tp, fp, fn, tn = counts(BINARY)
    assert (tp.tolist(), fp.tolist()) == ([90, 5], [3, 2])
    assert (fn.tolist(), tn.tolist()) == ([2, 3], [5, 90])


def test_counts_of_three_classes():
    tp, fp, fn, tn = counts(THREE)
    assert (tp.tolist(), fp.tolist()) == ([50, 20, 15], [4, 7, 4])
    assert (fn.tolist(), tn.tolist()) == ([5, 5, 5], [41, 68, 76])


def test_functions_of_the_counts():
    each = 5, 2, 3, 90
    assert accuracy(*each) == 95 / 100
    assert recall(*each) == 5 / 8
    assert precision(*each) == 5 / 7
    assert iou(*each) == 5 / 10
    assert dice(*each) == 10 / 15


def test_two_classes_by_hand():
    result = scores(BINARY)
    background, objects = result.classes
    assert result.accuracy == 95 / 100
    assert result.miou == pytest.approx((90 / 95 + 5 / 10) / 2)
    assert (background.name, background.voxels, background.iou) == ("background", 92, 90 / 95)
    assert (background.dice, background.recall) == (180 / 185, 90 / 92)
    assert background.precision == 90 / 93
    assert (objects.name, objects.voxels, objects.iou) == ("object", 8, 0.5)
    assert (objects.dice, objects.recall, objects.precision) == (10 / 15, 5 / 8, 5 / 7)


def test_three_classes_by_hand():
    result = scores(THREE, ["matrix", "precipitate", "pore"])
    assert result.names == ("matrix", "precipitate", "pore")
    assert result.accuracy == 85 / 100
    assert [one.iou for one in result.classes] == [50 / 59, 20 / 32, 15 / 24]
    assert result.miou == pytest.approx((50 / 59 + 20 / 32 + 15 / 24) / 3)
    assert [one.recall for one in result.classes] == [50 / 55, 20 / 25, 15 / 20]
    assert [one.precision for one in result.classes] == [50 / 54, 20 / 27, 15 / 19]


def test_published_rates_of_a_rare_class():
    """Gaudez et al. (2022), Fig. 4: object error 0.081 at 0.2 % of the volume."""
    result = scores([[997_900, 100], [162, 1838]])
    assert result.classes[1].recall == 0.919
    assert result.accuracy > 0.999


def test_class_absent_from_both_is_undefined_and_left_out_of_the_mean():
    result = scores([[90, 2, 0], [3, 5, 0], [0, 0, 0]])
    absent = result.classes[2]
    assert (absent.voxels, absent.iou, absent.dice) == (0, None, None)
    assert (absent.recall, absent.precision) == (None, None)
    assert result.miou == scores(BINARY).miou


def test_class_absent_from_the_truth_alone_counts_as_zero():
    result = scores([[90, 10], [0, 0]])
    assert (result.classes[1].iou, result.classes[1].dice) == (0, 0)
    assert (result.classes[1].recall, result.classes[1].precision) == (None, 0)
    assert result.miou == 0.9 / 2


def test_class_never_predicted_has_no_precision():
    objects = scores([[90, 0], [10, 0]]).classes[1]
    assert (objects.recall, objects.precision, objects.dice) == (0, None, 0)


def test_without_voxels_nothing_is_defined():
    result = scores([[0, 0], [0, 0]])
    assert (result.accuracy, result.miou) == (None, None)


def test_rows_add_up_to_one_and_the_diagonal_is_recall():
    shares = normalise_rows(THREE)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-15)
    np.testing.assert_array_equal(np.diagonal(shares), recall(*counts(THREE)))


def test_empty_row_is_not_normalised():
    assert np.isnan(normalise_rows([[1, 1], [0, 0]])[1]).all()


@pytest.mark.parametrize("seed", range(5))
def test_dice_and_iou_hold_their_relation(seed):
    each = counts(np.random.default_rng(seed).integers(0, 10**9, (4, 4)))
    np.testing.assert_allclose(dice(*each), 2 * iou(*each) / (1 + iou(*each)), rtol=1e-14)
    harmonic = 2 * recall(*each) * precision(*each) / (recall(*each) + precision(*each))
    np.testing.assert_allclose(dice(*each), harmonic, rtol=1e-14)


def test_permuting_classes_permutes_the_scores():
    order = [2, 0, 1]
    permuted = scores(np.array(THREE)[np.ix_(order, order)])
    plain = scores(THREE)
    assert [one.iou for one in permuted.classes] == [plain.classes[index].iou for index in order]
    assert permuted.miou == pytest.approx(plain.miou, rel=1e-15)


def test_counts_of_a_trillion_voxels_are_exact():
    result = scores([[10**12, 1], [0, 10**9]])
    assert result.accuracy == (10**12 + 10**9) / (10**12 + 10**9 + 1)


def test_dict_has_the_documented_keys_and_is_json():
    result = scores([[1, 1, 0], [0, 2, 0], [0, 0, 0]], "abc").to_dict()
    assert list(result) == [
        "accuracy",
        "miou",
        "confusion_matrix",
        "confusion_matrix_normalised",
        "classes",
    ]
    assert result["confusion_matrix_normalised"][2] == [None, None, None]
    assert list(result["classes"][0]) == ["name", "voxels", "iou", "dice", "recall", "precision"]
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_default_names():
    assert scores(BINARY).names == ("background", "object")
    assert scores(THREE).names == ("background", "class 1", "class 2")


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        (BINARY, ["a", "b", "c"], r"3 names \(a, b, c\) for 2 classes"),
        ([[1, 2, 3], [4, 5, 6]], None, r"shape \(2, 3\); it must be \(C, C\)"),
        ([[1]], None, r"shape \(1, 1\)"),
        ([[0.5, 0.5], [0.0, 1.0]], None, "must hold voxel counts"),
        ([[1, -1], [0, 1]], None, "must hold voxel counts"),
    ],
)
def test_what_is_no_confusion_matrix_is_an_error(matrix, names, message):
    with pytest.raises(ValueError, match=message):
        scores(matrix, names)
