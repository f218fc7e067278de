"""Counting the grey levels of each class, streamed over volumes of any size."""

from dataclasses import dataclass

import numpy as np

from tomoseg_tf.evaluation import open_classes
from tomoseg_tf.volume import IGNORE, as_volume, inside_of, measure, open_sample

BINS = 1024  # of grey levels that are no integers of 8 or 16 bits
PIECE = 2**20  # numpy.bincount makes 8 bytes of each voxel


@dataclass(frozen=True)
class GreyHistograms:
    """How many voxels of each class have which grey level.

    Attributes
    ----------
    classes : tuple of int
        Classes that occur, rising.
    edges : (N + 1,) ndarray of float64
        Grey levels between the bins; of integers of 8 and 16 bits each has a bin of its own, from
        itself to the next one.
    counts : (C, N) ndarray of int64
        Voxels.
    whole : bool
        Whether each bin is one whole number.
    """

    classes: tuple
    edges: np.ndarray
    counts: np.ndarray
    whole: bool


def class_histograms(volume, segmentation, *, mask=None, progress=None):
    """Count the grey levels of each class, slab by slab.

    Parameters
    ----------
    volume : path, (Z, Y, X) array_like or Volume
        Grey levels. Those of 8 and 16 bits are counted one by one; others in 1024 bins between the
        smallest and the largest, which are found in a pass of their own.
    segmentation : path, (Z, Y, X) array_like of int or Volume
        Classes, 255 is left out; a path is opened with the automatic palette.
    mask : str, path, (Z, Y, X) array_like or Volume, optional
        Which voxels are the sample, as for `tomoseg_tf.volume.open_sample`; all by default.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    GreyHistograms
        Of the classes that occur.

    Raises
    ------
    ValueError
        If the shapes differ, a volume cannot be read, or no voxel counts.
    """
    volume, segmentation = as_volume(volume), open_classes(segmentation)
    if volume.shape != segmentation.shape:
        raise ValueError(
            f"{segmentation.name}: the segmentation has shape {segmentation.shape}, but its volume "
            f"{volume.name} has {volume.shape}; both must be of one shape"
        )
    sample = open_sample(volume, mask)
    whole = volume.dtype.kind in "iu" and volume.dtype.itemsize <= 2
    edges = _edges(volume, sample, whole)
    counts = np.zeros((IGNORE + 1, len(edges) - 1), np.int64)
    for start, slab in volume.slabs(max(1, 2**24 // (volume.shape[1] * volume.shape[2]))):
        stop = start + len(slab)
        classes, inside = segmentation.read(start, stop), inside_of(sample, start, stop)
        if classes.dtype != np.uint8:
            raise ValueError(
                f"{segmentation.name}: classes have type uint8, not {classes.dtype}; give a "
                "segmentation"
            )
        for z in range(len(slab)):
            chosen = slice(None) if inside is None else inside[z]
            _count(counts, slab[z][chosen].ravel(), classes[z][chosen].ravel(), edges, whole)
        if progress is not None:
            progress(stop, volume.shape[0])
    present = np.flatnonzero(counts[:IGNORE].any(axis=1))
    if not len(present):
        raise ValueError(f"{segmentation.name}: no voxel counts; all are ignored or masked")
    return GreyHistograms(tuple(present.tolist()), edges, counts[present], whole)


def _edges(volume, sample, whole):
    """Edges of the bins."""
    if whole:
        limits = np.iinfo(volume.dtype)
        return np.arange(limits.min, limits.max + 2, dtype=np.float64)
    found = measure(volume, (), sample=sample)
    top = found.maximum if found.maximum > found.minimum else found.minimum + 1
    return np.linspace(found.minimum, top, BINS + 1)


def _count(counts, grey, classes, edges, whole):
    """Add the voxels of some part to the counts."""
    number = len(edges) - 1
    for index in np.unique(classes):
        values = grey if (classes == index).all() else grey[classes == index]
        for first in range(0, values.size, PIECE):
            piece = values[first : first + PIECE]
            if whole:
                places = piece.astype(np.int32) - int(edges[0])
            else:
                scaled = (piece.astype(np.float64) - edges[0]) * (number / (edges[-1] - edges[0]))
                places = np.clip(scaled.astype(np.int64), 0, number - 1)
            counts[index] += np.bincount(places, minlength=number)
