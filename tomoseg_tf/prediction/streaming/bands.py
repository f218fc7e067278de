"""How a step is computed: in bands of rows, and sums together with what they add up."""

from math import prod

from tomoseg_tf.prediction.geometry import CONVOLUTION, DOUBLED, SUM

AT_ONCE = 2  # bands that are computed at a time on a processor
BAND = 6_000_000  # values that a band takes or gives: few calls, and they stay near the cache
LEAST_ROWS = 8
CONVOLVED = CONVOLUTION, DOUBLED


def band_rows(nodes, index, made, sides):
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

    Returns
    -------
    int
        At least 8.
    """
    (height, width), size = sides, made[1] - made[0]
    most = max(1, int(BAND // (size * width * values_per_voxel(nodes, index))))
    number = -(-height // most)
    number = -(-number // AT_ONCE) * AT_ONCE
    return max(LEAST_ROWS, -(-height // number))


def values_per_voxel(nodes, index):
    """Values that a node takes or gives, whichever is more, per voxel of its tensor."""
    node, most = nodes[index], nodes[index].channels
    for source in node.inputs:
        if node.kind == SUM and nodes[source].kind in CONVOLVED:
            most = max(most, values_per_voxel(nodes, source))
        taken = nodes[source].channels * (node.window[0] if node.stacked else 1)
        most = max(most, taken * prod(node.factor) / prod(nodes[source].factor))
    return most


def joined_at_once(nodes):
    """Find the tensors that are never whole: each band of them is added to a sum as it is made.

    Parameters
    ----------
    nodes : list of Node
        The network.

    Returns
    -------
    set of int
        Indices of convolutions that nothing but one sum takes, whose every term is such a one.
    """
    users = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        for source in node.inputs:
            users[source].append(index)
    found = set()
    for node in nodes:
        if node.kind != SUM or any(nodes[each].kind not in CONVOLVED for each in node.inputs):
            continue
        if all(len(users[each]) == 1 and nodes[each].activation is None for each in node.inputs):
            found.update(node.inputs)
    return found
