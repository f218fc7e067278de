"""The split of samples into training, validation and test: pure arithmetic on slices."""

from tomoseg_tf.records.split.by_slice import empty_slices, unlabelled_slices
from tomoseg_tf.records.split.grid import check_patch, grid_starts, uncovered_share
from tomoseg_tf.records.split.planning import plan_blocks
from tomoseg_tf.records.split.settings import (
    METHODS,
    SPLITS,
    Block,
    Sample,
    SplitSettings,
    shares_of,
    shares_of_folds,
)

__all__ = [
    "METHODS",
    "SPLITS",
    "Block",
    "Sample",
    "SplitSettings",
    "check_patch",
    "empty_slices",
    "grid_starts",
    "plan_blocks",
    "shares_of",
    "shares_of_folds",
    "uncovered_share",
    "unlabelled_slices",
]
