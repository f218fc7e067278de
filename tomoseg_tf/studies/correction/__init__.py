"""Correct and retrain: the slices that weights are least sure of are mended and merged."""

from tomoseg_tf.studies.correction.merging import merge_slices
from tomoseg_tf.studies.correction.writing import CORRECTION, LABELS, SCAN, write_slices

__all__ = ["CORRECTION", "LABELS", "SCAN", "merge_slices", "write_slices"]
