"""Guess a builder's arguments from the shapes in a file of weights."""

import math

import numpy as np


def guess_arguments(model, shapes):
    """Find the arguments of a builder that a file of weights looks like.

    Parameters
    ----------
    model : str
        Name of the builder; only ``unet_3d`` and ``xlearn_unet`` can be told from their shapes.
    shapes : sequence of tuple of int
        Shapes of the arrays in the file, in its order.

    Returns
    -------
    dict or None
        `input_shape`, `num_classes`, and `levels` and `base_features`, or `variant`,
        `base_features`, `kernel_size`, `batch_norm` and `activation`; None if the
        file does not look like this network at all.

    Examples
    --------
    >>> shapes = [(3, 3, 3, 1, 4), (3, 3, 3, 4, 4), (3, 3, 3, 4, 8), (3, 3, 3, 8, 8)]
    >>> shapes += [(3, 3, 3, 12, 4), (3, 3, 3, 4, 4), (1, 1, 1, 4, 1)]
    >>> guess_arguments("unet_3d", shapes)["levels"]
    2
    """
    if model == "xlearn_unet":
        return _guess_xlearn(shapes)
    if model != "unet_3d":
        return None
    kernels = [shape for shape in shapes if len(shape) == 5 and shape[:3] == (3, 3, 3)]
    heads = [shape for shape in shapes if len(shape) == 5 and shape[:3] == (1, 1, 1)]
    if len(heads) != 1 or not kernels:
        return None
    base = min(shape[4] for shape in kernels)
    levels = int(np.log2(max(shape[4] for shape in kernels) / base)) + 1
    channels = min(shape[3] for shape in kernels)
    if sorted(kernels) != sorted(_unet_kernels(levels, base, channels)) or heads[0][3] != base:
        return None
    return {
        "input_shape": [None, None, None, channels],
        "num_classes": heads[0][4],
        "levels": levels,
        "base_features": base,
    }


def _guess_xlearn(shapes):
    """Guess the arguments of `xlearn_unet`; a patch is taken for a square.

    A net of one class is taken for a published one, whose output is rectified.
    """
    kernels = [shape for shape in shapes if len(shape) == 4]
    dense = [shape for shape in shapes if len(shape) == 2]
    if len(kernels) < 2 or len(dense) not in (1, 3):
        return None
    variant, poolings = ("transformer3_pooling", 3) if len(dense) == 3 else ("transformer2", 2)
    side = math.isqrt(dense[-1][1]) << poolings
    num_classes = kernels[-1][2]
    return {
        "input_shape": [side, side, kernels[0][2]],
        "num_classes": num_classes,
        "variant": variant,
        "base_features": kernels[0][3],
        "kernel_size": kernels[0][0],
        "batch_norm": len(shapes) > 2 * (len(kernels) + len(dense)),
        "activation": "relu" if num_classes == 1 else None,
    }


def kernel_values(model, arguments):
    """Count the values of the kernels of a network without building it.

    Parameters
    ----------
    model : str
        Name of the builder; only those of ``unet_3d`` can be told.
    arguments : dict
        Keyword arguments of the builder.

    Returns
    -------
    int
        Values of its convolutions, the last one left out; 0 if they cannot be told, as when an
        argument is wrong, which the builder will say.
    """
    defaults = {"levels": 4, "base_features": 8}
    levels, base = ({**defaults, **arguments}[name] for name in defaults)
    shape = arguments.get("input_shape")
    channels = shape[-1] if isinstance(shape, (list, tuple)) and shape else None
    numbers = levels, base, channels
    if model != "unet_3d" or any(type(number) is not int for number in numbers) or levels > 64:
        return 0
    return sum(math.prod(shape) for shape in _unet_kernels(levels, base, channels))


def _unet_kernels(levels, base, channels):
    """Shapes of the 3x3x3 kernels of `unet_3d`."""
    widths = [base << level for level in range(levels)]
    inputs = [channels, *widths[:-1]]
    pairs = [
        pair
        for width, start in zip(widths, inputs, strict=True)
        for pair in ((start, width), (width, width))
    ]
    for width in widths[:-1]:
        pairs += [(width + 2 * width, width), (width, width)]
    return [(3, 3, 3, *pair) for pair in pairs]
