"""Exact distances from one boundary to the nearest voxel of another."""

from functools import lru_cache
from itertools import product
from math import ceil

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

RADIUS = 3  # near voxels are looked up one by one, which is fast for these only
_TREE_SHARE = 20  # a tree is faster than a distance transform for fewer voxels than a 20th


def near_distances(points, boundary, weights, distances, *, many=None):
    """Count the voxels of a boundary that have one of another nearby.

    Parameters
    ----------
    points : ndarray of bool
        Boundary to go from, with an empty margin of `RADIUS` on every side.
    boundary : ndarray of bool
        The other, of the same shape.
    weights : tuple of float
        Voxel size along each axis, the smallest one 1.
    distances : Distances
        Gets the voxels that are done.
    many : int, optional
        Give up when more voxels than that have no direct neighbour.

    Returns
    -------
    (N,) ndarray of int
        Flat indices of the voxels that are farther away.
    """
    left = np.flatnonzero(points > boundary)
    distances.add(0.0, int(np.count_nonzero(points)) - left.size)
    boundary = boundary.reshape(-1)
    for squared, offsets in _shells(tuple(weights), points.shape):
        if not left.size or (many is not None and left.size > many and squared > len(weights)):
            break
        hit = boundary[left + offsets[0]]
        for offset in offsets[1:]:
            hit |= boundary[left + offset]
        missed = left[~hit]
        distances.add(squared, left.size - missed.size)
        left = missed
    return left


def slice_distances(points, boundary, weights, distances):
    """Count the distances of all voxels of a boundary to another one in memory.

    Parameters
    ----------
    points, boundary : ndarray of bool
        As `near_distances` takes them, neither of them empty.
    weights : tuple of float
        Voxel size along each axis, the smallest one 1.
    distances : Distances
        Gets the voxels.
    """
    many = points.size // _TREE_SHARE
    left = near_distances(points, boundary, weights, distances, many=many)
    if not left.size:
        return
    start = np.stack(np.unravel_index(left, points.shape), axis=1)
    if left.size > many:
        nearest = ndimage.distance_transform_edt(
            ~boundary, sampling=weights, return_distances=False, return_indices=True
        )
        end = nearest.reshape(points.ndim, -1)[:, left].T
        distances.add_each(squared_lengths(start - end, weights))
    else:
        end = np.argwhere(boundary)
        distances.add_each(query_tree(build_tree(end, weights), start, end, weights))


def build_tree(voxels, weights):
    """Build a search tree of (N, D) voxel positions, N > 0, with voxels of size `weights`."""
    return KDTree(voxels * np.array(weights), balanced_tree=False, compact_nodes=False)


def query_tree(tree, start, end, weights, bound=np.inf):
    """Squared distances to the nearest voxels of a tree, exact where voxels are cubes.

    Parameters
    ----------
    tree : scipy.spatial.KDTree
        What `build_tree` made of `end`.
    start : (N, D) ndarray of int
        Positions to go from.
    end : (M, D) ndarray of int
        Positions in the tree.
    weights : tuple of float
        Voxel size along each axis.
    bound : float
        Distance from which on nothing is sought.

    Returns
    -------
    (N,) ndarray of float64
        Squared distances, infinite beyond the bound.
    """
    _, found = tree.query(start * np.array(weights), distance_upper_bound=bound)
    squared = np.full(len(start), np.inf)
    within = found < len(end)
    squared[within] = squared_lengths(start[within] - end[found[within]], weights)
    return squared


def squared_lengths(steps, weights):
    """Squared lengths of (N, D) steps in voxels of the size `weights`."""
    return ((steps * np.array(weights)) ** 2).sum(axis=1)


@lru_cache(maxsize=64)
def _shells(weights, shape):
    """Squared distances up to `RADIUS`, increasing, and the flat offsets that have each."""
    strides = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    shells = {}
    sides = [range(-n, n + 1) for n in (ceil(RADIUS / weight) for weight in weights)]
    for step in product(*sides):
        squared = float(sum((n * weight) ** 2 for n, weight in zip(step, weights, strict=True)))
        if 0 < squared <= RADIUS**2:
            offset = sum(n * stride for n, stride in zip(step, strides, strict=True))
            shells.setdefault(squared, []).append(offset)
    return tuple(sorted(shells.items()))
