"""How a step is computed: in bands of rows, and some steps together with what they take."""

import os
from math import prod

from tomoseg_tf.prediction.geometry import CONVOLUTION, DOUBLED, POINTWISE, SUM

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
AT_ONCE = min(4, max(2, CORES // 2))  # bands that are computed at a time on a processor
BAND = 48_000_000 // AT_ONCE  # bytes that a band takes or gives: few calls, and little memory
LEAST_ROWS = 8
CONVOLVED = CONVOLUTION, DOUBLED


def band_rows(nodes, index, made, sides, value_bytes):
    """Choose the rows of a band: of bands of nearly one size, as many as threads can share.

    Parameters
    ----------
    nodes : list of Node
        The network.
    index : int
        Of the node that is computed.
    made : (int, int)
        Slices of its tensor that are computed.
    sides : (int, int)
        Rows of its tensor, and voxels of a row.
    value_bytes : int
        Bytes per value inside the network.

    Returns
    -------
    int
        At least 8.
    """
    (height, width), size = sides, made[1] - made[0]
    row_bytes = size * width * values_per_voxel(nodes, index) * value_bytes
    most = max(1, int(BAND // row_bytes))
    number = -(-height // most)
    number = -(-number // AT_ONCE) * AT_ONCE
    return max(LEAST_ROWS, -(-height // number))


def values_per_voxel(nodes, index):
    """Values that a node takes or gives, whichever is more, per voxel of its tensor."""
    node, most = nodes[index], nodes[index].channels
    together = sum(nodes[source].channels for source in node.inputs)
    for source in node.inputs:
        if _sees_one_voxel(node) and nodes[source].kind in CONVOLVED:
            most = max(most, values_per_voxel(nodes, source))
        taken = together if node.kind == CONVOLUTION else nodes[source].channels
        taken *= node.window[0] if node.stacked else 1
        most = max(most, taken * prod(node.factor) / prod(nodes[source].factor))
    return most


def joined_at_once(nodes):
    """Find the tensors that are never whole: each band of them is used up as it is made.

    Parameters
    ----------
    nodes : list of Node
        The network.

    Returns
    -------
    set of int
        Indices of convolutions that nothing but one sum takes, whose every term is such a one, or
        nothing but a step that sees one voxel at a time.
    """
    users, found = users_of(nodes), set()
    for node in nodes:
        sources = [nodes[each] for each in node.inputs]
        if (
            _sees_one_voxel(node)
            and all(source.kind in CONVOLVED for source in sources)
            and all(len(users[each]) == 1 for each in node.inputs)
            and not any(found.intersection(source.inputs) for source in sources)
        ):
            found.update(node.inputs)
    return found


def users_of(nodes):
    """List the indices of the nodes that take each node's tensor.

    Parameters
    ----------
    nodes : list of Node
        The network.

    Returns
    -------
    list of list of int
    """
    users = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        for source in dict.fromkeys(node.inputs):
            users[source].append(index)
    return users


def _sees_one_voxel(node):
    """Tell whether each voxel that a step makes comes from those at its place."""
    pointwise = node.kind in (SUM, POINTWISE)
    return pointwise or (node.kind == CONVOLUTION and set(node.window) == {1})
