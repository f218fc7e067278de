"""Boundary scores slice by slice, as they are published: means over the z-slices."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from tomoseg_tf.evaluation.boundary.distances import (
    ONE_SIDED,
    UNDEFINED,
    Distances,
    PairScores,
    pair_scores,
)
from tomoseg_tf.evaluation.boundary.nearest import RADIUS, slice_distances
from tomoseg_tf.evaluation.boundary.voxels import boundary_voxels

_SLAB_VOXELS = 8 * 2**20


def score_slices(volumes, units, tolerance, *, jobs, progress=None):
    """Score the boundaries in each z-slice and take the means.

    A slice counts for a class when either volume has a boundary of it there. Where only one has,
    BF1 is 0, and the distances, which are then not defined, are means over the other slices.

    Parameters
    ----------
    volumes : VolumePair
        What to compare.
    units : sequence of (tuple of two float, float)
        Pixel size (y, x), the smallest 1, and the length by which to multiply it.
    tolerance : float
        Largest distance that counts as hit, in units.
    jobs : int
        Threads; memory grows by some copies of a slice with each.
    progress : callable, optional
        Called as `progress(done, total)` with slices.

    Returns
    -------
    scores : list of list of PairScores
        Means, by class and unit.
    used : (C, 2) ndarray of int
        By class the slices that count, and those of them where only one volume has a boundary.
    """
    number_of_classes, slices = volumes.num_classes, volumes.shape[0]
    task = partial(_score_slice, num_classes=number_of_classes, units=units, tolerance=tolerance)
    shape = number_of_classes, len(units), len(PairScores._fields)
    total, number = np.zeros(shape), np.zeros(shape, int)
    used = np.zeros((number_of_classes, 2), int)
    with ThreadPoolExecutor(jobs) as pool:
        for _, stop, _, pair in volumes.windows(volumes.depth(_SLAB_VOXELS)):
            for scores in pool.map(task, pair.swapaxes(0, 1)):
                defined = ~np.isnan(scores)
                total += np.where(defined, scores, 0.0)
                number += defined
                bf1, bde = defined[:, 0, 0], defined[:, 0, 1]
                used += np.stack([bf1, bf1 & ~bde], axis=1)
            if progress is not None:
                progress(stop, slices)
    means = np.divide(total, number, out=np.full(shape, np.nan), where=number > 0)
    return [[PairScores(*unit) for unit in one] for one in means.tolist()], used


def _score_slice(pair, num_classes, units, tolerance):
    """(C, U, 4) scores of a (2, Y, X) slice of truth and segmentation."""
    edges = [boundary_voxels(labels) for labels in pair]
    true, found = (set(np.unique(one[edge])) for one, edge in zip(pair, edges, strict=True))
    scores = np.tile(np.array(UNDEFINED), (num_classes, len(units), 1))
    for index in true | found:
        if index not in true & found:
            scores[index] = ONE_SIDED
            continue
        masks = [
            np.pad(edge & (labels == index), RADIUS)
            for labels, edge in zip(pair, edges, strict=True)
        ]
        for unit, (weights, scale) in enumerate(units):
            scores[index, unit] = _score_masks(*masks, weights, scale, tolerance)
    return scores


def _score_masks(true, found, weights, scale, tolerance):
    """Scores of two boundaries in a slice, neither of them empty."""
    forth, back = Distances(), Distances()
    slice_distances(true, found, weights, forth)
    slice_distances(found, true, weights, back)
    return pair_scores(forth, back, tolerance, scale)
