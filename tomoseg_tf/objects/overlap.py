"""Voxels that the objects of two label volumes have in common, counted slab by slab."""

import numpy as np

from tomoseg_tf.objects.runs import RUNS


class OverlapCounter:
    """Counts the voxels of every pair of labels of two volumes that are read slab by slab.

    Memory grows with the pairs that occur, not with the volume.

    Examples
    --------
    >>> counter = OverlapCounter()
    >>> counter.add(np.array([[[0, 1, 1, 2]]]), np.array([[[0, 7, 7, 7]]]))
    >>> counter.add(np.array([[[1, 1, 0, 0]]]), np.array([[[7, 0, 7, 7]]]))
    >>> counter.table(zeros=False)
    array([[1, 7, 3],
           [2, 7, 1]])
    """

    def __init__(self):
        self._parts, self._rows = [], 0

    def add(self, labels_a, labels_b):
        """Count the voxels of a slab.

        Parameters
        ----------
        labels_a, labels_b : (n, Y, X) ndarray of int
            Labels of both volumes in the same voxels, 0 for the background.

        Raises
        ------
        ValueError
            If the shapes differ, or the labels are no integers of 0 or more.
        """
        labels_a, labels_b = _labels(labels_a, "labels_a"), _labels(labels_b, "labels_b")
        if labels_a.shape != labels_b.shape:
            raise ValueError(
                f"labels_a has shape {labels_a.shape}, labels_b {labels_b.shape}; both must be of "
                "one shape"
            )
        if labels_a.size:
            self._keep(_count_pairs(labels_a.ravel(), labels_b.ravel()))

    def table(self, *, zeros=True):
        """Overlaps so far.

        Parameters
        ----------
        zeros : bool
            Whether voxels with label 0 in either volume are in the table, too.

        Returns
        -------
        (N, 3) ndarray of int64
            Label in the first volume, label in the second, and voxels of both, sorted by the
            labels.
        """
        self._parts = [_add_up(self._parts)]
        self._rows = len(self._parts[0])
        table = self._parts[0]
        return table.copy() if zeros else table[(table[:, :2] > 0).all(axis=1)]

    def _keep(self, part):
        """Hold the pairs of a slab; add up the like ones before they become many."""
        self._parts.append(part)
        self._rows += len(part)
        if self._rows > 2 * len(self._parts[0]) + RUNS:
            self._parts = [_add_up(self._parts)]
            self._rows = len(self._parts[0])


def _labels(labels, name):
    """Take labels as an array of integers of 0 or more."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "bui":
        raise ValueError(f"{name} holds {labels.dtype} values; labels are integers")
    if labels.dtype.kind == "i" and labels.size and labels.min() < 0:
        raise ValueError(f"{name} holds {labels.min()}; labels are 0 or more")
    return labels


def _count_pairs(labels_a, labels_b):
    """Pairs of labels and their voxels, found from runs of equal pairs."""
    changes = (labels_a[1:] != labels_a[:-1]) | (labels_b[1:] != labels_b[:-1])
    first = np.concatenate([[0], np.flatnonzero(changes) + 1])
    length = np.diff(first, append=len(labels_a))
    pairs = [labels[first].astype(np.int64) for labels in (labels_a, labels_b)]
    return _add_up([np.column_stack([*pairs, length])])


def _add_up(parts):
    """Add the voxels of equal pairs; rows sorted by the labels."""
    rows = np.concatenate([np.empty((0, 3), np.int64), *parts])
    if not len(rows):
        return rows
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    first = np.flatnonzero((np.diff(rows[:, :2], axis=0, prepend=-1) != 0).any(axis=1))
    return np.column_stack([rows[first, :2], np.add.reduceat(rows[:, 2], first)])
