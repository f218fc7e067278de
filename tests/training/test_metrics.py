import numpy as np
import pytest

from tomoseg_tf.training.metrics import LIMB, SegmentationScores


def as_floats(scores):
    return {name: float(value) for name, value in scores.items()}


def one_hot(segmentation, num_classes):
    return np.eye(num_classes, dtype="float32")[segmentation]


def test_scores_come_from_the_totals_of_all_batches():
    """Truth 3 + 1 objects, found 2 + 2, both 2 + 0: Dice 2 * 2 / (4 + 4), not a mean of batches."""
    metric = SegmentationScores(("background", "object"))
    truth = np.array([[1, 1, 1, 0], [0, 0, 1, 0]], "uint8").reshape(2, 1, 2, 2, 1)
    found = np.array([[1, 1, 0, 0], [1, 1, 0, 0]], "float32").reshape(2, 1, 2, 2, 1)
    for index in range(2):
        metric.update_state(truth[index : index + 1], found[index : index + 1])
    assert as_floats(metric.result()) == {"accuracy": 0.5, "dice": 0.5}


def test_reset_forgets_everything():
    metric = SegmentationScores(("background", "object"))
    ones = np.ones((1, 1, 2, 2, 1), "uint8")
    metric.update_state(ones, np.zeros(ones.shape, "float32"))
    metric.reset_state()
    metric.update_state(ones, ones.astype("float32"))
    assert as_floats(metric.result()) == {"accuracy": 1.0, "dice": 1.0}


def test_threshold_itself_is_background():
    metric = SegmentationScores(("background", "object"))
    truth = np.zeros((1, 1, 1, 2, 1), "uint8")
    metric.update_state(truth, np.array([0.5, 0.500001], "float32").reshape(truth.shape))
    assert float(metric.result()["accuracy"]) == 0.5


def test_ignored_voxels_are_left_out():
    metric = SegmentationScores(("background", "object"))
    truth = np.array([1, 0, 255, 255], "uint8").reshape(1, 1, 1, 4, 1)
    found = np.array([1, 0, 1, 0], "float32").reshape(truth.shape)
    metric.update_state(truth, found)
    assert as_floats(metric.result()) == {"accuracy": 1.0, "dice": 1.0}


def test_every_class_has_its_dice_and_the_mean_leaves_the_background_out():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (2, 4, 5, 6)).astype("uint8")
    found = rng.integers(0, 3, truth.shape)
    metric = SegmentationScores(("background", "copper", "pore"))
    metric.update_state(truth[..., None], one_hot(found, 3))
    expected = [
        2 * ((truth == c) & (found == c)).sum() / ((truth == c).sum() + (found == c).sum())
        for c in range(3)
    ]
    scores = as_floats(metric.result())
    assert scores.pop("accuracy") == pytest.approx((truth == found).mean())
    assert scores == pytest.approx(
        {"dice": np.mean(expected[1:]), "dice_copper": expected[1], "dice_pore": expected[2]}
    )


def test_a_class_that_is_nowhere_is_undefined_and_left_out_of_the_mean():
    truth = np.array([0, 1, 1, 0], "uint8").reshape(1, 1, 1, 4)
    metric = SegmentationScores(("background", "copper", "pore"))
    metric.update_state(truth[..., None], one_hot(truth, 3))
    scores = as_floats(metric.result())
    assert np.isnan(scores["dice_pore"])
    assert scores["dice"] == 1.0


def test_without_any_object_the_dice_is_undefined():
    metric = SegmentationScores(("background", "object"))
    truth = np.zeros((1, 1, 2, 2, 1), "uint8")
    metric.update_state(truth, truth.astype("float32"))
    assert np.isnan(float(metric.result()["dice"]))
    assert float(metric.result()["accuracy"]) == 1.0


def test_totals_stay_exact_beyond_the_integers_of_float32():
    """2**24 + 1 is the first whole number that float32 cannot hold."""
    metric = SegmentationScores(("background", "object"))
    many = np.zeros((1, 1, 4096, 4096, 1), "uint8")
    metric.update_state(many, np.zeros(many.shape, "float32"))
    for _ in range(3):
        one = np.zeros((1, 1, 1, 1, 1), "uint8")
        metric.update_state(one, one.astype("float32"))
    low, high = metric.low.numpy(), metric.high.numpy()
    assert int(high[2, 0]) * LIMB + int(low[2, 0]) == 2**24 + 3
