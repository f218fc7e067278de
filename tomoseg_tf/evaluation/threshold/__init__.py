"""Thresholds: precision and recall, calibration, and the best threshold by a score, kept."""

from tomoseg_tf.evaluation.threshold.calibration import Calibration, calibration
from tomoseg_tf.evaluation.threshold.counts import (
    ProbabilityCounts,
    count_probabilities,
    count_volumes,
    open_pair,
)
from tomoseg_tf.evaluation.threshold.curve import (
    ThresholdCurve,
    average_precision,
    check_score,
    roc_auc,
)
from tomoseg_tf.evaluation.threshold.storing import check_own_weights, store_threshold

__all__ = [
    "Calibration",
    "ProbabilityCounts",
    "ThresholdCurve",
    "average_precision",
    "calibration",
    "check_own_weights",
    "check_score",
    "count_probabilities",
    "count_volumes",
    "open_pair",
    "roc_auc",
    "store_threshold",
]
