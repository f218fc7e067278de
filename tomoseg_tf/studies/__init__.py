"""Whole studies: what joins the parts."""

from tomoseg_tf.studies.demo import demo

__all__ = ["demo"]
