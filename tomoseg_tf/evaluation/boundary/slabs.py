"""Boundary voxels by slab, kept while there is room and read again when there was none."""

from collections import OrderedDict
from threading import Lock

import numpy as np

from tomoseg_tf.evaluation.boundary.nearest import build_tree, query_tree
from tomoseg_tf.evaluation.boundary.voxels import boundary_voxels

KEPT_VOXELS = 4_000_000  # of some 60 bytes with its place in a tree


class BoundarySlabs:
    """The boundaries of two volumes, slab by slab, for searches that go beyond a slab.

    Parameters
    ----------
    volumes : VolumePair
        What is compared.
    depth : int
        Slices per slab.

    Attributes
    ----------
    counts : (slabs, 2, C) ndarray of int64
        Boundary voxels by slab, volume and class; -1 where not yet known.
    """

    def __init__(self, volumes, depth):
        self._volumes, self._depth, self._total = volumes, depth, volumes.shape[0]
        slabs = -(-self._total // depth)
        self.counts = np.full((slabs, 2, volumes.num_classes), -1, np.int64)
        self._kept, self._lock, self._current = OrderedDict(), Lock(), None

    def hold(self, number, pair, edges):
        """Take a slab that is in memory, so that it need not be read.

        Parameters
        ----------
        number : int
            Which one.
        pair : (2, n, Y, X) ndarray of uint8
            Truth and segmentation.
        edges : (2, n, Y, X) ndarray of bool
            Their boundary voxels.
        """
        self._current = number, pair, edges
        self._count(number, pair, edges)

    def search(self, start, number, side, index, weights):
        """Squared distances of voxels to the nearest boundary voxel of a volume.

        Parameters
        ----------
        start : (N, 3) ndarray of int
            Voxels of one slab, as (z, y, x).
        number : int
            That slab.
        side : int
            0 to search in the truth, 1 in the segmentation.
        index : int
            Class of the boundary.
        weights : tuple of float
            Voxel size (z, y, x).

        Returns
        -------
        (N,) ndarray of float64
            Squared distances; all infinite when the class has no boundary.
        """
        best, closed = np.full(len(start), np.inf), set()
        for other in sorted(range(len(self.counts)), key=lambda one: abs(one - number)):
            direction = np.sign(other - number)
            if direction in closed:
                continue
            gap = self._gap(start[:, 0], other) * weights[0]
            reached = np.flatnonzero(gap**2 < best)
            if not reached.size:
                closed.add(direction)
                continue
            voxels, tree = self._tree(other, side, index, weights)
            if tree is not None:
                bound = np.sqrt(best[reached].max()) * (1 + 1e-9)
                squared = query_tree(tree, start[reached], voxels, weights, bound)
                best[reached] = np.minimum(best[reached], squared)
        return best

    def _gap(self, z, number):
        """Slices between voxels and a slab, 0 within it."""
        low = number * self._depth
        high = min(low + self._depth, self._total) - 1
        return np.maximum(np.maximum(low - z, z - high), 0)

    def _tree(self, number, side, index, weights):
        """Boundary voxels of a class in a slab and their tree; None and None without any."""
        if self.counts[number, side, index] == 0:
            return None, None
        with self._lock:
            voxels, trees = self._slab(number)
        voxels, key = voxels[side][index], (side, index, weights)
        if len(voxels) and key not in trees:
            trees[key] = build_tree(voxels, weights)
        return (voxels, trees[key]) if len(voxels) else (None, None)

    def _slab(self, number):
        """Voxels by side and class, and trees, of a slab; drops those not used for longest."""
        if number not in self._kept:
            pair, edges = self._load(number)
            start = number * self._depth
            voxels = [self._voxels(*one, start) for one in zip(pair, edges, strict=True)]
            self._kept[number] = voxels, {}
        self._kept.move_to_end(number)
        while len(self._kept) > 1 and self.counts[list(self._kept)].sum() > KEPT_VOXELS:
            self._kept.popitem(last=False)
        return self._kept[number]

    def _load(self, number):
        """Labels and boundary voxels of a slab, read unless it is the one in memory."""
        if self._current is not None and self._current[0] == number:
            return self._current[1:]
        start = number * self._depth
        stop = min(start + self._depth, self._total)
        low = max(start - 1, 0)
        pair = self._volumes.read(low, min(stop + 1, self._total))
        edges = np.stack([boundary_voxels(labels) for labels in pair])
        core = slice(start - low, stop - low)
        pair, edges = pair[:, core], edges[:, core]
        self._count(number, pair, edges)
        return pair, edges

    def _count(self, number, pair, edges):
        """Count the boundary voxels of each class."""
        for side in (0, 1):
            values = pair[side][edges[side]]
            self.counts[number, side] = np.bincount(values, minlength=self._volumes.num_classes)

    def _voxels(self, labels, edges, start):
        """Boundary voxels of each class as (N, 3) arrays of int32."""
        places = np.stack([axis.astype(np.int32) for axis in np.nonzero(edges)], axis=1)
        values = labels[edges]
        places[:, 0] += start
        return [places[values == index] for index in range(self._volumes.num_classes)]
