"""The inference graph of a Keras model: nodes with batch normalisation folded in."""

from dataclasses import replace

import numpy as np

from tomoseg_tf.backend import load_keras
from tomoseg_tf.prediction.geometry import (
    CONCATENATION,
    CONVOLUTION,
    EXPANSION,
    INPUT,
    POOLING,
    UPSAMPLING,
    Node,
)

ACTIVATIONS = ("relu", "sigmoid", "softmax")


def inference_graph(model, *, axes="ZYX"):
    """Turn a functional Keras model into the nodes of its inference graph.

    Batch normalisation is folded into the convolution before it, and the
    activation joins it. Dropout and identities vanish.

    Parameters
    ----------
    model : keras.Model
        Functional model of one input and one output, of volumes, or of slices, which
        count as volumes of depth 1: convolutions of odd side and stride 1 with
        "same" padding, batch normalisation, rectifiers, pooling by its own size,
        nearest up-sampling or a transposed convolution of non-overlapping cells,
        concatenation.
    axes : str
        Axis order that the weights were fitted in: "ZYX" or "XYZ". The kernels
        of the latter are transposed, which equals transposing the volume.

    Returns
    -------
    list of Node
        Nodes in the order of computing; the last is the result.

    Raises
    ------
    ValueError
        If the model holds a layer that cannot be computed tile by tile.
    """
    if axes not in ("ZYX", "XYZ"):
        raise ValueError(f"axes must be ZYX or XYZ, got {axes!r}")
    keras = load_keras()
    nodes, places = [], {}
    consumers = _count_consumers(model)
    for layer in model.layers:
        sources = layer.input if isinstance(layer.input, list) else [layer.input]
        if isinstance(layer, keras.layers.InputLayer):
            node = Node(INPUT, layer.name, (), layer.output.shape[-1], (1, 1, 1))
            _check_channels(node)
        else:
            inputs = tuple(places[id(tensor)] for tensor in sources)
            node = _node(keras, layer, inputs, nodes)
        if node is None:  # identity at inference
            places[id(layer.output)] = places[id(sources[0])]
        elif len(node.inputs) == 1 and node.kind == "join":
            _check_single_use(layer, sources[0], consumers)
            nodes[node.inputs[0]] = _joined(keras, nodes[node.inputs[0]], layer)
            places[id(layer.output)] = node.inputs[0]
        else:
            places[id(layer.output)] = len(nodes)
            nodes.append(node)
    if axes == "XYZ":
        nodes = [_transposed(node) for node in nodes]
    return nodes


def _check_channels(node):
    if node.channels not in (1, 3):
        raise ValueError(
            f"the network takes {node.channels} channels, but a volume has one grey channel, "
            "which can be repeated to 3"
        )


def _count_consumers(model):
    consumers = {}
    for layer in model.layers:
        for tensor in layer.input if isinstance(layer.input, list) else [layer.input]:
            consumers[id(tensor)] = consumers.get(id(tensor), 0) + 1
    return consumers


def _check_single_use(layer, tensor, consumers):
    if consumers[id(tensor)] > 1:
        raise ValueError(
            f"cannot predict by tiles: the input of layer {layer.name} is used elsewhere too"
        )


def _node(keras, layer, inputs, nodes):
    """Node of a layer, None for an identity, or one of kind "join" to fold into its input."""
    layers = keras.layers
    source = nodes[inputs[0]]
    if isinstance(layer, layers.Dropout | layers.SpatialDropout3D | layers.SpatialDropout2D):
        return None
    if isinstance(layer, layers.BatchNormalization | layers.ReLU | layers.Activation):
        return Node("join", layer.name, inputs, source.channels, source.factor)
    if isinstance(layer, layers.Conv3D | layers.Conv2D):
        _check_convolution(layer)
        return _convolution(CONVOLUTION, layer, inputs, source.factor)
    if isinstance(layer, layers.Conv2DTranspose):
        _check_expansion(layer)
        node = _convolution(EXPANSION, layer, inputs, source.factor)
        factor = tuple(f // w for f, w in zip(source.factor, node.window, strict=True))
        return replace(node, factor=factor)
    pooling = layers.MaxPooling3D | layers.MaxPooling2D
    if isinstance(layer, pooling) and layer.strides == layer.pool_size:
        window = _of_three_axes(layer.pool_size)
        factor = tuple(f * w for f, w in zip(source.factor, window, strict=True))
        return Node(POOLING, layer.name, inputs, source.channels, factor, window)
    if isinstance(layer, layers.UpSampling3D) or _is_nearest(keras, layer):
        window = _of_three_axes(layer.size)
        factor = tuple(f // w for f, w in zip(source.factor, window, strict=True))
        return Node(UPSAMPLING, layer.name, inputs, source.channels, factor, window)
    if isinstance(layer, layers.Concatenate) and layer.axis in (-1, len(layer.output.shape) - 1):
        channels = sum(nodes[index].channels for index in inputs)
        return Node(CONCATENATION, layer.name, inputs, channels, source.factor)
    raise ValueError(
        f"cannot predict by tiles: layer {layer.name} is a {type(layer).__name__} "
        "that the tiled prediction does not know"
    )


def _convolution(kind, layer, inputs, factor):
    """Node of a convolution, of depth 1 for slices."""
    kernel, bias = _weights(layer)
    if kernel.ndim == 4:
        kernel = kernel[None]
    return Node(
        kind,
        layer.name,
        inputs,
        layer.filters,
        factor,
        kernel.shape[:3],
        kernel,
        bias,
        _activation(layer.activation.__name__, layer),
    )


def _of_three_axes(window):
    return (1,) * (3 - len(window)) + tuple(window)


def _is_nearest(keras, layer):
    return isinstance(layer, keras.layers.UpSampling2D) and layer.interpolation == "nearest"


def _check_expansion(layer):
    plain = layer.strides == layer.kernel_size and set(layer.dilation_rate) == {1}
    if not plain or layer.activation.__name__ != "linear":
        raise ValueError(
            f"cannot predict by tiles: layer {layer.name} is no linear transposed convolution "
            "whose cells stand side by side"
        )


def _check_convolution(layer):
    plain = set(layer.strides) == {1} and set(layer.dilation_rate) == {1} and layer.groups == 1
    odd = all(side % 2 for side in layer.kernel_size)
    if not (plain and odd and (layer.padding == "same" or set(layer.kernel_size) == {1})):
        raise ValueError(
            f"cannot predict by tiles: layer {layer.name} is no convolution of odd side with "
            "stride 1 and padding 'same'"
        )


def _activation(name, layer):
    if name == "linear":
        return None
    if name not in ACTIVATIONS:
        raise ValueError(
            f"cannot predict by tiles: layer {layer.name} has the activation {name!r}; "
            f"known are {', '.join(ACTIVATIONS)}"
        )
    return name


def _weights(layer):
    kernel = _array(layer.kernel)
    if layer.bias is None:
        return kernel, np.zeros(layer.filters, np.float32)
    return kernel, _array(layer.bias)


def _array(variable):
    """Values of a Keras variable: float32 ndarray."""
    return np.asarray(variable.numpy(), np.float32)


def _joined(keras, node, layer):
    """Join a batch normalisation or activation to the convolution before it."""
    if node.kind != CONVOLUTION or node.activation is not None:
        raise ValueError(
            f"cannot predict by tiles: layer {layer.name} does not follow a linear convolution"
        )
    if isinstance(layer, keras.layers.BatchNormalization):
        return _folded(node, layer)
    if isinstance(layer, keras.layers.Activation):
        return replace(node, activation=_activation(layer.activation.__name__, layer))
    if layer.negative_slope or layer.threshold or layer.max_value is not None:
        raise ValueError(f"cannot predict by tiles: layer {layer.name} is no plain rectifier")
    return replace(node, activation="relu")


def _folded(node, layer):
    """Batch normalisation as a change of kernel and bias, computed in float64."""
    mean = _array(layer.moving_mean).astype(np.float64)
    gain = 1 / np.sqrt(_array(layer.moving_variance) + np.float64(layer.epsilon))
    if layer.scale:
        gain = gain * _array(layer.gamma)
    offset = _array(layer.beta) if layer.center else 0.0
    kernel = (node.kernel * gain).astype(np.float32)
    bias = ((node.bias - mean) * gain + offset).astype(np.float32)
    return replace(node, kernel=kernel, bias=bias)


def _transposed(node):
    """Turn a node fitted on volumes (X, Y, Z) into one for (Z, Y, X)."""
    kernel = None if node.kernel is None else node.kernel.transpose(2, 1, 0, 3, 4)
    return replace(node, kernel=kernel, window=node.window[::-1], factor=node.factor[::-1])
