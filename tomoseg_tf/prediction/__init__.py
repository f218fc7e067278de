"""Exact prediction of volumes in tiles."""

from tomoseg_tf.prediction.threshold import to_grey_levels, to_segmentation
from tomoseg_tf.prediction.volumes import predict_volume, segment_file

__all__ = ["predict_volume", "segment_file", "to_grey_levels", "to_segmentation"]
