"""The names and shapes of fepegar/unet in PyTorch, and the layers that they belong to.

Nothing is built here: a file is compared with what the network would have before it
claims memory.
"""

import math
import re
from itertools import pairwise

import numpy as np

from tomoseg_tf.models.sides import pooling_steps

ANCHOR = "encoder.encoding_blocks.0.conv1."
FIRST = "encoder.encoding_blocks.0.conv1.conv_layer.weight"
SECOND = "encoder.encoding_blocks.0.conv2"
HEAD = "classifier.conv_layer.weight"
NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean"}
NORM["running_var"] = "moving_variance"


def with_one_name(state):
    """Leave each array one of its names: blocks list their layers twice.

    Parameters
    ----------
    state : dict of str to ndarray
        With names such as ``conv1.conv_layer.weight``, ``conv1.block.0.weight`` or both.

    Returns
    -------
    dict of str to ndarray
        With the former.
    """
    named, listed = {}, {}
    for name, array in state.items():
        match = re.fullmatch(r"(.+)\.block\.(\d+)\.(\w+)", name)
        if match:
            listed.setdefault(match.groups()[:2], {})[match[3]] = array
        else:
            named[name] = array
    for (block, _), arrays in listed.items():
        kind = "activation_layer" if set(arrays) == {"weight"} else "norm_layer"
        if arrays.get("weight", np.empty(())).ndim > 1:
            kind = "conv_layer"
        for parameter, array in arrays.items():
            named.setdefault(f"{block}.{kind}.{parameter}", array)
    return named


def guess_arguments(state, path):
    """Find the arguments of the builder of a state_dict.

    Parameters
    ----------
    state : dict of str to ndarray
        As `with_one_name` gives it.
    path : path
        Of the file, for errors.

    Returns
    -------
    rank : int
        2 for slices, 3 for volumes.
    arguments : dict
        All that the arrays tell; dilation, padding and dropout leave no trace in them.

    Raises
    ------
    ValueError
        If an array that all of these networks have is missing.
    """
    for name in (FIRST, HEAD):
        if name not in state or state[name].ndim not in (4, 5):
            raise ValueError(f"{path} is no network of fepegar/unet: it lacks the kernel {name}")
    blocks = {name.split(".")[2] for name in state if name.startswith("encoder.encoding_blocks.")}
    rank = state[FIRST].ndim - 2
    norm = f"{SECOND}.norm_layer.running_mean" in state
    return rank, {
        "input_shape": [*[None] * rank, state[FIRST].shape[1]],
        "num_classes": state[HEAD].shape[0],
        "levels": len(blocks) + 1,
        "base_features": state[FIRST].shape[0],
        "upsampling": (
            "transposed" if "decoder.decoding_blocks.0.upsample.weight" in state else "linear"
        ),
        "residual": any(".conv_residual." in name for name in state),
        "batch_norm": norm,
        "activation": "prelu" if any(".activation_layer." in name for name in state) else "relu",
        "preactivation": norm and f"{SECOND}.conv_layer.bias" in state,
    }


def check_state(state, rank, arguments, path):
    """Compare a state_dict with the network that arguments describe.

    Parameters
    ----------
    state : dict of str to ndarray
        As `with_one_name` gives it.
    rank : int
        2 for slices, 3 for volumes.
    arguments : dict
        All arguments of the builder.
    path : path
        Of the file, for errors.

    Raises
    ------
    ValueError
        If a name or shape differs.
    """
    wanted = {name: shape for name, shape, _ in list_arrays(rank, arguments)}
    for name, shape in wanted.items():
        if name not in state:
            raise ValueError(f"{path} does not fit: the network's {name} {shape} is not in it")
        if state[name].shape != shape:
            raise ValueError(
                f"{path} does not fit: {name} is {state[name].shape} in it and {shape} in the "
                "network"
            )
    extra = [name for name in state if name not in wanted]
    if extra:
        raise ValueError(f"{path} does not fit: its {extra[0]} is not in the network")


def load_state(network, state, rank, arguments):
    """Load a state_dict that `check_state` found to fit.

    Parameters
    ----------
    network : keras.Model
        As the builder gives it.
    state : dict of str to ndarray
        As `with_one_name` gives it.
    rank : int
        2 for slices, 3 for volumes.
    arguments : dict
        All arguments of the builder.
    """
    for name, _, place in list_arrays(rank, arguments):
        layer, variable = place.split("/")
        weight = next(w for w in network.get_layer(layer).weights if w.name == variable)
        array = state[name]
        if array.ndim > 1:  # of both kinds of convolution, channels last
            array = array.transpose(*range(2, array.ndim), 1, 0)
        if array.size != math.prod(weight.shape):
            raise ValueError(
                f"{place} is {tuple(weight.shape)}, but {name} is {state[name].shape}; leave "
                "z_poolings and the sides of input_shape out"
            )
        weight.assign(array.reshape(weight.shape).astype("float32"))


def list_arrays(rank, arguments):
    """List the arrays of a network.

    Parameters
    ----------
    rank : int
        2 for slices, 3 for volumes.
    arguments : dict
        As `guess_arguments` gives them.

    Yields
    ------
    name : str
        In PyTorch.
    shape : tuple of int
        In PyTorch.
    place : str
        ``layer/variable`` here.
    """
    levels, base = arguments["levels"], arguments["base_features"]
    steps = pooling_steps(levels, rank=rank)  # of all axes alike
    width = arguments["input_shape"][-1]
    shortcuts = []
    for level in range(levels):
        deepest = level == levels - 1
        place = "bottom_block" if deepest else f"encoder.encoding_blocks.{level}"
        first = base << level
        widths = (width, first, first << (rank - 2))
        yield from _block(
            place, "bottom" if deepest else f"encoder{level}", widths, rank, arguments
        )
        width = widths[-1]
        shortcuts.append(width)
    for level in reversed(range(levels - 1)):
        place = f"decoder.decoding_blocks.{levels - 2 - level}"
        if arguments["upsampling"] == "transposed":
            layer = f"decoder{level}_up_conv"
            yield f"{place}.upsample.weight", (width, width, *steps[level]), f"{layer}/kernel"
            yield f"{place}.upsample.bias", (width,), f"{layer}/bias"
        widths = (shortcuts[level] + width, *(shortcuts[level],) * 2)
        yield from _block(place, f"decoder{level}", widths, rank, arguments)
        width = widths[-1]
    sides = (arguments["num_classes"], width, *(1,) * rank)
    yield from _convolution("classifier.conv_layer", "head_conv", sides)


def _block(place, layer, widths, rank, arguments):
    """Arrays of two convolutions and that of width 1 beside them."""
    for index, (before, after) in enumerate(pairwise(widths)):
        plain = layer == "encoder0" and index == 0
        norm = arguments["batch_norm"] and not plain
        early = arguments["preactivation"] and not plain
        there, number = f"{place}.conv{index + 1}", index
        shape = (after, before, *(3,) * rank)
        bias = early or not norm
        yield from _convolution(f"{there}.conv_layer", f"{layer}_conv{number}", shape, bias)
        for name, variable in NORM.items() if norm else ():
            channels = before if early else after
            yield f"{there}.norm_layer.{name}", (channels,), f"{layer}_norm{number}/{variable}"
        if arguments["activation"] == "prelu":
            yield f"{there}.activation_layer.weight", (1,), f"{layer}_prelu{number}/alpha"
    if arguments["residual"]:
        shape = (widths[-1], widths[0], *(1,) * rank)
        yield from _convolution(
            f"{place}.conv_residual.conv_layer", f"{layer}_residual_conv", shape
        )


def _convolution(place, layer, shape, bias=True):
    yield f"{place}.weight", shape, f"{layer}/kernel"
    if bias:
        yield f"{place}.bias", shape[:1], f"{layer}/bias"
