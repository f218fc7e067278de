"""Readers of weights in published formats, one module per format."""
