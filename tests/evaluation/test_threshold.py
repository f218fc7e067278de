"""Oracles: scikit-learn on the voxels themselves, where ours has counts of them."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    fbeta_score,
    jaccard_score,
    precision_recall_curve,
    roc_auc_score,
)

from tomoseg_tf.evaluation.threshold.calibration import calibration
from tomoseg_tf.evaluation.threshold.counts import RANGES, count_probabilities, count_volumes
from tomoseg_tf.evaluation.threshold.curve import ThresholdCurve, average_precision, roc_auc
from tomoseg_tf.prediction.threshold import to_grey_levels, to_segmentation
from tomoseg_tf.volume import ArrayVolume

RNG = np.random.default_rng(0)
TRUTH = (RNG.random((5, 30, 40)) < 0.2).astype(np.uint8)
FLOATS = np.clip(0.35 * TRUTH + RNG.normal(0.35, 0.2, TRUTH.shape), 0, 1)
FLOATS = (np.round(RANGES * FLOATS) / RANGES).astype(np.float32)  # no two of them in one range
GREY = to_grey_levels(FLOATS)
FINE = np.floor(65535 * FLOATS.astype(float) + 0.5).astype(np.uint16)
STORED = {"uint8": (GREY, GREY / 255), "uint16": (FINE, FINE / 65535), "float32": (FLOATS, FLOATS)}


@pytest.fixture(params=STORED)
def case(request):
    """Stored probabilities as counts, and as numbers one by one."""
    stored, values = STORED[request.param]
    return count_probabilities(TRUTH, stored), TRUTH.ravel(), values.ravel()


def test_curve_and_its_areas(case):
    counts, truth, values = case
    curve = ThresholdCurve(counts)
    precision, recall, least = precision_recall_curve(truth, values)
    places = np.searchsorted(curve.thresholds, least) - 1  # ours is below, theirs may be equal
    inside = places >= 0
    np.testing.assert_allclose(curve.recall[places][inside], recall[:-1][inside], atol=1e-12)
    np.testing.assert_allclose(curve.precision[places][inside], precision[:-1][inside], atol=1e-12)
    assert average_precision(counts) == pytest.approx(
        average_precision_score(truth, values), abs=1e-5
    )
    assert roc_auc(counts) == pytest.approx(roc_auc_score(truth, values), abs=1e-5)


def test_calibration(case):
    counts, truth, values = case
    found = calibration(counts)
    frequency, mean = calibration_curve(truth, values, n_bins=10)
    # 0.1 and others part one of the ranges of floats
    off = 1e-3 if len(counts.thresholds) == RANGES + 1 else 1e-12
    np.testing.assert_allclose(found.frequency[found.voxels > 0], frequency, atol=off)
    np.testing.assert_allclose(found.mean_probability[found.voxels > 0], mean, atol=off + 1e-5)
    assert found.brier_score == pytest.approx(brier_score_loss(truth, values), abs=1e-5)
    assert found.voxels.sum() == TRUTH.size


def test_scores_at_a_threshold_are_those_of_the_segmentation(case):
    counts, truth, _ = case
    curve = ThresholdCurve(counts)
    floats = FLOATS if counts.counts.shape[1] == RANGES + 1 else None
    for threshold in (0.25, 0.5, 0.75):
        segmentation = to_segmentation(FLOATS[..., None], threshold).ravel()
        found = curve.at(threshold)
        if floats is not None or threshold == 0.5:  # 127.5 of 255 is one half
            assert found["dice"] == pytest.approx(f1_score(truth, segmentation), abs=1e-12)
            assert found["iou"] == pytest.approx(jaccard_score(truth, segmentation), abs=1e-12)


@pytest.mark.parametrize("by", ["dice", "iou", "f2", "f0.5"])
def test_best_threshold_beats_all_others(by):
    best = ThresholdCurve(count_probabilities(TRUTH, GREY)).best(by)
    score = {
        "dice": f1_score,
        "iou": jaccard_score,
        "f2": lambda a, b: fbeta_score(a, b, beta=2),
        "f0.5": lambda a, b: fbeta_score(a, b, beta=0.5),
    }[by]
    place = round(255 * best["threshold"] - 0.5)
    values = {
        level: score(TRUTH.ravel(), (level < GREY).ravel())
        for level in {*range(0, 255, 12), *range(place - 3, place + 4)}
    }
    assert best["value"] == pytest.approx(values[place])
    assert max(values.values()) == values[place]


@pytest.mark.parametrize(("least", "other"), [("precision", "recall"), ("recall", "precision")])
def test_conditions_hold_and_no_threshold_does_better(least, other):
    curve = ThresholdCurve(count_probabilities(TRUTH, GREY))
    best = curve.best(f"{least}=0.9")
    assert best[least] >= 0.9
    met = np.nan_to_num(getattr(curve, least)) >= 0.9
    met &= curve.thresholds < 1
    assert best[other] == getattr(curve, other)[met].max()
    assert best["maximised"] == other


def test_equal_thresholds_give_the_one_nearest_to_one_half():
    """Two objects at 0.9 and background at 0.1, 0.2 or 0.8: all between are equally good."""
    truth = np.array([[[1, 1, 0, 0]]], np.uint8)
    for background, threshold in ((0.1, 0.5), (0.2, 0.5), (0.8, 0.8)):
        probabilities = np.array([[[0.9, 0.9, background, 0.05]]], np.float32)
        best = ThresholdCurve(count_probabilities(truth, probabilities)).best()
        assert best["threshold"] == pytest.approx(threshold, abs=1 / RANGES)
        assert best["dice"] == 1
        assert to_segmentation(probabilities[..., None], best["threshold"]).tolist() == [
            [[1, 1, 0, 0]]
        ]


def test_ignored_voxels_slabs_and_classes():
    truth = TRUTH.copy()
    truth[0] = 255
    truth[4, :5] = 2
    whole = count_probabilities(truth, FLOATS, object_class=1)
    assert whole.voxels == truth[1:].size
    assert whole.objects == np.count_nonzero(truth == 1)

    class Thin(ArrayVolume):
        def slabs(self, depth=None):
            yield from super().slabs(1)

    np.testing.assert_array_equal(
        count_probabilities(truth, Thin(FLOATS), object_class=1).counts, whole.counts
    )
    both = count_probabilities(truth, FLOATS, object_class=2)
    np.testing.assert_array_equal(both.counts.sum(axis=0), whole.counts.sum(axis=0))


def test_values_beyond_are_counted_as_0_and_1():
    probabilities = np.where(TRUTH == 1, 1.2, -0.1).astype(np.float32)
    counts = count_probabilities(TRUTH, probabilities)
    assert counts.outside == TRUTH.size
    assert (counts.probabilities[counts.counts[1] > 0] > 0.9999).all()


def bad(change):
    probabilities = FLOATS.copy()
    probabilities[2, 0, 0] = change
    return probabilities


@pytest.mark.parametrize(
    ("truth", "probabilities", "message"),
    [
        (TRUTH, FLOATS[1:], "must be of one shape"),
        (TRUTH, bad(np.nan), "slice 2 holds values from nan to nan"),
        (TRUTH, bad(140), "which are no probabilities"),
        (TRUTH, TRUTH.astype(np.int32), "int32 voxels are no probabilities"),
        (TRUTH, TRUTH, "holds only 0 and 1 of 255, which looks like classes"),
        (0 * TRUTH, FLOATS, "has no voxel of class 1 that counts"),
        (1 + 0 * TRUTH, FLOATS, "has no voxel of another class that counts"),
        (2 * TRUTH, FLOATS, "has the classes 0, 2; say with --class"),
    ],
)
def test_what_is_no_probability_is_refused(truth, probabilities, message):
    with pytest.raises(ValueError, match=message):
        count_probabilities(truth, probabilities)


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("accuracy", "'accuracy' is not known; use dice, iou"),
        ("precision=1.5", "is not known"),
        ("precision=0.9999", "no threshold gives precision 0.9999: the most is 0."),
    ],
)
def test_impossible_wishes_are_refused(by, message):
    probabilities = np.where(RNG.random(TRUTH.shape) < 0.5, 0.2, 0.7).astype(np.float32)
    with pytest.raises(ValueError, match=message):
        ThresholdCurve(count_probabilities(TRUTH, probabilities)).best(by)


@pytest.mark.parametrize("stored", [FLOATS, GREY])
def test_several_volumes_are_counted_as_if_they_were_one(stored):
    """The third volume has no objects at all."""
    truth = TRUTH.copy()
    truth[3:] = 0
    pairs = [(truth[part], stored[part]) for part in (slice(0, 1), slice(1, 3), slice(3, 5))]
    found, whole = count_volumes(pairs), count_probabilities(truth, stored)
    np.testing.assert_array_equal(found.counts, whole.counts)
    assert found.name == "array, array, array"
    with pytest.raises(ValueError, match="has no voxel of class 1 that counts"):
        count_volumes(pairs[2:])
    with pytest.raises(ValueError, match="voxels of another type"):
        count_volumes([pairs[0], (truth[1:3], FINE[1:3])])


def test_a_further_volume_may_be_rightly_empty():
    more = 0 * TRUTH, np.ones_like(TRUTH)
    found = count_volumes([(TRUTH, GREY), more])
    assert (found.objects, found.voxels) == (TRUTH.sum(), 2 * TRUTH.size)
    with pytest.raises(ValueError, match="holds only 0 and 1 of 255, which looks like classes"):
        count_volumes([(TRUTH, GREY), (TRUTH, TRUTH)])
