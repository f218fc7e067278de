"""Which slices a network is least sure of, where nobody has labelled them yet."""

import numpy as np

from tomoseg_tf.volume import IGNORE

TOP = 255  # of the entropy as grey levels


def sum_doubt(entropy, truth, *, progress=None):
    """Sum the entropy of each slice over the voxels that are not labelled.

    Parameters
    ----------
    entropy : Volume
        Entropy of the probabilities as uint8 grey levels, 255 for a voxel that may be anything.
    truth : TruthVolume
        Classes, 255 where nothing is labelled.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    doubt : (Z,) ndarray of float64
        The sums: as many voxels that may be anything would be in as much doubt.
    labelled : (Z,) ndarray of float64
        Share of each slice that is labelled.
    """
    doubt, labelled = np.zeros(truth.shape[0]), np.zeros(truth.shape[0])
    for start, classes in truth.slabs():
        stop = start + len(classes)
        unknown = classes == IGNORE
        sums = np.where(unknown, entropy.read(start, stop), 0).sum(axis=(1, 2), dtype=np.int64)
        doubt[start:stop] = sums / TOP
        labelled[start:stop] = 1 - unknown.mean(axis=(1, 2))
        if progress:
            progress(stop, truth.shape[0])
    return doubt, labelled


def choose_slices(doubt, count, apart):
    """Choose slices of great doubt that do not lie near each other.

    Parameters
    ----------
    doubt : (Z,) array_like of float
        Doubt of each slice; slices of 0 are not chosen.
    count : int
        How many at most.
    apart : int
        Least distance of two of them, in slices: neighbours look alike, and the second one
        would teach little more.

    Returns
    -------
    list of int
        Slices, that of the greatest doubt first.

    Examples
    --------
    >>> choose_slices([1, 5, 6, 2, 0, 3], 3, 2)
    [2, 5, 0]
    """
    chosen = []
    for z in np.argsort(-np.asarray(doubt, float), kind="stable").tolist():
        if doubt[z] > 0 and len(chosen) < count and all(abs(z - each) >= apart for each in chosen):
            chosen.append(z)
    return chosen
