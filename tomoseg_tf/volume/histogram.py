"""How often each value occurs in a volume of 8- or 16-bit integers."""

import numpy as np

from tomoseg_tf.volume.sample import inside_of

PIECE = 2**20  # numpy.bincount makes 8 bytes of each voxel


def count_values(volume, tick=None, *, sample=None):
    """Count how often each value occurs.

    Parameters
    ----------
    volume : Volume
        Volume of an integer type of at most 16 bits.
    tick : callable, optional
        Called with the number of slices after each slab.
    sample : Sample, optional
        Which voxels count; all if not given.

    Returns
    -------
    values : (N,) ndarray of int64
        All values of the type, in order.
    counts : (N,) ndarray of int64
        How many voxels have each.
    """
    limits = np.iinfo(volume.dtype)
    counts = np.zeros(limits.max - limits.min + 1, np.int64)
    for start, slab in volume.slabs():
        inside = inside_of(sample, start, start + len(slab))
        flat = slab.reshape(-1) if inside is None else slab[inside]
        for first in range(0, flat.size, PIECE):
            piece = flat[first : first + PIECE]
            if limits.min:
                piece = piece.astype(np.int32) - limits.min
            counts += _count_bytes(piece) if piece.itemsize == 1 else _count(piece, len(counts))
        if tick:
            tick(len(slab))
    return np.arange(limits.min, limits.max + 1), counts


def _count(piece, number):
    return np.bincount(piece, minlength=number)


def _count_bytes(piece):
    """Count pairs of bytes, of which there are half as many."""
    even = np.ascontiguousarray(piece[: piece.size // 2 * 2]).view(np.uint16)
    pairs = _count(even, 2**16).reshape(2**8, 2**8)
    return pairs.sum(axis=0) + pairs.sum(axis=1) + _count(piece[len(even) * 2 :], 2**8)
