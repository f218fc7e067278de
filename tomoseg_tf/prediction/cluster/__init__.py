"""Prediction shared by many processes through Dask, a range of slices each."""

from tomoseg_tf.prediction.cluster.connecting import connect
from tomoseg_tf.prediction.cluster.sharing import check_shared_settings, share_run

__all__ = ["check_shared_settings", "connect", "share_run"]
