"""Chords: how often lines in thirteen directions cross an object, which tells its surface."""

from functools import lru_cache
from itertools import product

import numpy as np

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


@lru_cache(maxsize=1)
def chord_table():
    """Chords that begin in a cell of 2 x 2 x 2 voxels, as shares of those cells that see them.

    A chord begins where a voxel is of the object and the voxel before it in its direction is not.
    Such a pair along a side of a voxel is seen by four cells, along a face diagonal by two.

    Returns
    -------
    (7, 256) ndarray of float64
        Shares by kind for each code of `tomoseg_tf.objects.cells`, multiples of 1/4.
    """
    codes = np.arange(256)
    table = np.zeros((len(KINDS), len(codes)))
    corners = list(product((0, 1), repeat=3))
    for step in DIRECTIONS:
        pairs = []
        for number, corner in enumerate(corners):
            before = tuple(at + move for at, move in zip(corner, step, strict=True))
            if before in corners:
                pairs.append((number, corners.index(before)))
        for number, other in pairs:
            begins = (codes >> number & 1) & ~(codes >> other) & 1
            table[kind_of(step)] += begins / len(pairs)
    return table
