"""Runs: rows of voxels of one class along x, of which all objects are made."""

from typing import NamedTuple

import numpy as np

VOXELS, RUNS = 2**21, 2**18  # of a piece, which bounds the memory of dense slabs


class Runs(NamedTuple):
    """Runs of a padded window, in the order of its voxels.

    Attributes
    ----------
    first : (R,) ndarray of int64
        Place of the first voxel in the flattened window.
    length : (R,) ndarray of int64
        Voxels.
    """

    first: np.ndarray
    length: np.ndarray

    def pieces(self):
        """Cut into pieces of bounded memory.

        Yields
        ------
        Runs
            Some successive runs, at most 2**18 of them and, unless it is one, 2**21 voxels.
        """
        ends, start = np.cumsum(self.length), 0
        while start < len(ends):
            before = ends[start - 1] if start else 0
            stop = int(np.searchsorted(ends, before + VOXELS, side="right"))
            stop = max(start + 1, min(stop, start + RUNS))
            yield Runs(self.first[start:stop], self.length[start:stop])
            start = stop

    def offsets(self):
        """Where each run begins among the voxels of all.

        Returns
        -------
        (R,) ndarray of int64
            Number of voxels before it.
        """
        return np.cumsum(self.length) - self.length

    def spread(self, first):
        """Place of every voxel, given that of the first voxel of each run.

        Parameters
        ----------
        first : (R,) ndarray of int64
            Places of the first voxels in an array whose last axis is x.

        Returns
        -------
        (N,) ndarray of int64
            Places of all voxels, run by run.
        """
        places = np.arange(int(self.length.sum()))
        places += np.repeat(first - self.offsets(), self.length)
        return places


def find_runs(classes):
    """Find the runs of a padded window.

    Parameters
    ----------
    classes : (n, Y + 2, X + 2) ndarray of uint8
        Classes with a border of 0 along y and x.

    Returns
    -------
    Runs
        Of all classes above 0.

    Examples
    --------
    >>> row = np.array([[[0, 1, 1, 2, 0, 2, 0]]], np.uint8)
    >>> find_runs(row)
    Runs(first=array([1, 3, 5]), length=array([2, 1, 1]))
    """
    flat = classes.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    first = changes[flat[changes + 1] > 0] + 1
    return Runs(first, changes[flat[changes] > 0] + 1 - first)
