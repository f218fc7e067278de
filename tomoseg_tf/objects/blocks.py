"""Voxels by block of the volume, of which error bars are drawn."""

from itertools import pairwise

import numpy as np

SIDE = 4  # blocks along each axis
CLASSES = 256


class BlockCounts:
    """Voxels of each class, and of the sample, in 4 x 4 x 4 equal blocks of a volume.

    Parameters
    ----------
    shape : tuple of three int
        Shape (Z, Y, X); along an axis there are no more blocks than voxels.

    Attributes
    ----------
    classes : (B, 256) ndarray of int64
        Voxels of each class above 0, and nothing in the column of class 0.
    sample : (B,) ndarray of int64
        Voxels that count.
    """

    def __init__(self, shape):
        self._edges = [np.linspace(0, side, min(SIDE, side) + 1).astype(int) for side in shape]
        self._sides = tuple(len(edges) - 1 for edges in self._edges)
        self.classes = np.zeros((int(np.prod(self._sides)), CLASSES), np.int64)
        self.sample = np.zeros(len(self.classes), np.int64)

    def block_of(self, z, y, x):
        """Find the block that a place is in.

        Parameters
        ----------
        z, y, x : (N,) array_like of float
            Places in voxels, within the volume.

        Returns
        -------
        (N,) ndarray of int64
            Numbers from 0 on.
        """
        cells = [
            np.searchsorted(edges[1:-1], place, side="right")
            for edges, place in zip(self._edges, (z, y, x), strict=True)
        ]
        return np.ravel_multi_index(cells, self._sides)

    def add(self, window, runs):
        """Count a slab.

        Parameters
        ----------
        window : Window
            The slab.
        runs : tuple of (R,) ndarray
            Class, length, z, y and x of its runs, which blocks part.
        """
        if runs:
            index, length, z, y, x = runs
            first = self.block_of(z, y, np.zeros_like(x))
            for column, ends in enumerate(pairwise(self._edges[2])):
                within = np.clip(x + length, *ends) - np.clip(x, *ends)
                places = (first + column) * CLASSES + index.astype(np.int64)
                counts = np.bincount(places, within, self.classes.size)
                self.classes += counts.reshape(self.classes.shape).astype(np.int64)
        self.sample += self._sample(window).ravel()

    def _sample(self, window):
        """Voxels of the sample in each block that are in a slab."""
        z, y, x = self._edges
        low, high = (np.clip(ends, window.start, window.stop) for ends in (z[:-1], z[1:]))
        if window.sample is None:
            return np.multiply.outer(np.multiply.outer(high - low, np.diff(y)), np.diff(x))
        columns = np.add.reduceat(window.sample, x[:-1], axis=2, dtype=np.int32)
        cells = np.add.reduceat(columns, y[:-1], axis=1, dtype=np.int64)
        parts = zip(low - window.start, high - window.start, strict=True)
        return np.stack([cells[start:stop].sum(axis=0) for start, stop in parts])
