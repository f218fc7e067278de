"""Work and memory of the ways in which a volume can be streamed, counted before any is chosen."""

import numpy as np

from tomoseg_tf.prediction.geometry import DOUBLED, needed_boxes, stride, volume_of
from tomoseg_tf.prediction.plan import candidate_sides
from tomoseg_tf.prediction.reading import CHUNKED_BYTES
from tomoseg_tf.prediction.streaming.kernels import before_doubling
from tomoseg_tf.prediction.streaming.memory import (
    alike,
    kept_slices,
    largest_alike,
    values_beside,
)

IN_HAND = 3  # pieces of the volume and of the result there are: made, waiting, being used
RANGE = 8  # slices that are written at a time, where planes are not cut
START = 2e6  # products that could be made in the time that a step takes to begin
COPY = 10  # products that could be made in the time that copying a value takes


class Parts:
    """Candidate parts of the planes: whole, or cut into equal ones along y and x.

    Parameters
    ----------
    nodes : list of Node
        The network.
    roi : tuple of (int, int)
        Part of the volume to predict.
    padded : tuple of int
        Padded sides of the volume.

    Attributes
    ----------
    counts : (Ny, Nx) ndarray of float64
        Parts that cover the planes, for each combination of candidates.
    """

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
        """Sides of the parts of a combination."""
        return tuple(sides[index] for sides, index in zip(self.sides, place, strict=True))

    def sides_of(self, nodes):
        """Sides of each node's plane in a part in the middle: (Ny, 1, nodes), (1, Nx, nodes)."""
        found = []
        for axis, sides in enumerate(self.sides, start=1):
            low, high = self.roi[axis]
            starts = [low + (high - low) // side // 2 * side for side in sides]
            ends = [
                (start, min(start + side, high)) for start, side in zip(starts, sides, strict=True)
            ]
            found.append([_lengths(nodes, axis, each, self.roi, self.padded) for each in ends])
        heights, widths = (np.array(each, np.float64) for each in found)
        return heights[:, None], widths[None]


class Choices:
    """Work and memory of one network with one chunk, for all parts of the planes.

    Parameters
    ----------
    nodes : list of Node
        The network.
    schedule : Schedule
        For the padded slices, with the chunk.
    roi : tuple of (int, int)
        Part of the volume to predict.
    parts : Parts
        Of the planes.
    value_bytes : int
        Bytes per value inside the network.
    """

    def __init__(self, nodes, schedule, roi, parts, value_bytes):
        self.nodes, self.schedule, self.roi, self.counts = nodes, schedule, roi, parts.counts
        heights, widths = parts.sides_of(nodes)
        self.planes = heights * widths
        slices = kept_slices(schedule)
        largest = largest_alike(nodes, self.planes * [node.channels for node in nodes])
        self.value_bytes = value_bytes
        beside = values_beside(nodes, schedule.chunk, heights, widths, value_bytes)
        self.values = beside.max(axis=-1)
        for group in alike(nodes):
            self.values += largest[..., group[0]] * slices[:, group].sum(axis=-1).max()

    def depths(self):
        """Slices of a z-range: one for whole planes, longer ones for parts."""
        chunk = self.schedule.chunk
        depth = -(-RANGE // chunk) * chunk
        yield depth
        while self.counts.size > 1 and depth < self.roi[0][1] - self.roi[0][0]:
            depth *= 2
            yield depth

    def of(self, depth, voxel_bytes):
        """Count for a z-range.

        Parameters
        ----------
        depth : int
            Its slices.
        voxel_bytes : (int, int)
            Bytes per voxel of the volume, and of all results together.

        Returns
        -------
        cost, work, memory : (Ny, Nx) ndarray of float64
            Time in products, products, bytes.
        """
        (low, high), chunk = self.roi[0], self.schedule.chunk
        start = low + (high - low) // depth // 2 * depth // chunk * chunk
        whole = self._ranges(low, high)
        part = self._ranges(start, min(start + depth, high))
        uncut = self.counts == 1
        ranges = np.where(uncut, 1, -(-(high - low) // depth)) * self.counts
        slices = np.where(uncut[..., None], whole, part)
        work = work_of(self.nodes, slices, self.planes) * ranges
        copies = self._copies(slices)
        cost = work + ranges * (
            COPY * copies + START * slices.max(axis=-1) / chunk * len(self.nodes)
        )
        tensors = self.value_bytes * self.values
        return cost, work, tensors + self._buffers(min(depth, high - low), voxel_bytes)

    def _buffers(self, depth, voxel_bytes):
        """Bytes of what is read, of the tiles and results on their way, and of a z-range."""
        taken, given = self.planes[..., 0], self.planes[..., -1] * self.nodes[-1].channels
        read = np.maximum(CHUNKED_BYTES, taken * voxel_bytes[0])
        read = np.minimum(read, taken * voxel_bytes[0] * self.schedule.depth)
        hands = IN_HAND * 4 * self.schedule.chunk * (taken + given)
        return read + hands + depth * volume_of(self.roi[1:]) * voxel_bytes[1]

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


def work_of(nodes, slices, planes):
    """Products of the convolutions for so many slices and voxels of the planes of each node."""
    return (slices * planes * [_products(node) for node in nodes]).sum(axis=-1)


def work_of_one_pass(nodes, roi, padded):
    """Products of the convolutions when the part is computed in one piece."""
    slices = np.array(_lengths(nodes, 0, roi[0], roi, padded))
    boxes = needed_boxes(nodes, ((0, padded[0]), *roi[1:]), padded)
    planes = np.array([volume_of(box[1:]) for box in boxes], np.float64)
    return work_of(nodes, slices, planes)


def _products(node):
    """Products per voxel of a node's own tensor."""
    if node.kernel is None:
        return 0
    if node.kind == DOUBLED:
        kernels = before_doubling(node.kernel, node.step)
        return sum(kernel.size for _, kernel in kernels) / int(np.prod(node.step))
    return node.kernel.size / int(np.prod(node.step))


def _lengths(nodes, axis, ends, roi, padded):
    """Sides along one axis of all tensors for a range of the result along it."""
    box = tuple(ends if other == axis else roi[other] for other in range(3))
    return [
        0 if each is None else each[axis][1] - each[axis][0]
        for each in needed_boxes(nodes, box, padded)
    ]
