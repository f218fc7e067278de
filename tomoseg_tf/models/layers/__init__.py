"""Layers that Keras lacks, one idea per module."""
