"""Exact prediction of volumes in tiles."""

from tomoseg_tf.prediction.arrays import predict_volume
from tomoseg_tf.prediction.files import segment_file
from tomoseg_tf.prediction.threshold import to_grey_levels, to_segmentation

__all__ = ["predict_volume", "segment_file", "to_grey_levels", "to_segmentation"]
