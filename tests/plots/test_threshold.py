import numpy as np

from tomoseg_tf.evaluation.threshold.calibration import calibration
from tomoseg_tf.evaluation.threshold.counts import count_probabilities
from tomoseg_tf.evaluation.threshold.curve import ThresholdCurve
from tomoseg_tf.plots import plot_threshold, threshold_data
from tomoseg_tf.plots.precision_recall import drawn_places

RNG = np.random.default_rng(0)
TRUTH = (RNG.random((8, 50, 50)) < 0.1).astype(np.uint8)
PROBABILITIES = np.clip(0.4 * TRUTH + RNG.normal(0.3, 0.1, TRUTH.shape), 0, 1)
COUNTS = count_probabilities(TRUTH, PROBABILITIES)
CURVE = ThresholdCurve(COUNTS)


def test_drawn_points_lie_on_the_curve_and_are_close():
    places = drawn_places(CURVE)
    assert len(places) <= 1000
    assert (np.diff(places) > 0).all()
    assert np.abs(np.diff(CURVE.recall[places])).max() < 0.02
    few = ThresholdCurve(count_probabilities(TRUTH, np.where(TRUTH == 1, 0.75, 0.25)))
    places = drawn_places(few)
    np.testing.assert_array_equal(
        np.unique(few.true_positives[places]), np.unique(few.true_positives)
    )


def test_three_axes_show_scores_and_the_best_threshold():
    best = CURVE.best()
    scores, recall, reliability = plot_threshold(CURVE, calibration(COUNTS), best=best)
    labels = [text.get_text() for text in scores.get_legend().get_texts()]
    assert labels[:3] == ["Dice", "Precision", "Recall"]
    assert labels[3].startswith("best by dice: 0.5")
    star = next(line for line in recall.lines if line.get_marker() == "*")
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (best["recall"], best["precision"])
    assert recall.lines[1].get_ydata()[0] == TRUTH.mean()
    points = reliability.lines[1].get_xydata()
    found = calibration(COUNTS)
    np.testing.assert_array_equal(points[:, 1], found.frequency[found.voxels > 0])


def test_data_of_one_and_of_several():
    data = threshold_data(CURVE, calibration(COUNTS))
    assert (data["true_positives"] + data["false_negatives"] == TRUTH.sum()).all()
    assert len(data["frequency"]) == 10
    both = {"pore": CURVE, "matrix": CURVE}
    found = {"pore": calibration(COUNTS), "matrix": calibration(COUNTS)}
    assert {"dice_pore", "dice_matrix", "voxels_pore"} <= set(threshold_data(both, found))
    axes = plot_threshold(both, found)
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["pore", "matrix"]
