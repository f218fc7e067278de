"""Which node of the inference graph a Keras layer is."""

from dataclasses import replace

import numpy as np

from tomoseg_tf.prediction.batch_norm import batch_norm_terms
from tomoseg_tf.prediction.geometry import (
    CONCATENATION,
    CONVOLUTION,
    EXPANSION,
    LINEAR,
    POOLING,
    SUM,
    UPSAMPLING,
    Node,
)

ACTIVATIONS = ("relu", "sigmoid", "softmax")


def is_identity(keras, layer):
    """Tell whether a layer does nothing in prediction."""
    layers = keras.layers
    return isinstance(layer, layers.Dropout | layers.SpatialDropout3D | layers.SpatialDropout2D)


def is_crop(layer):
    """Tell whether a layer is a `tomoseg_tf.models.fc_densenet.CropLike`."""
    return type(layer).__name__ == "CropLike"


def is_pointwise(keras, layer):
    """Tell whether a layer changes each voxel by itself, as `folded` knows."""
    layers = keras.layers
    return isinstance(
        layer, layers.BatchNormalization | layers.ReLU | layers.PReLU | layers.Activation
    )


def find_node(keras, layer, inputs, nodes):
    """Give the node of a layer.

    Parameters
    ----------
    keras : module
        Keras.
    layer : keras.Layer
        No input, identity, crop or pointwise layer.
    inputs : tuple of int
        Indices of the nodes whose tensors it takes.
    nodes : list of Node
        All nodes so far.

    Returns
    -------
    Node

    Raises
    ------
    ValueError
        If the layer cannot be computed tile by tile.
    """
    layers, source = keras.layers, nodes[inputs[0]]
    if isinstance(layer, layers.Conv3DTranspose | layers.Conv2DTranspose):
        return _expansion(layer, inputs, source.factor)
    if isinstance(layer, layers.Conv3D | layers.Conv2D):
        _check_convolution(layer)
        return _convolution(CONVOLUTION, layer, inputs, source.factor)
    pooling = layers.MaxPooling3D | layers.MaxPooling2D
    plain = isinstance(layer, pooling) and layer.strides == layer.pool_size
    if plain and layer.padding == "valid":
        return _resized(POOLING, layer, inputs, source, layer.pool_size)
    repeating = isinstance(layer, layers.UpSampling3D | layers.UpSampling2D)
    if repeating and getattr(layer, "interpolation", "nearest") == "nearest":
        return _resized(UPSAMPLING, layer, inputs, source, layer.size)
    if type(layer).__name__ == "LinearUpSampling":
        return _resized(LINEAR, layer, inputs, source, layer.size)
    if isinstance(layer, layers.Concatenate) and layer.axis in (-1, len(layer.output.shape) - 1):
        channels = sum(nodes[index].channels for index in inputs)
        return Node(CONCATENATION, layer.name, inputs, channels, source.factor)
    if isinstance(layer, layers.Add):
        return Node(SUM, layer.name, inputs, source.channels, source.factor)
    raise ValueError(
        f"cannot predict by tiles: layer {layer.name} is a {type(layer).__name__} "
        "that the tiled prediction does not know"
    )


def folded(keras, node, layer):
    """Join a pointwise layer to a node without activation.

    Parameters
    ----------
    keras : module
        Keras.
    node : Node
        A convolution or pointwise step.
    layer : keras.Layer
        Batch normalisation, rectifier or activation.

    Returns
    -------
    Node

    Raises
    ------
    ValueError
        If the layer is of a kind that is not known.
    """
    layers = keras.layers
    if isinstance(layer, layers.BatchNormalization):
        return _normalised(node, layer)
    if isinstance(layer, layers.Activation):
        return replace(node, activation=_activation(layer.activation.__name__, layer))
    if isinstance(layer, layers.PReLU):
        slope = _array(layer.alpha)
        if slope.size != 1:
            raise ValueError(
                f"cannot predict by tiles: layer {layer.name} has {slope.size} slopes, not one"
            )
        return replace(node, activation="prelu", slope=float(slope.item()))
    if layer.negative_slope or layer.threshold or layer.max_value is not None:
        raise ValueError(f"cannot predict by tiles: layer {layer.name} is no plain rectifier")
    return replace(node, activation="relu")


def _normalised(node, layer):
    """Batch normalisation as a change of kernel and bias, computed in float64."""
    gain, shift = batch_norm_terms(layer)
    kernel, bias = (1.0, 0.0) if node.kernel is None else (node.kernel, node.bias)
    kernel = (kernel * gain).astype(np.float32)
    bias = (bias * gain + shift).astype(np.float32)
    return replace(node, kernel=kernel, bias=bias)


def _resized(kind, layer, inputs, source, window):
    """Node that has more or fewer voxels than its input; slices keep their depth of 1."""
    window = _of_three_axes(window)
    pairs = list(zip(source.factor, window, strict=True))
    factor = tuple(f * w if kind == POOLING else f // w for f, w in pairs)
    return Node(kind, layer.name, inputs, source.channels, factor, window)


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
        dilation=_of_three_axes(layer.dilation_rate),
    )


def _expansion(layer, inputs, factor):
    node = _convolution(EXPANSION, layer, inputs, factor)
    step = _of_three_axes(layer.strides)
    apart = any(side < each for side, each in zip(node.window, step, strict=True))
    overlapping = node.window != step
    if (
        node.activation
        or set(node.dilation) != {1}
        or apart
        or (overlapping and layer.padding != "valid")
        or layer.output_padding is not None
    ):
        raise ValueError(
            f"cannot predict by tiles: layer {layer.name} is no linear transposed convolution "
            "whose cells stand side by side, or overlap without padding"
        )
    factor = tuple(f // s for f, s in zip(factor, step, strict=True))
    return replace(node, factor=factor, step=step)


def _of_three_axes(window):
    return (1,) * (3 - len(window)) + tuple(window)


def _check_convolution(layer):
    plain = set(layer.strides) == {1} and layer.groups == 1
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
