"""Matching the objects of two steps: by their overlap, and what is left by distance."""

import numpy as np

from tomoseg_tf.objects.overlap import OverlapCounter

CHUNK = 2**20  # voxels of objects that are moved together


def count_overlaps(before, after, motion, depth):
    """Count the voxels that objects of two steps have in common.

    Parameters
    ----------
    before, after : Volume
        Labels of one shape, of which both slabs are read side by side.
    motion : Rigid
        From places after to places before.
    depth : int
        Slices per slab.

    Returns
    -------
    (N, 3) ndarray of int64
        Label before, label after and voxels in common.
    """
    counter, shape = OverlapCounter(), np.array(before.shape)
    for start in range(0, shape[0], depth):
        labels = after.read(start, min(start + depth, shape[0]))
        places = np.flatnonzero(labels)
        for first in range(0, len(places), CHUNK):
            some = places[first : first + CHUNK]
            where = np.stack(np.unravel_index(some, labels.shape), axis=1) + [start, 0, 0]
            found = np.rint(motion.move(where)).astype(np.int64)
            inside = ((found >= 0) & (found < shape)).all(axis=1)
            if not inside.any():
                continue
            found, own = found[inside], labels.ravel()[some[inside]]
            low, high = int(found[:, 0].min()), int(found[:, 0].max()) + 1
            counter.add(_look_up(before, found, low, high, depth), own[None, None])
    return counter.table(zeros=False)


def _look_up(volume, places, low, high, depth):
    """Read the values of a volume at some places, a slab at a time."""
    values = np.zeros((1, 1, len(places)), volume.dtype)
    for start in range(low, high, depth):
        stop = min(start + depth, high)
        chosen = (places[:, 0] >= start) & (places[:, 0] < stop)
        slab = volume.read(start, stop)
        z, y, x = places[chosen].T
        values[0, 0, chosen] = slab[z - start, y, x]
    return values


def link(overlaps, before, after, motion, *, min_overlap=0.25, max_distance=5.0):
    """Link the objects of two steps.

    Objects of one class are linked whose common voxels are a large enough share of the smaller
    one. Of those that are then without a link, two are linked if each is nearest to the other, from
    centre to centre.

    Parameters
    ----------
    overlaps : (N, 3) ndarray of int64
        As `count_overlaps` gives them.
    before, after : dict from str to (N,) ndarray
        Tables of the objects.
    motion : Rigid
        From places after to places before.
    min_overlap : float
        Least share, above 0 and at most 1.
    max_distance : float
        Farthest distance in voxels.

    Returns
    -------
    (M, 2) ndarray of int64
        Rows in the tables before and after, sorted.
    """
    rows = overlaps[:, :2] - 1  # labels count from 1
    sizes = np.minimum(before["voxels"][rows[:, 0]], after["voxels"][rows[:, 1]])
    alike = before["class"][rows[:, 0]] == after["class"][rows[:, 1]]
    linked = rows[alike & (overlaps[:, 2] >= min_overlap * sizes)]
    near = _nearest(linked, before, after, motion, max_distance)
    linked = np.concatenate([linked, near])
    return linked[np.lexsort(linked.T[::-1])]


def _nearest(linked, before, after, motion, max_distance):
    """Link objects of one class without a link that are nearest to each other."""
    from scipy.spatial import cKDTree  # takes long to import

    pairs = [np.empty((0, 2), np.int64)]
    lone = [
        np.setdiff1d(np.arange(len(table["label"])), linked[:, side])
        for side, table in enumerate((before, after))
    ]
    for index in np.unique(before["class"]):
        rows = [own[t["class"][own] == index] for own, t in zip(lone, (before, after), strict=True)]
        if not min(map(len, rows)):
            continue
        one = centres(before)[rows[0]]
        other = motion.move(centres(after)[rows[1]])
        distance, to = cKDTree(one).query(other)
        _, back = cKDTree(other).query(one)
        mutual = (back[to] == np.arange(len(other))) & (distance <= max_distance)
        pairs.append(np.stack([rows[0][to[mutual]], rows[1][mutual]], axis=1))
    return np.concatenate(pairs)


def centres(table):
    """Centres of objects.

    Parameters
    ----------
    table : dict from str to (N,) ndarray
        Table of the objects.

    Returns
    -------
    (N, 3) ndarray of float64
        Places (z, y, x) in voxels.
    """
    return np.stack([table[f"centroid_{name}"] for name in "zyx"], axis=1)
