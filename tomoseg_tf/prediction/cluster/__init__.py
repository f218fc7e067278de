"""Prediction shared by many processes through Dask, a range of slices each."""

from tomoseg_tf.prediction.cluster.connecting import connect
from tomoseg_tf.prediction.cluster.sharing import share_run

__all__ = ["connect", "share_run"]
