"""Which part of each tensor a tile needs: interval arithmetic, no arrays.

A network is a list of nodes in the order of computing. From the box of the
result that is wanted, the boxes of all tensors before it follow backwards:
a convolution needs its radius more on either side, a pooling needs its whole
cells, an up-sampling the cells that it repeats or joins. Boxes end where the volume
ends; there a convolution pads with zeros, so a tile computes exactly what one pass
over the whole volume would. A tensor has as many voxels as its factor fits into the
side of the volume; poolings leave a rest out.
"""

from dataclasses import dataclass, field
from math import lcm

import numpy as np

INPUT, CONVOLUTION, POOLING, CONCATENATION = "input", "conv", "pool", "concat"
UPSAMPLING, EXPANSION = "up", "expand"  # by repeating each voxel, or with a kernel for its cell
LINEAR = "linear"  # up-sampling by interpolation
SUM, POINTWISE = "sum", "point"  # of tensors; a scale, an offset and an activation of each voxel
DOUBLED = "doubled"  # a convolution of what is up-sampled by repeating, taken before that


@dataclass(frozen=True)
class Node:
    """One step of a network.

    Attributes
    ----------
    kind : str
        "input", "conv", "pool", "up", "expand", "linear", "concat", "sum", "point" or "doubled".
    name : str
        Name of the layer.
    inputs : tuple of int
        Indices of the nodes whose tensors it takes; a convolution joins them, if there are several.
    channels : int
        Channels of its tensor.
    factor : tuple of int
        Voxels of the volume per voxel of its tensor, per axis.
    window : tuple of int
        Kernel sides of a convolution or expansion; pooled or repeated cells of the others.
    kernel, bias : ndarray or None
        Weights of a convolution or expansion, batch normalisation folded in; (C,) scales
        and offsets of a pointwise step.
    activation : str or None
        "relu", "prelu", "sigmoid", "softmax" or None.
    slope : float
        Of "prelu" below 0.
    step : tuple of int
        Voxels from cell to cell of an expansion; fewer than its window where cells overlap.
        Of a "doubled" convolution, how often each voxel is repeated.
    dilation : tuple of int
        Voxels between the taps of a convolution.
    cropped : bool
        Whether what an expansion gives is cut to the sides of a pooled tensor.
    stacked : bool
        Whether a stream computes a convolution in two dimensions, its slices in z as channels.
    rows : int
        Rows that a stream computes at once, as features of one another; see
        `tomoseg_tf.prediction.streaming.rewrite.fill_lanes`.
    before : Node or None
        A pointwise step through which a convolution takes what it joins.
    """

    kind: str
    name: str
    inputs: tuple
    channels: int
    factor: tuple
    window: tuple = ()
    kernel: np.ndarray | None = field(default=None, repr=False)
    bias: np.ndarray | None = field(default=None, repr=False)
    activation: str | None = None
    slope: float = 0.0
    step: tuple = ()
    dilation: tuple = (1, 1, 1)
    cropped: bool = False
    stacked: bool = False
    rows: int = 1
    before: "Node | None" = None


def stride(nodes):
    """Voxels of the volume per voxel of the coarsest tensor: per axis, a tuple of int."""
    return tuple(max(node.factor[axis] for node in nodes) for axis in range(len(nodes[0].factor)))


def multiples(nodes):
    """Multiples in which the sides of the volume must come: per axis, a tuple of int.

    What is up-sampled must come out at the side of the volume, unless it is cropped to it.
    """
    needed = [1] * len(nodes[0].factor)
    for node in nodes:
        if node.kind in (UPSAMPLING, EXPANSION, LINEAR, DOUBLED) and not node.cropped:
            before = nodes[node.inputs[0]].factor
            needed = [lcm(first, second) for first, second in zip(needed, before, strict=True)]
    return tuple(needed)


def padded_shape(nodes, shape):
    """Sides of the volume after padding at the high end to what the network takes."""
    return tuple(
        -(-max(side, smallest) // step) * step
        for side, smallest, step in zip(shape, stride(nodes), multiples(nodes), strict=True)
    )


def needed_boxes(nodes, box, shape):
    """Box of each node's tensor that the wanted box of the result needs.

    Parameters
    ----------
    nodes : list of Node
        The network; the last node is its result.
    box : tuple of (int, int)
        Wanted part (start, stop) of the result per axis.
    shape : tuple of int
        Padded sides of the volume.

    Returns
    -------
    list of tuple of (int, int), or None
        One box per node, in voxels of its own tensor; that of the first node is
        what must be read. None for a node that nothing needs.
    """
    boxes = [None] * len(nodes)
    boxes[-1] = tuple(box)
    for index in reversed(range(len(nodes))):
        node = nodes[index]
        if boxes[index] is None or node.kind == INPUT:
            continue
        wanted = input_box(node, boxes[index], shape, nodes[node.inputs[0]].factor)
        for source in node.inputs:
            boxes[source] = _hull(boxes[source], wanted)
    return boxes


def input_box(node, box, shape, factor):
    """Box of its input that a node needs to compute a box of its own tensor.

    Parameters
    ----------
    node : Node
        The step.
    box : tuple of (int, int)
        Part of the node's own tensor.
    shape : tuple of int
        Padded sides of the volume.
    factor : tuple of int
        Factor of the node's input.

    Returns
    -------
    tuple of (int, int)
        Part of the input tensor, per axis, cut at the ends of the volume.
    """
    return tuple(
        input_range(node, axis, start, stop, shape[axis] // factor[axis])
        for axis, (start, stop) in enumerate(box)
    )


def input_range(node, axis, start, stop, side):
    """Range of its input along one axis that a node needs for a range of its own tensor.

    Parameters
    ----------
    node : Node
        The step.
    axis : int
        0, 1 or 2 for z, y or x.
    start, stop : int
        Part of the node's own tensor.
    side : int
        Of the input tensor; the range is cut at its ends.

    Returns
    -------
    (int, int)
    """
    low, high = endless_range(node, axis, start, stop)
    return max(low, 0), min(high, side)


def endless_range(node, axis, start, stop):
    """Range of its input along one axis that a node needs, as if the volume had no ends.

    Parameters
    ----------
    node, axis, start, stop
        As for `input_range`.

    Returns
    -------
    (int, int)
    """
    if node.kind in (CONCATENATION, SUM, POINTWISE):
        return start, stop
    size = node.window[axis]
    if node.kind == CONVOLUTION:
        radius = size // 2 * node.dilation[axis]
        return start - radius, stop + radius
    if node.kind == DOUBLED:
        radius, times = size // 2, node.step[axis]
        return (start - radius) // times, -(-(stop + radius) // times)
    if node.kind == POOLING:
        return start * size, stop * size
    if node.kind == EXPANSION:
        step = node.step[axis]
        return -((size - 1 - start) // step), (stop - 1) // step + 1
    low, high = start // size, -(-stop // size)
    return (low - 1, high + 1) if node.kind == LINEAR and size > 1 else (low, high)


def volume_of(box):
    """Voxels in a box."""
    return int(np.prod([stop - start for start, stop in box]))


def last_uses(nodes):
    """Index of the last node that takes each node's tensor; itself for the result."""
    last = list(range(len(nodes)))
    for index, node in enumerate(nodes):
        for source in node.inputs:
            last[source] = index
    return last


def _hull(first, second):
    """Smallest box that holds both; the first may be None."""
    if first is None:
        return second
    return tuple((min(a, c), max(b, d)) for (a, b), (c, d) in zip(first, second, strict=True))
