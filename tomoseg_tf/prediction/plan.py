"""Choose the tiles: the least work that fits the memory."""

from dataclasses import dataclass, field
from itertools import product

import numpy as np

from tomoseg_tf.prediction.geometry import (
    last_uses,
    needed_boxes,
    padded_shape,
    stride,
    volume_of,
)

MAX_MEMORY = 2.5e9  # bytes for tiles and buffers, beside what Python and Keras take
WORKSPACE = 1.5  # memory that a tile takes over its live tensors
BESIDE = 2  # tiles there are beside the one that is computed: read, and made
MOST_CUTS = 32  # tiles along an axis that are tried


@dataclass(frozen=True)
class Plan:
    """How a volume is cut into tiles.

    Attributes
    ----------
    shape : tuple of int
        Sides (Z, Y, X) of the volume.
    padded : tuple of int
        Sides after padding at the high end to multiples of the network's stride.
    roi : tuple of (int, int)
        Part of the volume to predict.
    tile : tuple of int
        Sides of a tile of the result.
    memory : int
        Expected bytes of a tile in the middle and the buffers.
    overhead : float
        Work over that of one pass over the whole part; 1 if nothing is computed twice.
    reason : str or None
        Why tiles overlap where the network is usually predicted in another way; None if it is not.
    """

    shape: tuple
    padded: tuple
    roi: tuple
    tile: tuple
    memory: int
    overhead: float
    reason: str | None = field(default=None, kw_only=True)

    def layers(self):
        """Tiles by z-range.

        Yields
        ------
        (start, stop) : tuple of int
            Range in z.
        boxes : list of tuple of (int, int)
            Boxes of the tiles in it, row by row.
        """
        cuts = [
            [(start, min(start + side, high)) for start in range(low, high, side)]
            for (low, high), side in zip(self.roi, self.tile, strict=True)
        ]
        for z in cuts[0]:
            yield z, [(z, y, x) for y, x in product(*cuts[1:])]

    @property
    def num_tiles(self):
        """Number of tiles."""
        return sum(len(boxes) for _, boxes in self.layers())


def make_plan(nodes, shape, *, roi, tile=None, value_bytes=4, voxel_bytes=(1, 1), max_memory=None):
    """Choose the tile that costs the least work within the memory.

    Parameters
    ----------
    nodes : list of Node
        The network.
    shape : tuple of int
        Sides (Z, Y, X) of the volume.
    roi : tuple of (int, int)
        Part to predict.
    tile : tuple of (int or None), optional
        Sides of the tiles; those that are not given are chosen within the memory.
    value_bytes : int
        Bytes per value inside the network.
    voxel_bytes : (int, int)
        Bytes per voxel of the volume, and of all results together.
    max_memory : float, optional
        Bytes to stay within; 2.5 GB by default.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If no tile fits into the memory.
    """
    max_memory = max_memory or MAX_MEMORY
    padded = padded_shape(nodes, shape)
    tile = tile or (None, None, None)
    given = None not in tile
    sides = [
        candidate_sides(low, high, step) if side is None else [min(side, high - low)]
        for side, (low, high), step in zip(tile, roi, stride(nodes), strict=True)
    ]
    lengths = [
        np.array([_lengths(nodes, axis, side, roi, padded) for side in candidates])
        for axis, candidates in enumerate(sides)
    ]
    operations, peak = tile_cost(nodes, lengths)
    counts = [
        np.ceil((high - low) / np.array(candidates))
        for (low, high), candidates in zip(roi, sides, strict=True)
    ]
    work = operations * _outer(counts)
    slab = lengths[0][:, 0] * shape[1] * shape[2] * voxel_bytes[0]
    results = np.array(sides[0]) * volume_of(roi[1:]) * voxel_bytes[1]
    tiles = _outer([each[:, 0] for each in lengths]) * 4 * BESIDE
    memory = WORKSPACE * value_bytes * peak + (slab + results)[:, None, None] + tiles

    fits = memory <= max_memory
    if not given and not fits.any():
        raise ValueError(
            f"a volume of {' x '.join(map(str, shape))} needs about {memory.min() / 1e9:.1f} GB "
            f"in the smallest tiles, more than the {max_memory / 1e9:.1f} GB allowed; allow more"
        )
    best = np.unravel_index(np.where(fits | given, work, np.inf).argmin(), work.shape)
    chosen = tuple(candidates[index] for candidates, index in zip(sides, best, strict=True))
    whole, _ = tile_cost(nodes, _whole_lengths(nodes, roi, padded))
    overhead = float(work[best] / whole[0, 0, 0])
    return Plan(tuple(shape), padded, tuple(roi), chosen, int(memory[best]), overhead)


def reasons(plans):
    """List why plans are not the usual ones, each reason once.

    Parameters
    ----------
    plans : sequence of Plan
        The plans.

    Returns
    -------
    list of str
    """
    return list(dict.fromkeys(plan.reason for plan in plans if plan.reason))


def check_roi(roi, volume):
    """Check that a part lies inside a volume.

    Parameters
    ----------
    roi : tuple of (int, int) or None
        (start, stop) per axis; None for the whole volume.
    volume : Volume
        The volume.

    Returns
    -------
    tuple of (int, int)
        The part.

    Raises
    ------
    ValueError
        If it is empty or reaches outside the volume.
    """
    if roi is None:
        return tuple((0, side) for side in volume.shape)
    for axis, (low, high), side in zip("zyx", roi, volume.shape, strict=True):
        if not 0 <= low < high <= side:
            raise ValueError(
                f"roi {low}:{high} along {axis} is not inside 0:{side} of {volume.name}; "
                "give start:stop with start < stop"
            )
    return tuple((int(low), int(high)) for low, high in roi)


def tile_cost(nodes, lengths):
    """Work and memory of tiles from the sides of all their tensors.

    Parameters
    ----------
    nodes : list of Node
        The network.
    lengths : sequence of three (N, nodes) ndarray of int
        Candidate sides of each node's tensor along z, y and x.

    Returns
    -------
    operations : (Nz, Ny, Nx) ndarray of float64
        Multiplications of the convolutions, for each combination.
    peak : (Nz, Ny, Nx) ndarray of float64
        Largest number of values alive at once: the tensors still needed, the
        output of the step, and once more as much as that for the step itself.
    """
    factors = np.array([_products(node) for node in nodes])
    voxels = np.einsum("an,bn,cn->abcn", *(side.astype(np.float64) for side in lengths))
    return voxels @ factors, (voxels @ _alive(nodes).T).max(axis=-1)


def _products(node):
    """Multiplications per voxel of a node's own tensor."""
    if node.kernel is None:
        return 0
    return node.kernel.size // int(np.prod(node.step))  # 1 if it has none


def _alive(nodes):
    """Channels of each node's tensor that are in memory at each step: (steps, nodes)."""
    last = last_uses(nodes)
    alive = np.zeros((len(nodes), len(nodes)))
    for index, node in enumerate(nodes):
        alive[index : last[index] + 1, index] = node.channels
        alive[index, index] *= 2
    return alive


def _lengths(nodes, axis, side, roi, padded):
    """Sides along one axis of all tensors of a tile in the middle of the part."""
    low, high = roi[axis]
    start = low + (high - low) // side // 2 * side
    box = tuple((start, min(start + side, high)) if a == axis else roi[a] for a in range(3))
    boxes = needed_boxes(nodes, box, padded)
    return [0 if box is None else box[axis][1] - box[axis][0] for box in boxes]


def _whole_lengths(nodes, roi, padded):
    """Sides of all tensors when the part is computed in one piece."""
    return [
        np.array([_lengths(nodes, axis, high - low, roi, padded)])
        for axis, (low, high) in enumerate(roi)
    ]


def _outer(vectors):
    """Product of every combination of entries of three vectors."""
    return np.einsum("a,b,c->abc", *vectors)


def candidate_sides(low, high, step):
    """List the sides of tiles worth trying along an axis: equal cuts, rounded up to the stride.

    Parameters
    ----------
    low, high : int
        Part to predict along the axis.
    step : int
        Stride of the network along it.

    Returns
    -------
    list of int
        Ascending.
    """
    length = high - low
    sides = {step * int(np.ceil(length / cuts / step)) for cuts in range(1, MOST_CUTS + 1)}
    return sorted({min(side, length) for side in sides})
