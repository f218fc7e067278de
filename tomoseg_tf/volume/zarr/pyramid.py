"""Lower resolutions of an image: which there are, and how voxels are joined."""

from dataclasses import dataclass

import numpy as np

SMALL = 256  # voxels a side: a viewer loads that at once


@dataclass(frozen=True)
class Level:
    """One resolution of an image.

    Attributes
    ----------
    shape : tuple of int
        Its sides (Z, Y, X).
    factor : tuple of int
        Voxels of the whole image per voxel of this level, per axis.
    step : tuple of int
        Its voxels per voxel of the next level, per axis: 1 or 2.
    """

    shape: tuple[int, int, int]
    factor: tuple[int, int, int]
    step: tuple[int, int, int]


def plan_levels(shape, spacing=None):
    """Choose the levels of an image: halved until no side is longer than 256 voxels.

    An axis along which voxels are already twice as large as along another waits for it, so that
    voxels come near to cubes.

    Parameters
    ----------
    shape : tuple of three int
        Sides (Z, Y, X) of the image.
    spacing : tuple of three float, optional
        Size of a voxel along (z, y, x); cubes if it is unknown.

    Returns
    -------
    list of Level
        The image itself first; the step of the last one is not used.

    Examples
    --------
    >>> [level.shape for level in plan_levels((100, 600, 500))]
    [(100, 600, 500), (50, 300, 250), (25, 150, 125)]
    """
    sides, sizes, factor, levels = tuple(shape), spacing or (1.0, 1.0, 1.0), (1, 1, 1), []
    while True:
        smallest = min(
            (size for size, side in zip(sizes, sides, strict=True) if side > 1), default=1
        )
        step = tuple(
            2 if side > 1 and size < 2 * smallest else 1
            for size, side in zip(sizes, sides, strict=True)
        )
        levels.append(Level(sides, factor, step))
        if max(sides) <= SMALL:
            return levels
        sides = tuple(-(-side // times) for side, times in zip(sides, step, strict=True))
        sizes = tuple(size * times for size, times in zip(sizes, step, strict=True))
        factor = tuple(count * times for count, times in zip(factor, step, strict=True))


def holds_labels(dtype, classes):
    """Tell whether voxels are numbers of classes or objects, whose mean is no such number.

    Parameters
    ----------
    dtype : dtype
        Type of the voxels.
    classes : bool
        Whether they are said to be classes.

    Returns
    -------
    bool
        Also True for integers of 32 and 64 bits, which labels of objects are and grey levels of
        tomograms are not.
    """
    return classes or (dtype.kind in "iu" and dtype.itemsize > 2)


def halve(slab, step, *, labels):
    """Join the voxels of a slab, two along each axis that is halved.

    Where a side is odd, the last voxels are joined with themselves.

    Parameters
    ----------
    slab : (Z, Y, X) ndarray
        Slices, of which the first is an even one where z is halved.
    step : tuple of int
        Voxels to join along each axis, 1 or 2.
    labels : bool
        Whether the most frequent value is taken, the larger one of equally frequent ones, so that
        thin objects stay; else the mean, whole numbers rounded.

    Returns
    -------
    (z, y, x) ndarray of the same type
    """
    sides = [-(-side // times) for side, times in zip(slab.shape, step, strict=True)]
    result, join = np.empty(sides, slab.dtype), _most_frequent if labels else _mean
    for z in range(sides[0]):
        part = slab[z * step[0] : (z + 1) * step[0]]
        missing = [(0, -side % times) for side, times in zip(part.shape, step, strict=True)]
        if any(high for _, high in missing):
            part = np.pad(part, missing, mode="edge")
        result[z] = join(
            [
                part[k, j :: step[1], i :: step[2]]
                for k in range(step[0])
                for j in range(step[1])
                for i in range(step[2])
            ]
        )
    return result


def _mean(images):
    """Mean of images; whole numbers are rounded, halves up."""
    dtype, count = images[0].dtype, len(images)
    if dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):  # where voxels are infinite
            return sum(image.astype(np.promote_types(dtype, "f4")) for image in images) / count
    total = sum(image.astype(np.int32) for image in images)
    return (2 * total + count) // (2 * count)


def _most_frequent(images):
    """Most frequent value at each place of images, the larger one of equally frequent ones."""
    images = np.stack(images)
    result = images.max(axis=0)
    mixed = images.min(axis=0) != result  # few: most voxels lie inside of objects
    ranked = np.sort(images[:, mixed].T, axis=1).T
    chosen = ranked[-1]
    for count in range(1, len(ranked)):
        for low, high in zip(ranked, ranked[count:], strict=False):
            chosen = np.where(low == high, low, chosen)
    result[mixed] = chosen
    return result
