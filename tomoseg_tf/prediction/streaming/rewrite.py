"""Exact changes of an inference graph: the same result from other steps."""

from dataclasses import replace

import numpy as np

from tomoseg_tf.prediction.geometry import (
    CONCATENATION,
    CONVOLUTION,
    DOUBLED,
    INPUT,
    POINTWISE,
    POOLING,
    SUM,
    UPSAMPLING,
)
from tomoseg_tf.prediction.streaming.bands import joined_at_once, users_of


def convolve_before_doubling(nodes):
    """Take the up-sampled part of a convolution at the resolution before it.

    A convolution of joined tensors is the sum of one convolution of each. Where one is
    up-sampled by repeating its voxels, a kernel of 3 voxels sees only 2 different ones, so that
    its weights can be added up before: from 27 to 8 products per voxel and channel.

    Parameters
    ----------
    nodes : list of Node
        The network.

    Returns
    -------
    list of Node
        The network with such convolutions split; the others unchanged.
    """
    made, places = [], {}
    for index, node in enumerate(nodes):
        sources = node.inputs
        if len(sources) == 1 and nodes[sources[0]].kind == CONCATENATION:
            sources = nodes[sources[0]].inputs
        if not _can_split(node, [nodes[source] for source in sources]):
            made.append(replace(node, inputs=tuple(places[source] for source in node.inputs)))
        else:
            made.extend(_split(node, sources, nodes, places, len(made)))
        places[index] = len(made) - 1
    return without_unused(made)


def take_parts(nodes):
    """Let convolutions take what is joined before them from its parts, so that it is there once.

    A dense block joins each tensor that it makes with all before it, and normalises the whole
    anew before each convolution: what it holds would grow with the square of its layers.

    Parameters
    ----------
    nodes : list of Node
        The network.

    Returns
    -------
    list of Node
        The network in which no concatenation takes another, and in which a convolution takes the
        parts of a concatenation, through the pointwise step before it if nothing else needs that.
    """
    users, parts, made = users_of(nodes), {}, []
    for index, node in enumerate(nodes):
        if node.kind == CONCATENATION:
            parts[index] = tuple(part for each in node.inputs for part in parts.get(each, (each,)))
            node = replace(node, inputs=parts[index])
        elif node.kind == CONVOLUTION and node.before is None and len(node.inputs) == 1:
            source, before = node.inputs[0], None
            if nodes[source].kind == POINTWISE and len(users[source]) == 1:
                before, (source,) = nodes[source], nodes[source].inputs
            node = replace(node, inputs=parts.get(source, (source,)), before=before)
        made.append(node)
    return without_unused(made)


def compute_again(nodes):
    """Compute the first shortcut twice, instead of holding it until the last step needs it.

    Parameters
    ----------
    nodes : list of Node
        The network.

    Returns
    -------
    list of Node or None
        The network in which what comes before the first pooling is there twice: once for the
        pooling, once for the last joining. None if it has no shortcut that is worth it.
    """
    pooled = [node.inputs[0] for node in nodes if node.kind == POOLING]
    if not pooled:
        return None
    shortcut = pooled[0]
    again = sorted(_ancestors(nodes, shortcut))
    users = [index for index, node in enumerate(nodes) if shortcut in node.inputs]
    late = [index for index in users if nodes[index].kind != POOLING]
    if not late or any(_leaves(nodes, again, place, shortcut) for place in again):
        return None
    made, places, copies = [], {}, {}
    for index, node in enumerate(nodes):
        for place in again if index == late[0] else ():
            if nodes[place].kind == INPUT:
                copies[place] = places[place]
                continue
            inputs = tuple(copies[each] for each in nodes[place].inputs)
            name = f"{nodes[place].name}_again"
            copies[place] = len(made)
            made.append(replace(nodes[place], name=name, inputs=inputs))
        inputs = tuple(
            copies[each] if each == shortcut and index in late else places[each]
            for each in node.inputs
        )
        places[index] = len(made)
        made.append(replace(node, inputs=inputs))
    return made


def stack_neighbours(nodes, most):
    """Choose the convolutions, "doubled" ones among them, that a stream computes in two dimensions.

    Parameters
    ----------
    nodes : list of Node
        The network.
    most : int
        Channels of the tensor that such a convolution takes.

    Returns
    -------
    list of Node
        The same nodes, of which some are marked as stacked.
    """
    return [
        replace(node, stacked=True)
        if node.kind in (CONVOLUTION, DOUBLED) and node.kernel.shape[3] <= most
        else node
        for node in nodes
    ]


def fill_lanes(nodes, lanes):
    """Choose the convolutions of few features that a stream computes several rows of at once.

    A processor computes as many features at a time as its vectors have lanes. Where a convolution
    has half as many, its kernel of 3 rows gives two rows as one of 4 does: in two thirds of the
    time.

    Parameters
    ----------
    nodes : list of Node
        The network.
    lanes : int
        Of a vector.

    Returns
    -------
    list of Node
        The same nodes, with their `rows`. Those that are never kept have those of what takes them.
    """
    rows, joined = [_rows_at_once(node, lanes) for node in nodes], joined_at_once(nodes)
    for index, node in enumerate(nodes):
        if node.inputs and joined.issuperset(node.inputs):
            terms = [nodes[each] for each in node.inputs]
            whole = any(term.kind == CONVOLUTION and term.stacked for term in terms)
            rows[index] = 1 if whole else max(rows[each] for each in node.inputs)
            for each in node.inputs:
                rows[each] = rows[index]
    return [replace(node, rows=number) for node, number in zip(nodes, rows, strict=True)]


def without_unused(nodes):
    """Leave out the nodes that the result does not need.

    Parameters
    ----------
    nodes : list of Node
        The network; the last node is its result.

    Returns
    -------
    list of Node
    """
    used = sorted(_ancestors(nodes, len(nodes) - 1))
    places = {old: new for new, old in enumerate(used)}
    return [
        replace(nodes[old], inputs=tuple(places[source] for source in nodes[old].inputs))
        for old in used
    ]


def _rows_at_once(node, lanes):
    """Rows that fill the lanes: a power of two, at most 4."""
    if node.kind != CONVOLUTION or node.stacked or node.window[1] == 1:
        return 1
    if set(node.dilation) != {1}:
        return 1
    return max(number for number in (1, 2, 4) if number == 1 or number * node.channels <= lanes)


def _can_split(node, sources):
    """Tell whether a convolution sees repeated voxels, which its kernel can be moved before."""
    return (
        node.kind == CONVOLUTION
        and node.before is None
        and set(node.window) == {3}
        and set(node.dilation) == {1}
        and any(_is_doubled(source) for source in sources)
    )


def _is_doubled(node):
    return node.kind == UPSAMPLING and not set(node.window) - {1, 2}


def _split(node, sources, nodes, places, first):
    """Nodes of a convolution per source, or group of sources, and of their sum."""
    parts, start = [], 0
    for source in sources:
        stop = start + nodes[source].channels
        kernel = np.ascontiguousarray(node.kernel[..., start:stop, :])
        doubled = _is_doubled(nodes[source])
        inputs = nodes[source].inputs if doubled else (source,)
        part = replace(
            node,
            kind=DOUBLED if doubled else CONVOLUTION,
            name=f"{node.name}_of_{nodes[source].name}",
            inputs=tuple(places[each] for each in inputs),
            kernel=kernel,
            bias=np.zeros_like(node.bias) if parts else node.bias,
            activation=None,
            step=nodes[source].window if doubled else (),
        )
        parts.append(part)
        start = stop
    if len(parts) == 1:
        return [replace(parts[0], name=node.name, activation=node.activation, slope=node.slope)]
    inputs = tuple(range(first, first + len(parts)))
    return [*parts, replace(node, kind=SUM, inputs=inputs, kernel=None, bias=None, window=())]


def _ancestors(nodes, index):
    """Find the indices of a node and of all that it needs."""
    found, waiting = set(), [index]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting.extend(nodes[place].inputs)
    return found


def _leaves(nodes, chain, place, last):
    """Tell whether something outside a chain takes one of its tensors but the last."""
    if place == last or nodes[place].kind == INPUT:
        return False
    return any(place in node.inputs for i, node in enumerate(nodes) if i not in chain)
