"""Chords: how often lines in thirteen directions cross an object, which tells its surface."""

from itertools import product

import numpy as np

DENSE = 0.1  # share of object voxels above which those inside are left out first
DIRECTIONS = tuple(step for step in product((-1, 0, 1), repeat=3) if step < (0, 0, 0))
KINDS = tuple(sorted({tuple(map(abs, step)) for step in DIRECTIONS}, key=lambda k: (sum(k), k)))


def kind_of(step):
    """Kind of a direction: parallel to a side of a voxel, a face diagonal or a space diagonal.

    Parameters
    ----------
    step : tuple of three int
        Step (z, y, x), each -1, 0 or 1.

    Returns
    -------
    int
        Index in `KINDS`: 0 x, 1 y, 2 z, 3 yx, 4 zx, 5 zy, 6 zyx.
    """
    return KINDS.index(tuple(map(abs, step)))


def is_neighbour(step, connectivity):
    """Tell whether a step leads to a voxel that is connected.

    Parameters
    ----------
    step : tuple of three int
        Step (z, y, x), each -1, 0 or 1.
    connectivity : int
        6 through faces, 18 also through edges, 26 also through corners.

    Returns
    -------
    bool
        Whether it does.
    """
    return sum(map(abs, step)) <= {6: 1, 18: 2, 26: 3}[connectivity]


def inner_voxels(classes):
    """Find the voxels whose whole neighbourhood, as far as it was read, is of their class.

    Parameters
    ----------
    classes : (n + 1, Y + 2, X + 2) ndarray of uint8
        Padded window; the first slice is that before the slab.

    Returns
    -------
    (n + 1, Y + 2, X + 2) ndarray of bool
        True where no line begins or ends; False in the first slice and in the border.
    """
    low, high = (
        pick(pick(classes[:, :, :-2], classes[:, :, 1:-1]), classes[:, :, 2:])
        for pick in (np.minimum, np.maximum)
    )
    low = np.minimum(np.minimum(low[:, :-2], low[:, 1:-1]), low[:, 2:])
    high = np.maximum(np.maximum(high[:, :-2], high[:, 1:-1]), high[:, 2:])
    inner = np.zeros(classes.shape, bool)
    equal = np.minimum(low[:-1], low[1:]) == np.maximum(high[:-1], high[1:])
    inner[1:, 1:-1, 1:-1] = equal
    return inner


def count_chords(classes, labels, runs, inner, connectivity):
    """Count the lines of each kind that begin in each run.

    A line of voxels begins where the voxel before it in its direction is not of the object; each
    chord of an object is counted once. Voxels of one class that touch but are not connected may
    yet be one object by a way around: they are returned as contacts.

    Parameters
    ----------
    classes : (n + 1, Y + 2, X + 2) ndarray of uint8
        Padded window.
    labels : ndarray of unsigned int
        Labels of its connected objects, of the same shape.
    runs : Runs
        Some of its runs, none in the first slice.
    inner : ndarray of bool, or None
        `inner_voxels`, to be passed over.
    connectivity : int
        6, 18 or 26.

    Returns
    -------
    chords : list of seven (R,) ndarray of float64
        Whole numbers of each run, by kind.
    contacts : (M, 3) ndarray of int64
        Label, label of the voxel before it and kind of each contact.
    """
    flat, marks = classes.ravel(), labels.ravel()
    places = runs.spread(runs.first)
    owners = np.repeat(np.arange(len(runs.first)), runs.length)
    if inner is not None:
        kept = ~inner.ravel()[places]
        places, owners = places[kept], owners[kept]
    own = flat[places]
    counts = np.zeros((len(KINDS), len(places)), np.uint8)
    contacts = [np.empty((0, 3), np.int64)]
    for step in DIRECTIONS[:-1]:
        before = places + _offset(step, classes.shape)
        differ, kind = flat[before] != own, kind_of(step)
        counts[kind] += differ
        if not is_neighbour(step, connectivity):
            same = np.flatnonzero(~differ)
            one, other = marks[places[same]], marks[before[same]]
            apart = one != other
            pairs = (one[apart].astype(np.int64), other[apart].astype(np.int64))
            contacts.append(np.stack([*pairs, np.full(len(pairs[0]), kind)], axis=1))
    chords = [np.bincount(owners, kind, len(runs.first)) for kind in counts]
    chords[0] = np.ones(len(runs.first))  # along x a run is a chord
    return chords, np.concatenate(contacts)


def _offset(step, shape):
    """How far a step leads in the flattened window."""
    return (step[0] * shape[1] + step[1]) * shape[2] + step[2]
