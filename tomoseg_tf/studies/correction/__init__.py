"""Correct and retrain: the slices that weights are least sure of are mended and merged."""

from tomoseg_tf.studies.correction.merging import merge_slices
from tomoseg_tf.studies.correction.writing import write_slices

__all__ = ["merge_slices", "write_slices"]
