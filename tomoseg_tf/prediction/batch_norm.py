"""Batch normalisation as a part of the convolution before it, which prediction can do without."""

import numpy as np

from tomoseg_tf.backend import load_keras


def find_folds(model):
    """Find the convolutions that can take the batch normalisation after them upon themselves.

    Parameters
    ----------
    model : keras.Model
        Functional.

    Returns
    -------
    dict
        Names of convolutions without activation whose result only batch normalisation takes,
        each with that layer. None in networks that keep the places of maxima, which may turn
        with the last digit.
    """
    if any(type(layer).__name__ == "IndexPooling2D" for layer in model.layers):
        return {}
    takers, made_by = {}, {}
    for layer in model.layers:
        for tensor in _tensors(layer.input):
            takers.setdefault(id(tensor), []).append(layer)
        made_by |= {id(tensor): layer for tensor in _tensors(layer.output)}
    for tensor in model.outputs:
        takers.setdefault(id(tensor), []).append(None)
    folds = {}
    for tensor, layers in takers.items():
        before, after = made_by.get(tensor), layers[0]
        if len(layers) == 1 and _is_linear(before) and _normalises_channels(after):
            folds[before.name] = after
    return folds


def fold_weights(layer, batch_norm):
    """Give the weights of a convolution that does what batch normalisation after it did, too.

    Parameters
    ----------
    layer : keras.Layer
        The convolution, with or without bias.
    batch_norm : keras.layers.BatchNormalization
        What follows it.

    Returns
    -------
    list of ndarray of float32
        Kernels and bias, in the order of a layer of this kind that has one; computed in float64.
    """
    layers = load_keras().layers
    gain, shift = batch_norm_terms(batch_norm)
    *kernels, last = (np.asarray(each, np.float64) for each in _kernels(layer))
    if isinstance(layer, layers.DepthwiseConv2D):
        last = last * gain.reshape(last.shape[-2:])
    elif isinstance(layer, layers.Conv2DTranspose | layers.Conv3DTranspose):
        last = last * gain[:, None]
    else:
        last = last * gain
    bias = layer.bias.numpy() * gain if layer.use_bias else 0
    return [each.astype(np.float32) for each in (*kernels, last, bias + shift)]


def find_points(model):
    """Find the batch normalisation that TensorFlow computes faster as a depthwise convolution.

    Parameters
    ----------
    model : keras.Model
        Functional.

    Returns
    -------
    set of str
        Names of the layers that normalise the channels of slices; none on other backends, which
        join such steps by themselves.
    """
    if load_keras().backend.backend() != "tensorflow":
        return set()
    layers = [layer for layer in model.layers if _normalises_channels(layer)]
    return {layer.name for layer in layers if len(layer.input.shape) == 4}


def point_weights(batch_norm):
    """Give the weights of a depthwise convolution of one pixel that is batch normalisation.

    Parameters
    ----------
    batch_norm : keras.layers.BatchNormalization
        Of slices.

    Returns
    -------
    list of ndarray of float32
        Kernel (1, 1, C, 1) and bias (C,).
    """
    gain, shift = batch_norm_terms(batch_norm)
    return [gain.reshape(1, 1, -1, 1).astype(np.float32), shift.astype(np.float32)]


def batch_norm_terms(layer):
    """Give what batch normalisation multiplies each channel by, and what it adds.

    Parameters
    ----------
    layer : keras.layers.BatchNormalization
        Fitted.

    Returns
    -------
    gain, shift : (C,) ndarray of float64
        The result is ``x * gain + shift``.
    """
    gain = 1 / np.sqrt(layer.moving_variance.numpy() + np.float64(layer.epsilon))
    if layer.scale:
        gain = gain * layer.gamma.numpy()
    shift = -layer.moving_mean.numpy() * gain
    return gain, shift + layer.beta.numpy() if layer.center else shift


def _kernels(layer):
    """Kernels of a convolution."""
    weights = layer.get_weights()
    return weights[:-1] if layer.use_bias else weights


def _is_linear(layer):
    """Tell whether a layer is a convolution without activation."""
    layers = load_keras().layers
    kinds = (
        layers.Conv2D,
        layers.Conv3D,
        layers.Conv2DTranspose,
        layers.Conv3DTranspose,
        layers.DepthwiseConv2D,
        layers.SeparableConv2D,
    )
    return isinstance(layer, kinds) and layer.activation.__name__ == "linear"


def _normalises_channels(layer):
    """Tell whether a layer is batch normalisation of the last axis."""
    if not isinstance(layer, load_keras().layers.BatchNormalization):
        return False
    return layer.axis in (-1, len(layer.input.shape) - 1)


def _tensors(tensors):
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
