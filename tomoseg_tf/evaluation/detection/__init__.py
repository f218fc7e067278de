"""Objects of a segmentation matched with those of the truth, and scores of their detection."""

from tomoseg_tf.evaluation.detection.detection import Detection, detect_objects
from tomoseg_tf.evaluation.detection.matching import OVERLAPS, match_objects
from tomoseg_tf.evaluation.detection.pair import ObjectPair, Side, measure_pair
from tomoseg_tf.evaluation.detection.scores import (
    Bias,
    DetectionScores,
    detection_scores,
    merged_and_split,
    pair_bias,
)
from tomoseg_tf.evaluation.detection.summary import summarise_detection
from tomoseg_tf.evaluation.detection.table import detection_columns, detection_table
from tomoseg_tf.evaluation.detection.table_1 import table_1, table_1_row, table_1_text

__all__ = [
    "OVERLAPS",
    "Bias",
    "Detection",
    "DetectionScores",
    "ObjectPair",
    "Side",
    "detect_objects",
    "detection_columns",
    "detection_scores",
    "detection_table",
    "match_objects",
    "measure_pair",
    "merged_and_split",
    "pair_bias",
    "summarise_detection",
    "table_1",
    "table_1_row",
    "table_1_text",
]
