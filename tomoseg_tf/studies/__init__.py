"""Whole studies: what joins the parts.

The ablation is imported from `tomoseg_tf.studies.ablation`: it loads TensorFlow for the training,
which the demonstration does not need on another backend.
"""

from tomoseg_tf.studies.demo import demo

__all__ = ["demo"]
