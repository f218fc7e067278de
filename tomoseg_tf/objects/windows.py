"""Slabs of classes with the slice before each, read ahead of the work."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from tomoseg_tf.volume import IGNORE, inside_of

SLAB_VOXELS = 2**24


class Window(NamedTuple):
    """A slab in memory, with the slice before it and a border of background.

    Attributes
    ----------
    start, stop : int
        First slice of the slab and the one past its last.
    classes : (stop - start + 1, Y + 2, X + 2) ndarray of uint8
        Slice `start - 1`, then the slab; 0 around them, in ignored voxels and outside the sample.
    sample : (stop - start, Y, X) ndarray of bool, or None
        Which voxels of the slab count; None if all do.
    grey : (stop - start, Y, X) ndarray, or None
        Grey levels of the slab.
    corner : tuple of two int
        Row and column of the volume that the slab begins with.
    plane : tuple of two int, or None
        Sides (Y, X) of the volume; None for those of the slab.
    last : bool
        Whether no slab follows.
    """

    start: int
    stop: int
    classes: np.ndarray
    sample: np.ndarray | None
    grey: np.ndarray | None
    corner: tuple = (0, 0)
    plane: tuple | None = None
    last: bool = True


def windows(segmentation, *, volume=None, sample=None, depth=None):
    """Read a segmentation slab by slab; the next slab is read while one is worked on.

    Parameters
    ----------
    segmentation : TruthVolume
        Classes; `IGNORE` (255) counts in nothing.
    volume : Volume, optional
        Grey levels of the same shape.
    sample : Sample, optional
        Which voxels count; all of them by default.
    depth : int, optional
        Slices per slab; as many as have 16 million voxels by default.

    Yields
    ------
    Window
        Each slab once, in order.
    """
    total, height, width = segmentation.shape
    depth = depth or max(1, SLAB_VOXELS // (height * width))
    ranges = [(start, min(start + depth, total)) for start in range(0, total, depth)]
    last = np.zeros((height + 2, width + 2), np.uint8)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(read_slab, segmentation, volume, sample, *ranges[0])
        for number, (start, stop) in enumerate(ranges):
            classes, inside, grey = pending.result()
            if number + 1 < len(ranges):
                pending = pool.submit(read_slab, segmentation, volume, sample, *ranges[number + 1])
            classes[0] = last
            last = classes[-1].copy()
            yield Window(start, stop, classes, inside, grey, last=stop == total)


def read_slab(segmentation, volume, sample, start, stop):
    """Read a slab.

    Parameters
    ----------
    segmentation, volume, sample
        As for `windows`.
    start, stop : int
        First slice and the one past the last.

    Returns
    -------
    classes, sample, grey
        As `Window` has them; the first slice of the classes is left free.
    """
    slab = segmentation.read(start, stop)
    inside = inside_of(sample, start, stop)
    ignored = slab == IGNORE
    if ignored.any():
        inside = ~ignored if inside is None else inside & ~ignored
    if inside is not None:
        slab[~inside] = 0
    classes = np.zeros((len(slab) + 1, slab.shape[1] + 2, slab.shape[2] + 2), np.uint8)
    classes[1:, 1:-1, 1:-1] = slab
    return classes, inside, None if volume is None else volume.read(start, stop)
