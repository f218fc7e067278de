"""Scores of a segmentation against the truth: counts first, every score from the counts."""

from tomoseg_tf.evaluation.boundary import (
    BoundaryScores,
    ClassBoundary,
    boundary_scores,
    boundary_table,
    boundary_voxels,
)
from tomoseg_tf.evaluation.by_size import SizeScores, scores_by_radius, size_table
from tomoseg_tf.evaluation.confusion import confusion_matrix, open_classes
from tomoseg_tf.evaluation.grey_window import (
    FilteredWindow,
    GreyWindow,
    best_filtered_window,
    best_grey_window,
    best_window,
    grey_histograms,
)
from tomoseg_tf.evaluation.scores import (
    ClassScores,
    Counts,
    Scores,
    accuracy,
    class_names,
    counts,
    dice,
    iou,
    normalise_rows,
    precision,
    recall,
    scores,
)
from tomoseg_tf.evaluation.table import format_score, format_share

__all__ = [
    "BoundaryScores",
    "ClassBoundary",
    "ClassScores",
    "Counts",
    "FilteredWindow",
    "GreyWindow",
    "Scores",
    "SizeScores",
    "accuracy",
    "best_filtered_window",
    "best_grey_window",
    "best_window",
    "boundary_scores",
    "boundary_table",
    "boundary_voxels",
    "class_names",
    "confusion_matrix",
    "counts",
    "dice",
    "format_score",
    "format_share",
    "grey_histograms",
    "iou",
    "normalise_rows",
    "open_classes",
    "precision",
    "recall",
    "scores",
    "scores_by_radius",
    "size_table",
]
