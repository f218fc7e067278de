"""Weights of Miles and Lantuéjoul in a mask, of any shape and size."""

import numpy as np

BLOCKS = 2**21  # of the mask, that are held


def mask_weights(columns, sample, shape):
    """Weights that make up for objects that are cut by the edge of a mask.

    The box of an object, with a voxel more on each side, is rounded outwards to a grid of blocks;
    these are single voxels in volumes of up to 2 million, and so large elsewhere that there are no
    more of them. The object counts if that box lies in the mask; its weight is the voxels of the
    mask over the number of places where such a box does. Sums of weights over the volume of the
    mask are numbers per volume without bias, if objects are everywhere in the mask alike.

    Parameters
    ----------
    columns : dict from str to (N,) ndarray
        Table of the objects.
    sample : Sample
        The mask.
    shape : tuple of three int
        Shape (Z, Y, X) of the volume.

    Returns
    -------
    (N,) ndarray of float64
        Weights of at least 1; NaN for objects that do not count.

    References
    ----------
    .. [1] C. Lantuéjoul, "On the estimation of mean values in individual analysis of particles",
       Microsc. Acta S5, 266-273, 1980.
    """
    steps = block_sides(shape)
    whole, voxels = _whole_blocks(sample, shape, steps)
    sums = _box_sums(whole)
    starts = np.stack([columns[f"{name}_start"] for name in "zyx"], axis=1) - 1
    stops = np.stack([columns[f"{name}_stop"] for name in "zyx"], axis=1) + 1
    first, end = starts // steps, -(-stops // steps)
    inside = ((first >= 0) & (end < sums.shape)).all(axis=1)
    inside[inside] = _filled(sums, first[inside], end[inside])
    sides, which = np.unique((stops - starts)[inside], axis=0, return_inverse=True)
    known, places = {}, np.empty(len(sides))
    for index, box in enumerate(sides):
        places[index] = _places(sums, box, steps, known)
    weights = np.full(len(starts), np.nan)
    weights[inside] = voxels / places[which.ravel()]
    return weights


def block_sides(shape):
    """Choose the sides of blocks so that there are at most 2**21 of them.

    Parameters
    ----------
    shape : tuple of three int
        Shape of the volume.

    Returns
    -------
    (3,) ndarray of int64
        Powers of two, doubled first where there are most blocks.

    Examples
    --------
    >>> block_sides((100, 1000, 1000)).tolist()
    [1, 8, 8]
    """
    shape, steps = np.array(shape), np.ones(3, np.int64)
    while np.prod(-(-shape // steps)) > BLOCKS:
        steps[np.argmax(shape / steps)] *= 2
    return steps


def _whole_blocks(sample, shape, steps):
    """Blocks that lie in the mask and in the volume as a whole, and the voxels of the mask."""
    numbers, voxels = np.array(shape) // steps, 0
    height, width = (numbers * steps)[1:]
    whole = np.empty(numbers, bool)
    for index, start in enumerate(range(0, shape[0], steps[0])):
        slab = sample.inside(start, min(start + steps[0], shape[0]))
        voxels += int(np.count_nonzero(slab))
        if index < numbers[0]:
            plane = slab.all(axis=0)[:height, :width]
            plane = plane.reshape(numbers[1], steps[1], numbers[2], steps[2])
            whole[index] = plane.all(axis=(1, 3))
    return whole, voxels


def _box_sums(whole):
    """Numbers of blocks before each corner of the grid."""
    sums = np.zeros(np.array(whole.shape) + 1, np.int32)
    sums[1:, 1:, 1:] = whole
    for axis in range(3):
        np.cumsum(sums, axis=axis, out=sums)
    return sums


def _filled(sums, first, end):
    """Which boxes of blocks lie in the mask."""
    found = np.zeros(len(first), np.int64)
    for corner in np.ndindex(2, 2, 2):
        z, y, x = np.where(corner, end, first).T
        found += (-1) ** (3 - sum(corner)) * sums[z, y, x]
    return found == np.prod(end - first, axis=1)


def _places(sums, box, steps, known):
    """Places, in voxels, where a box fits when it is rounded outwards to blocks."""
    offsets = [
        np.unique(-(-(np.arange(step) + side) // step), return_counts=True)
        for side, step in zip(box, steps, strict=True)
    ]
    total = 0
    for z, deep in zip(*offsets[0], strict=True):
        for y, high in zip(*offsets[1], strict=True):
            for x, wide in zip(*offsets[2], strict=True):
                if (z, y, x) not in known:
                    known[z, y, x] = _fitting(sums, (z, y, x))
                total += int(deep * high * wide) * known[z, y, x]
    return total


def _fitting(sums, blocks):
    """Places in the grid where a box of so many blocks lies in the mask."""
    if any(number >= side for number, side in zip(blocks, sums.shape, strict=True)):
        return 0
    found = sums
    for axis, number in enumerate(blocks):
        ahead = np.moveaxis(found, axis, 0)
        found = np.moveaxis(ahead[number:] - ahead[:-number], 0, axis)
    return int(np.count_nonzero(found == np.prod(blocks)))
