"""Pieces of slabs: what a conversion takes beside its result stays small, however large a slice."""

from math import prod

import numpy as np

PIECE = 2**18  # voxels that are converted at a time


def pieces_of(shape):
    """Cut an array into pieces of few voxels that lie near together.

    Parameters
    ----------
    shape : tuple of int
        Its sides.

    Yields
    ------
    tuple of int and slice
        Index of a piece; all pieces together are the array.

    Examples
    --------
    >>> list(pieces_of((3, 2)))
    [(slice(0, 3, None),)]
    """
    sizes = [max(1, prod(shape[axis + 1 :])) for axis in range(len(shape))]
    axis = next((axis for axis, size in enumerate(sizes) if size <= PIECE), None)
    if axis is None:  # a single value
        yield ()
        return
    step = PIECE // sizes[axis]
    for before in np.ndindex(*shape[:axis]):
        for start in range(0, shape[axis], step):
            yield (*before, slice(start, min(start + step, shape[axis])))
