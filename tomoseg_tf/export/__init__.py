"""Export of weights to SavedModel, ONNX and OpenVINO, each checked against Keras."""

from tomoseg_tf.export.exporting import export_weights, training_scan
from tomoseg_tf.export.formats import FORMATS, find_format
from tomoseg_tf.export.graph import Graph, make_graph

__all__ = ["FORMATS", "Graph", "export_weights", "find_format", "make_graph", "training_scan"]
