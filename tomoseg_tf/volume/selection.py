"""Voxels of given rank in a volume of wide type, by radix selection: exact, in a few passes."""

import numpy as np

from tomoseg_tf.volume.sample import inside_of

PIECE = 2**20
DIGIT = 16  # bits that a pass settles


def passes(dtype):
    """Count the passes over a volume that a selection needs.

    Parameters
    ----------
    dtype : dtype
        Type of the voxels.

    Returns
    -------
    int
        One for each 16 bits.
    """
    return np.dtype(dtype).itemsize * 8 // DIGIT


def order_statistics(volume, ranks, tick=None, *, sample=None):
    """Find the voxels that have given ranks when all are sorted.

    Each pass counts, for the keys that begin with the bits known so far, the next 16 bits.

    Parameters
    ----------
    volume : Volume
        Volume of an integer or float type of 16, 32 or 64 bits, without NaN in the sample.
    ranks : sequence of int
        Ranks from 0, the smallest, to the number of voxels less one.
    tick : callable, optional
        Called with the number of slices after each slab.
    sample : Sample, optional
        Which voxels count; all if not given.

    Returns
    -------
    list of number
        The value of each rank.
    """
    if not ranks:
        return []
    prefixes = [0] * len(ranks)
    rests = list(ranks)
    for shift in reversed(range(0, volume.dtype.itemsize * 8, DIGIT)):
        counts = _count_digits(volume, sorted(set(prefixes)), shift, tick, sample)
        for index, (prefix, rest) in enumerate(zip(prefixes, rests, strict=True)):
            cumulative = np.cumsum(counts[prefix])
            digit = int(np.searchsorted(cumulative, rest, side="right"))
            rests[index] = rest - (int(cumulative[digit - 1]) if digit else 0)
            prefixes[index] = prefix << DIGIT | digit
    keys = np.array(prefixes, f"u{volume.dtype.itemsize}")
    return list(_values(keys, volume.dtype))


def _count_digits(volume, prefixes, shift, tick, sample):
    """Histogram of the 16 bits above `shift` among the keys that have each prefix."""
    counts = {prefix: np.zeros(2**DIGIT, np.int64) for prefix in prefixes}
    top = shift + DIGIT == volume.dtype.itemsize * 8
    for start, slab in volume.slabs():
        inside = inside_of(sample, start, start + len(slab))
        flat = slab.reshape(-1) if inside is None else slab[inside]
        for first in range(0, flat.size, PIECE):
            heads = _keys(flat[first : first + PIECE]) >> shift
            digits = (heads & (2**DIGIT - 1)).astype(np.uint16)
            for prefix in prefixes:
                chosen = digits if top else digits[heads >> DIGIT == prefix]
                counts[prefix] += np.bincount(chosen, minlength=2**DIGIT)
        if tick:
            tick(len(slab))
    return counts


def _keys(values):
    """Unsigned integers in the order of the values."""
    kind, bits = values.dtype.kind, values.dtype.itemsize * 8
    unsigned = np.dtype(f"u{bits // 8}")
    sign = unsigned.type(1 << bits - 1)
    if kind == "u":
        return values
    if kind == "i":
        return values.view(unsigned) ^ sign
    keys = (values + values.dtype.type(0)).view(unsigned)  # -0.0 becomes 0.0
    return np.where(keys & sign, ~keys, keys | sign)


def _values(keys, dtype):
    """Values that the keys stand for."""
    bits = dtype.itemsize * 8
    sign = keys.dtype.type(1 << bits - 1)
    if dtype.kind == "u":
        return keys
    if dtype.kind == "i":
        return (keys ^ sign).view(dtype)
    return np.where(keys & sign, keys ^ sign, ~keys).view(dtype)
