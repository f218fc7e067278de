"""The graph that is exported: from grey levels as stored to probabilities and classes."""

from dataclasses import dataclass
from typing import Any

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.summary import build
from tomoseg_tf.prediction.geometry import multiples, stride
from tomoseg_tf.prediction.graph import inference_graph
from tomoseg_tf.prediction.keras_network import KerasNetwork
from tomoseg_tf.prediction.slice_graph import slice_graph

GREY, OFFSET, SCALE = "grey", "offset", "scale"
PROBABILITIES, CLASSES = "probabilities", "classes"


@dataclass(frozen=True)
class Graph:
    """A model from grey levels to probabilities and classes, and the sides that it takes.

    Attributes
    ----------
    model : keras.Model
        Inputs `GREY` (B, Z, Y, X) or (B, Y, X) in float32 and, unless the normalisation is
        "none", `OFFSET` and `SCALE`, (1,) each; outputs `PROBABILITIES`, with a last axis of
        channels in float32, and `CLASSES` in uint8.
    network : keras.Model
        From normalised grey with channels, in the axis order of the weights.
    sides : tuple of int or None
        The only sides (Y, X) that it takes, as for networks of one patch size; None if they are
        open.
    step : tuple of int
        Multiples in which the open sides must come.
    smallest : tuple of int
        Shortest open sides.
    """

    model: Any
    network: Any
    sides: tuple | None
    step: tuple
    smallest: tuple

    @property
    def input_names(self):
        """Names of the inputs, the grey levels first."""
        return [tensor.name for tensor in self.model.inputs]


def make_graph(fitted):
    """Put normalisation, network, threshold and argmax into one model.

    Parameters
    ----------
    fitted : tomoseg_tf.weights.Weights
        The weights.

    Returns
    -------
    Graph

    Raises
    ------
    ValueError
        If the network is no segmentation network.
    """
    config, network = fitted.config, _opened(fitted)
    sides, step, smallest = _sides(network)
    keras = load_keras()
    ops, rank = keras.ops, len(network.input_shape) - 2
    grey = keras.Input(sides or (None,) * rank, name=GREY, dtype="float32")
    inputs, x = [grey], grey
    if config.normalisation.method != "none":
        numbers = [keras.Input((), batch_size=1, name=name) for name in (OFFSET, SCALE)]
        inputs += numbers
        x = _normalised(ops, x, *numbers, config.normalisation)
    x_first = config.axes == "XYZ"
    if x_first:
        x = ops.transpose(x, (0, 3, 2, 1))
    x = ops.expand_dims(x, -1)
    channels = network.input_shape[-1]
    found = network(x if channels == 1 else ops.concatenate([x] * channels, axis=-1))
    if x_first:
        found = ops.transpose(found, (0, 3, 2, 1, 4))
        step, smallest = step[::-1], smallest[::-1]
    if config.binary:
        objects = found[..., 0]
        classes = ops.cast(ops.greater(objects, config.threshold), "uint8")
        found = ops.expand_dims(objects, -1)  # not `found` itself: tf2onnx may lose its last axes
    else:
        classes = _likeliest(ops, found)
    outputs = {PROBABILITIES: found, CLASSES: classes}
    return Graph(keras.Model(inputs, outputs), network, sides, step, smallest)


def _normalised(ops, grey, offset, scale, normalisation):
    """Do what `tomoseg_tf.volume.Intensity` does; a scale of 0 gives zeros."""
    flat = ops.equal(scale, 0)
    x = (grey - offset) * ops.where(flat, 0.0, 1.0) / ops.where(flat, 1.0, scale)
    return ops.clip(x, 0, normalisation.top) if normalisation.method == "percentile" else x


def _likeliest(ops, found):
    """Give the first of the largest channels; ``argmax`` of Keras has steps unknown to ONNX."""
    largest, index = found[..., 0], 0.0 * found[..., 0]
    for channel in range(1, found.shape[-1]):
        larger = ops.cast(ops.greater(found[..., channel], largest), "float32")
        index = index + larger * (channel - index)
        largest = ops.maximum(largest, found[..., channel])
    return ops.cast(index, "uint8")


def _opened(fitted):
    """Build the network, with open sides where its weights do not depend on them."""
    network = fitted.build()
    *sides, channels = network.input_shape[1:]
    if len(sides) == 2:
        return KerasNetwork(network).model
    if any(sides):
        config = fitted.config
        arguments = {**config.arguments, "input_shape": (None, None, None, channels)}
        opened = build(config.model, arguments)
        opened.set_weights(network.get_weights())
        return opened
    return network


def _sides(network):
    """Sides that a network takes: the only ones, or multiples and the shortest ones."""
    *sides, _ = network.input_shape[1:]
    if all(sides):
        return tuple(sides), (1,) * len(sides), tuple(sides)
    if len(sides) == 2:
        found = slice_graph(network)
        return None, (found.stride,) * 2, (found.padded_side(1),) * 2
    nodes = inference_graph(network)
    step = multiples(nodes)
    least = (-(-side // each) * each for side, each in zip(stride(nodes), step, strict=True))
    return None, step, tuple(least)
