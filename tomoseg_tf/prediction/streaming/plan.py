"""Choose how a volume is streamed: the least work that fits the memory."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from tomoseg_tf.prediction.geometry import (
    CONCATENATION,
    CONVOLUTION,
    DOUBLED,
    EXPANSION,
    INPUT,
    LINEAR,
    POINTWISE,
    POOLING,
    SUM,
    UPSAMPLING,
    needed_boxes,
    padded_shape,
    stride,
    volume_of,
)
from tomoseg_tf.prediction.plan import MAX_MEMORY, Plan, candidate_sides
from tomoseg_tf.prediction.streaming.kernels import before_doubling
from tomoseg_tf.prediction.streaming.memory import kept_values
from tomoseg_tf.prediction.streaming.rewrite import compute_again, convolve_before_doubling
from tomoseg_tf.prediction.streaming.schedule import Schedule

STREAMED = {CONVOLUTION, POOLING, UPSAMPLING, EXPANSION, LINEAR, CONCATENATION, SUM, POINTWISE}
WORKSPACE = 1.1  # memory that a stream takes over the tensors that are counted
CHUNKS = 1, 2, 4, 8  # longer ones were no faster, and need more memory
RANGE = 16  # slices that are written at a time, where planes are not cut
START = 2e6  # products that could be made in the time that a step takes to begin
COPY = 10  # products that could be made in the time that copying a value takes


@dataclass(frozen=True)
class StreamPlan(Plan):
    """How a volume is streamed.

    Attributes
    ----------
    tile : tuple of int
        Slices that are written at a time, and sides of the parts of the planes.
    chunk : int
        Slices of the result that are made at a time.
    again : bool
        Whether the first shortcut is computed again rather than held.
    """

    chunk: int = 1
    again: bool = False

    def layers(self):
        """Boxes by z-range, see `Plan.layers`; ranges are counted from slice 0."""
        (low, high), depth = self.roi[0], self.tile[0]
        cuts = [
            [(start, min(start + side, stop)) for start in range(first, stop, side)]
            for (first, stop), side in zip(self.roi[1:], self.tile[1:], strict=True)
        ]
        for start in range(low // depth * depth, high, depth):
            z = max(start, low), min(start + depth, high)
            yield z, [(z, y, x) for y, x in product(*cuts)]


def can_stream(nodes):
    """Tell whether a network can be streamed: its result has the slices that it sees.

    Parameters
    ----------
    nodes : list of Node
        The network.

    Returns
    -------
    bool
    """
    kinds = {node.kind for node in nodes[1:]}
    return nodes[0].kind == INPUT and nodes[-1].factor[0] == 1 and kinds <= STREAMED


def plan_stream(nodes, shape, *, roi, value_bytes=4, voxel_bytes=(1, 1), max_memory=None):
    """Choose the chunk, and parts of the planes, that cost the least work within the memory.

    Parameters
    ----------
    nodes : list of Node
        The network.
    shape : tuple of int
        Sides (Z, Y, X) of the volume.
    roi : tuple of (int, int)
        Part to predict.
    value_bytes : int
        Bytes per value inside the network.
    voxel_bytes : (int, int)
        Bytes per voxel of the volume, and of all results together.
    max_memory : float, optional
        Bytes to stay within; 2.5 GB by default.

    Returns
    -------
    list of Node
        The network as it is to be streamed.
    StreamPlan

    Raises
    ------
    ValueError
        If nothing fits into the memory.
    """
    max_memory = max_memory or MAX_MEMORY
    padded = padded_shape(nodes, shape)
    parts = _Parts(nodes, roi, padded)
    held = convolve_before_doubling(nodes)
    again = compute_again(held)
    pass_once = _work(held, _whole_slices(held, roi, padded), _planes(held, roi[1:], padded))
    best, least = None, np.inf
    for variant, chunk in product([held, again] if again else [held], CHUNKS):
        if chunk > padded[0]:
            continue
        choices = _Choices(variant, Schedule(variant, padded[0], chunk), roi, padded, parts)
        for depth in choices.depths():
            cost, work, memory = choices.of(depth, shape, value_bytes, voxel_bytes)
            least = min(least, memory.min())
            cost = np.where(memory <= max_memory, cost, np.inf)
            place = np.unravel_index(cost.argmin(), cost.shape)
            if best is None or cost[place] < best[0]:
                tile = (min(depth, padded[0]), *parts.sides_at(place))
                best = cost[place], variant, chunk, tile, memory[place], work[place]
    if not np.isfinite(best[0]):
        raise ValueError(
            f"a volume of {' x '.join(map(str, shape))} needs about {least / 1e9:.1f} GB "
            f"in the smallest parts, more than the {max_memory / 1e9:.1f} GB allowed; allow more"
        )
    _, variant, chunk, tile, memory, work = best
    settings = {"chunk": chunk, "again": variant is again}
    overhead = float(work / pass_once)
    return variant, StreamPlan(
        tuple(shape), padded, tuple(roi), tile, int(memory), overhead, **settings
    )


class _Parts:
    """Candidate parts of the planes: whole, or cut into equal ones along y and x."""

    def __init__(self, nodes, roi, padded):
        self.sides = [
            candidate_sides(low, high, step)[::-1]
            for (low, high), step in zip(roi[1:], stride(nodes)[1:], strict=True)
        ]
        self.roi, self.padded = roi, padded
        self.counts = np.outer(
            *(
                np.ceil((high - low) / np.array(sides))
                for (low, high), sides in zip(roi[1:], self.sides, strict=True)
            )
        )

    def sides_at(self, place):
        return tuple(sides[index] for sides, index in zip(self.sides, place, strict=True))

    def planes(self, nodes):
        """Voxels of each node's plane in a part in the middle: (Ny, Nx, nodes)."""
        lengths = []
        for axis, sides in enumerate(self.sides, start=1):
            low, high = self.roi[axis]
            starts = [low + (high - low) // side // 2 * side for side in sides]
            ends = [
                (start, min(start + side, high)) for start, side in zip(starts, sides, strict=True)
            ]
            lengths.append([_lengths(nodes, axis, each, self.roi, self.padded) for each in ends])
        return np.einsum("an,bn->abn", *(np.array(each, np.float64) for each in lengths))


class _Choices:
    """Work and memory of one network with one chunk, for all parts of the planes."""

    def __init__(self, nodes, schedule, roi, padded, parts):
        self.nodes, self.schedule, self.roi, self.padded = nodes, schedule, roi, padded
        self.counts, self.planes = parts.counts, parts.planes(nodes)
        self.values = (self.planes @ kept_values(schedule).T).max(axis=-1)

    def depths(self):
        """Slices of a z-range: one for whole planes, longer ones for parts."""
        chunk = self.schedule.chunk
        depth = -(-RANGE // chunk) * chunk
        yield depth
        while self.counts.size > 1 and depth < self.roi[0][1] - self.roi[0][0]:
            depth *= 2
            yield depth

    def of(self, depth, shape, value_bytes, voxel_bytes):
        """Cost and work in products and memory in bytes, (Ny, Nx) each, for a z-range."""
        (low, high), chunk = self.roi[0], self.schedule.chunk
        start = low + (high - low) // depth // 2 * depth // chunk * chunk
        whole = self._ranges(low, high)
        part = self._ranges(start, min(start + depth, high))
        uncut = self.counts == 1
        ranges = np.where(uncut, 1, -(-(high - low) // depth)) * self.counts
        slices = np.where(uncut[..., None], whole, part)
        work = _work(self.nodes, slices, self.planes) * ranges
        copies = self._copies(slices)
        cost = work + ranges * (
            COPY * copies + START * slices.max(axis=-1) / chunk * len(self.nodes)
        )
        read = np.where(uncut, depth + self.schedule.stops(0)[0], part[0])
        plane = (self.roi[1][1] - self.roi[1][0]) * (self.roi[2][1] - self.roi[2][0])
        result = min(depth, high - low) * (
            plane * voxel_bytes[1] + 8 * self.nodes[-1].channels * self.planes[..., -1]
        )
        slab = read * (shape[1] * shape[2] * voxel_bytes[0] + 8 * self.planes[..., 0])
        memory = WORKSPACE * value_bytes * self.values + slab + result
        return cost, work, memory

    def _ranges(self, low, high):
        """Slices of each node's tensor that a range of the result takes."""
        schedule = self.schedule
        first, last = low // schedule.chunk, (high - 1) // schedule.chunk
        begin = schedule.begin(schedule.joins(first))
        return np.subtract(schedule.stops(last), begin)

    def _copies(self, slices):
        """Values that are copied because chunks take slices of earlier ones again."""
        reach = [
            node.window[0] - 1 if node.window and node.kernel is not None else 0
            for node in self.nodes
        ]
        inside = [sum(self.nodes[each].channels for each in node.inputs) for node in self.nodes]
        steps = np.minimum(slices, slices.max(axis=-1, keepdims=True) / self.schedule.chunk)
        return (steps * self.planes * np.multiply(reach, inside)).sum(axis=-1)


def _work(nodes, slices, planes):
    """Products of the convolutions for so many slices and voxels of the planes of each node."""
    return (slices * planes * [_products(node) for node in nodes]).sum(axis=-1)


def _products(node):
    """Products per voxel of a node's own tensor."""
    if node.kernel is None:
        return 0
    if node.kind == DOUBLED:
        return sum(kernel.size for _, kernel in before_doubling(node.kernel, node.step)) / int(
            np.prod(node.step)
        )
    return node.kernel.size / int(np.prod(node.step))


def _lengths(nodes, axis, ends, roi, padded):
    """Sides along one axis of all tensors for a range of the result along it."""
    box = tuple(ends if other == axis else roi[other] for other in range(3))
    return [
        0 if each is None else each[axis][1] - each[axis][0]
        for each in needed_boxes(nodes, box, padded)
    ]


def _planes(nodes, planes, padded):
    """Voxels of each node's plane when the planes are not cut."""
    boxes = needed_boxes(nodes, ((0, padded[0]), *planes), padded)
    return np.array([volume_of(box[1:]) for box in boxes], np.float64)


def _whole_slices(nodes, roi, padded):
    """Slices of each node's tensor when the part is computed in one piece."""
    return np.array(_lengths(nodes, 0, roi[0], roi, padded))
