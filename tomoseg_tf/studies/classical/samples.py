"""Random samples of voxels from patches that are gone through once."""

import numpy as np

from tomoseg_tf.volume import IGNORE


def checked(patches, num_classes):
    """Go through patches and refuse those that cannot be used.

    Parameters
    ----------
    patches : iterable of tuple
        Grey levels (Z, Y, X) and truth (Z, Y, X).
    num_classes : int
        Number of classes.

    Yields
    ------
    grey : (Z, Y, X) ndarray of float32
        Grey levels.
    truth : (Z, Y, X) ndarray of uint8
        Classes, `IGNORE` where a voxel has no part.

    Raises
    ------
    ValueError
        If shapes differ, a class is too large, a grey level that counts is not finite, or no
        voxel at all counts.
    """
    counted = 0
    for index, (grey, truth) in enumerate(patches):
        grey, truth = np.asarray(grey, np.float32), np.asarray(truth)
        if grey.ndim != 3 or grey.shape != truth.shape:
            raise ValueError(
                f"patch {index}: grey levels {grey.shape} and truth {truth.shape}; both must be "
                "(Z, Y, X) of one shape"
            )
        known = truth != IGNORE
        largest = int(truth[known].max(initial=0))
        if largest >= num_classes:
            raise ValueError(f"patch {index}: class {largest} in a truth of {num_classes} classes")
        if not np.isfinite(grey[known]).all():
            raise ValueError(f"patch {index}: the grey levels hold NaN or infinity")
        counted += int(known.sum())
        yield np.where(known, grey, np.nan_to_num(grey)), truth.astype(np.uint8)
    if counted == 0:
        raise ValueError("no voxel to fit on: there is no patch, or all of the truth is 255")


class Sample:
    """A uniform random sample of rows that come in portions of unknown number.

    Each row draws a number, and those with the smallest numbers stay.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    limit : int
        Largest number of rows to keep.
    """

    def __init__(self, rng, limit):
        self.rng, self.limit, self.seen = rng, limit, 0
        self._keys, self._rows = np.empty(0), None

    def add(self, rows):
        """Offer rows: (N, ...) ndarray."""
        self.seen += len(rows)
        keys = self.rng.random(len(rows))
        if len(rows) > self.limit:
            chosen = np.argpartition(keys, self.limit)[: self.limit]
            keys, rows = keys[chosen], rows[chosen]
        if self._rows is not None:
            keys = np.concatenate([self._keys, keys])
            rows = np.concatenate([self._rows, rows])
        order = np.argsort(keys, kind="stable")[: self.limit]
        self._keys, self._rows = keys[order], rows[order]

    @property
    def rows(self):
        """The sample: (N, ...) ndarray, N at most the limit; None if nothing was offered."""
        return self._rows


def grey_sample(patches, *, seed, limit):
    """Sample grey levels and their classes evenly over all voxels that count.

    Parameters
    ----------
    patches : iterable of tuple
        From `checked`.
    seed : int
        Seed.
    limit : int
        Largest number of voxels.

    Returns
    -------
    grey : (N,) ndarray of float32
        Grey levels.
    truth : (N,) ndarray of int
        Their classes.
    """
    sample = Sample(np.random.default_rng(seed), limit)
    for grey, truth in patches:
        known = truth != IGNORE
        sample.add(np.stack([grey[known], truth[known].astype(np.float32)], axis=1))
    return sample.rows[:, 0], sample.rows[:, 1].astype(int)


def shares(counts, limit):
    """Voxels to take of each class: as the roots of their counts, between equal and as found.

    Equal numbers make a rare class too likely, and numbers as found let it be missed.

    Parameters
    ----------
    counts : (C,) array_like of int
        Voxels there are of each class.
    limit : int
        Voxels to take in all.

    Returns
    -------
    (C,) ndarray of int
        Voxels to take, no more than there are.

    Examples
    --------
    >>> shares([90000, 10000, 0], 400)
    array([300, 100,   0])
    """
    roots = np.sqrt(np.asarray(counts, float))
    return np.minimum(np.rint(limit * roots / roots.sum()), counts).astype(int)
