"""Boundary scores of whole volumes, streamed slab by slab, with exact 3D distances."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from tomoseg_tf.evaluation.boundary.distances import (
    ONE_SIDED,
    UNDEFINED,
    Distances,
    pair_scores,
)
from tomoseg_tf.evaluation.boundary.nearest import RADIUS, near_distances
from tomoseg_tf.evaluation.boundary.slabs import BoundarySlabs
from tomoseg_tf.evaluation.boundary.voxels import boundary_voxels

_SLAB_VOXELS = 16 * 2**20


class _Window(NamedTuple):
    """A slab in memory: its number, first slice, and slices within `pair` and `edges`."""

    number: int
    start: int
    core: slice
    pair: np.ndarray  # (2, n, Y, X) labels of truth and segmentation
    edges: np.ndarray  # (2, n, Y, X) their boundary voxels


def score_volumes(volumes, units, tolerance, *, jobs, progress=None, depth=None):
    """Score the boundaries in 3D.

    Distances up to three voxels are looked up in each slab and its neighbour slices. What is
    farther is sought in trees of the boundary in that slab, then in the next ones up and down
    until none can be nearer, so that every distance is exact. Some slabs' boundaries are kept,
    others read again when needed: memory stays that of some slabs, and boundaries that are far
    apart in z and too many to be kept take the longer for it.

    Parameters
    ----------
    volumes : VolumePair
        What to compare.
    units : sequence of (tuple of three float, float)
        Voxel size (z, y, x), the smallest 1, and the length by which to multiply it.
    tolerance : float
        Largest distance that counts as hit, in units.
    jobs : int
        Threads; memory grows by some copies of a slab with each.
    progress : callable, optional
        Called as `progress(done, total)` with slices.
    depth : int, optional
        Slices per slab; by default as many as have 16 million voxels.

    Returns
    -------
    list of list of PairScores
        By class and unit.
    """
    depth = depth or max(RADIUS, volumes.depth(_SLAB_VOXELS))
    slabs, classes = BoundarySlabs(volumes, depth), range(volumes.num_classes)
    sums = [[(Distances(), Distances()) for _ in units] for _ in classes]
    with ThreadPoolExecutor(jobs) as pool:
        for start, stop, low, pair in volumes.windows(depth, RADIUS + 1):
            window = _window(start, stop, low, pair, start // depth, pool)
            core = window.core
            slabs.hold(window.number, window.pair[:, core], window.edges[:, core])
            tasks = [
                (index, unit, side)
                for index, unit, side in product(classes, range(len(units)), (0, 1))
                if slabs.counts[window.number, side, index]
            ]
            task = partial(_slab_distances, slabs, window, units)
            for (index, unit, side), some in zip(tasks, pool.map(task, tasks), strict=True):
                sums[index][unit][side].merge(some)
            if progress is not None:
                progress(stop, volumes.shape[0])
    present = slabs.counts.sum(axis=0) > 0
    return [
        [
            _score(present[:, index], sums[index][unit], scale, tolerance)
            for unit, (_, scale) in enumerate(units)
        ]
        for index in classes
    ]


def _window(start, stop, low, pair, number, pool):
    """Find the boundaries of a slab with the slices around that near voxels may lie in."""
    edges = np.stack(list(pool.map(boundary_voxels, pair)))
    first = max(start - RADIUS, 0) - low  # one slice more was read for its faces
    around = slice(first, stop - low + RADIUS)
    core = slice(start - low - first, stop - low - first)
    return _Window(number, start, core, pair[:, around], edges[:, around])


def _slab_distances(slabs, window, units, task):
    """Distances from the boundary of a class in a slab, on one side, to that on the other."""
    index, unit, side = task
    weights, core = units[unit][0], window.core
    points, boundary = (
        np.pad(window.edges[which] & (window.pair[which] == index), RADIUS)
        for which in (side, 1 - side)
    )
    points[: RADIUS + core.start] = False
    points[RADIUS + core.stop :] = False
    distances = Distances()
    left = near_distances(points, boundary, weights, distances)
    if left.size:
        start = np.stack(np.unravel_index(left, points.shape), axis=1) - RADIUS
        start[:, 0] += window.start - core.start
        squared = slabs.search(start, window.number, 1 - side, index, weights)
        distances.add_each(squared[np.isfinite(squared)])
    return distances


def _score(present, distances, scale, tolerance):
    """Scores of a class; `present` tells which sides have a boundary of it."""
    if present.all():
        return pair_scores(*distances, tolerance, scale)
    return ONE_SIDED if present.any() else UNDEFINED
