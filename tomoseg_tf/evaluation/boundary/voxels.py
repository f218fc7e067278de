"""Boundary voxels of classes."""

import numpy as np

from tomoseg_tf.volume import IGNORE


def boundary_voxels(labels, axes=None):
    """Find the voxels with a face neighbour of another class.

    The edge of the array is no boundary. Neither is that of ignored voxels: they belong to no
    boundary and make none, as if the volume ended there.

    Parameters
    ----------
    labels : ndarray of int
        Classes; `IGNORE` (255) is left out.
    axes : sequence of int, optional
        Axes along which voxels are neighbours, all of them by default; the last two for a stack
        of slices that are looked at one by one.

    Returns
    -------
    ndarray of bool
        True on boundaries, of the shape of the labels. The boundary of class c are those of them
        that are of class c.

    Examples
    --------
    >>> boundary_voxels(np.array([0, 0, 1, 1, 1, 255, 0])).astype(int)
    array([0, 1, 1, 0, 0, 0, 0])
    """
    labels = np.asarray(labels)
    boundary = np.zeros(labels.shape, bool)
    counted = labels != IGNORE
    for axis in range(labels.ndim) if axes is None else axes:
        before, after = ([slice(None)] * labels.ndim for _ in range(2))
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        before, after = tuple(before), tuple(after)
        differ = labels[before] != labels[after]
        differ &= counted[before]
        differ &= counted[after]
        boundary[before] |= differ
        boundary[after] |= differ
    return boundary
