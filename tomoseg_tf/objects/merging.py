"""Objects put together over the borders of slabs; those that are complete leave the work."""

import numpy as np

from tomoseg_tf.objects.cells import contact_sums
from tomoseg_tf.objects.sums import EXTREMES, SUMMED, SUMS, add_columns


class ObjectMerger:
    """Merges the objects of slabs that come in order.

    Two labels are one object where a voxel of the slice between two slabs has both. Only objects
    that reach the last slice stay open; of the others the values are kept
    if they are large enough.
    Every object of a slab has a number, by which its label in the volume is found at the end.

    Parameters
    ----------
    min_voxels : int
        Least size of an object that is kept.
    small : dict from int to int
        Takes the number of objects below that size, by class.
    spacing : tuple of three float
        Size of a voxel along (z, y, x), for the area of the mesh.
    """

    def __init__(self, min_voxels, small, spacing=(1.0, 1.0, 1.0)):
        self._min_voxels, self._spacing = min_voxels, spacing
        empty = np.empty((SUMMED, 0)), np.empty((len(EXTREMES), 0)), np.empty(0, np.int64)
        self._open = empty
        self._below = np.empty(0, np.int64)
        self._kept, self._total, self._small = [], 0, small
        self._links, self._slabs, self._contacts = [], [], []

    def add(self, slab):
        """Merge the next slab with what is open.

        Parameters
        ----------
        slab : SlabObjects
            Its objects.
        """
        numbers = self._open[2]
        owners, count = _joined(self._below, slab.above, len(numbers), slab.sums.shape[1])
        sums, extremes = np.zeros((SUMMED, count)), np.full((len(EXTREMES), count), np.inf)
        add_columns(sums, extremes, owners[: len(numbers)], *self._open[:2])
        add_columns(sums, extremes, owners[len(numbers) :], slab.sums, slab.extremes)
        self._links.append((numbers, self._total + owners[: len(numbers)]))
        own = self._total + owners[len(numbers) :]
        self._slabs.append(own)
        if len(slab.contacts):
            places, labels, codes = slab.contacts.T
            self._contacts.append(np.stack([places, own[labels], codes]))
        below = owners[len(numbers) :][slab.below]
        numbers = self._total + np.arange(count)
        self._total += count
        reaching = np.zeros(count, bool)
        reaching[below] = True
        self._close(sums[:, ~reaching], extremes[:, ~reaching], numbers[~reaching])
        self._open = sums[:, reaching], extremes[:, reaching], numbers[reaching]
        self._below = (np.cumsum(reaching) - 1)[below]

    def finish(self):
        """Close all objects.

        Returns
        -------
        sums, extremes : (N, S) and (N, E) ndarray of float64
            Rows of the objects that are large enough, by their first voxels.
        slabs : list of (L,) ndarray of int64
            For each slab, row of each of its labels, from 0 on; -1 where the object is too small.
        """
        self._close(*self._open)
        parts = zip(*self._kept, strict=True)
        sums, extremes, numbers = (np.concatenate(part, axis=-1) for part in parts)
        order = np.argsort(extremes[0])
        sums, extremes = sums.T[order], extremes.T[order]
        rows = np.full(self._total, -1, np.int64)
        rows[numbers[order]] = np.arange(len(order))
        for old, new in reversed(self._links):
            rows[old] = rows[new]
        self._add_contacts(sums, rows)
        return sums, extremes, [rows[own] for own in self._slabs]

    def _close(self, sums, extremes, numbers):
        """Keep the objects that are large enough, and count the others."""
        large = sums[0] >= self._min_voxels
        self._kept.append((sums[:, large], extremes[:, large], numbers[large]))
        classes, counts = np.unique(extremes[-1, ~large].astype(int), return_counts=True)
        for index, count in zip(classes.tolist(), counts.tolist(), strict=True):
            self._small[index] = self._small.get(index, 0) + count

    def _add_contacts(self, sums, rows):
        """Add the cells in which several parts of one class met, now that it is known whose."""
        if not self._contacts:
            return
        places, numbers, codes = np.concatenate(self._contacts, axis=1)
        own = rows[numbers]
        kept = own >= 0
        more = contact_sums(places[kept], own[kept], codes[kept], len(sums), self._spacing)
        sums[:, len(SUMS) :] += more.T


def _joined(below, above, number_open, number):
    """Find the groups of open objects and labels that share a voxel: group of each, and count."""
    if not len(below):
        return np.arange(number_open + number), number_open + number
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components  # takes long to import

    size = number_open + number
    edges = coo_array((np.ones(len(below), bool), (below, number_open + above)), (size, size))
    count, owners = connected_components(edges, directed=False)
    return owners.astype(np.int64), count
