"""Several steps as one call, on any backend of Keras: convolution or sum, bias, activation."""

import numpy as np

from tomoseg_tf.backend import fuse, load_keras


def fused_convolution(node, kernel, bias, dtype, *, taken, padding, dilation=1, strides=1):
    """Make a function that convolves a tensor, adds a bias and activates.

    Parameters
    ----------
    node : Node
        Whose activation it is.
    kernel : (..., C, F) ndarray
        Of two or three dimensions.
    bias : (F,) ndarray
        Left out where all of it is 0.
    dtype : str
        Number format of the result.
    taken : str
        Number format of the tensor.
    padding : str
        "same" or "valid".
    dilation : int or tuple of int
        Voxels between the taps.
    strides : int or tuple of int
        Voxels from one that is computed to the next.

    Returns
    -------
    callable
        From a tensor (B, ..., C) to (B, ..., F).
    """
    ops = load_keras().ops
    offset = ops.convert_to_tensor(bias, dtype=dtype) if np.any(bias) else None
    weights = ops.convert_to_tensor(np.ascontiguousarray(kernel), dtype=dtype)

    def convolve(x):
        settings = {"data_format": "channels_last", "dilation_rate": dilation}
        x = ops.conv(ops.cast(x, dtype), weights, strides, padding, **settings)
        return activate(node, x if offset is None else ops.add(x, offset))

    return fuse(convolve, ((*[None] * (kernel.ndim - 1), kernel.shape[-2]), taken))


def fused_point(node, channels, dtype, *, taken):
    """Make a function that scales, shifts and activates each voxel.

    Parameters
    ----------
    node : Node
        A pointwise step.
    channels : int
        Of the tensor.
    dtype, taken : str
        Number formats of the result and of the tensor.

    Returns
    -------
    callable
        From a tensor (B, Z, Y, X, C) to one of the same shape.
    """
    ops, terms = load_keras().ops, None
    if node.kernel is not None:
        terms = [ops.convert_to_tensor(each, dtype=dtype) for each in (node.kernel, node.bias)]

    def point(x):
        x = ops.cast(x, dtype)
        return activate(node, x if terms is None else ops.add(ops.multiply(x, terms[0]), terms[1]))

    return fuse(point, ((*[None] * 4, channels), taken))


def fused_sum(node, number, dtype, *, rank=5):
    """Make a function that adds tensors and activates.

    Parameters
    ----------
    node : Node
        Whose activation it is.
    number : int
        Of the tensors.
    dtype : str
        Number format of the tensors and of the result.
    rank : int
        Of the tensors.

    Returns
    -------
    callable
        From tensors of the same shape to one.
    """

    def join(*terms):
        return activate(node, sum(terms[1:], start=terms[0]))

    return fuse(join, *[((*[None] * (rank - 1), node.channels), dtype)] * number)


def activate(node, x):
    """Apply the activation of a node to a tensor.

    Parameters
    ----------
    node : Node
        Any.
    x : tensor
        What it gives before.

    Returns
    -------
    tensor
    """
    if node.activation is None:
        return x
    ops = load_keras().ops
    if node.activation == "prelu":
        return ops.leaky_relu(x, negative_slope=node.slope)
    return getattr(ops, node.activation)(x)
