"""Segmentation of X-ray (nano)tomograms of materials with Keras and TensorFlow."""

__version__ = "0.1.0"
