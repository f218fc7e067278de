"""The split of samples into training, validation and test: pure arithmetic on slices."""

from tomoseg_tf.records.split.by_slice import slices_of_only
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
    "grid_starts",
    "plan_blocks",
    "shares_of",
    "shares_of_folds",
    "slices_of_only",
    "uncovered_share",
]
