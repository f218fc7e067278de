"""The volume of labels, written in a second pass."""

from dataclasses import replace

import numpy as np

from tomoseg_tf.objects.inputs import read_windows
from tomoseg_tf.objects.split import parted_objects
from tomoseg_tf.objects.sums import label_window
from tomoseg_tf.volume import create_volume


def label_type(number):
    """Type of labels: 32 bits, and 64 where they do not suffice.

    Parameters
    ----------
    number : int
        Largest label.

    Returns
    -------
    dtype
        uint32 or uint64.

    Examples
    --------
    >>> label_type(2**32 - 1), label_type(2**32)
    (dtype('uint32'), dtype('uint64'))
    """
    return np.dtype(np.uint32 if number < 2**32 else np.uint64)


def label_slabs(objects, inputs):
    """Label a segmentation again, slab by slab.

    Parameters
    ----------
    objects : Objects
        What was measured.
    inputs : Inputs
        What it was measured in.

    Yields
    ------
    start, stop : int
        First slice of the slab and the one past its last.
    labels : (stop - start, Y, X) ndarray of uint32 or uint64
        Labels of the table; 0 in the background and in objects that were left out.
    """
    dtype = label_type(len(objects))
    overlay = _Overlay(objects, inputs)
    slabs = read_windows(replace(inputs, volume=None), objects.depth)
    for window, labels_of in zip(slabs, objects.slabs, strict=True):
        found, _ = label_window(window, objects.connectivity)
        table = np.concatenate([[0], labels_of]).astype(dtype)
        labels = table[found[1:, 1:-1, 1:-1]]
        overlay.draw(labels, window.start, window.stop)
        yield window.start, window.stop, labels


class _Overlay:
    """Pieces of parted objects, found again as their slices come."""

    def __init__(self, objects, inputs):
        self._split, self._ahead, self._open = objects.split, None, []
        if self._split is not None and self._split.extremes:
            extremes = np.stack(self._split.extremes)
            inputs = replace(inputs, volume=None)
            self._found = parted_objects(inputs, extremes, objects.connectivity, self._split.neck)
            self._ahead = next(self._found)

    def draw(self, labels, start, stop):
        """Draw the pieces that are in some slices."""
        while self._ahead is not None and self._ahead[1].start < stop:
            self._open.append(self._ahead)
            self._ahead = next(self._found, None)
        for row, window in self._open:
            low, high = max(start, window.start), min(stop, window.stop)
            pieces = window.classes[1 + low - window.start : 1 + high - window.start, 1:-1, 1:-1]
            y, x = window.corner
            view = labels[low - start : high - start, y:, x:]
            view = view[:, : pieces.shape[1], : pieces.shape[2]]
            inside = pieces > 0
            view[inside] = self._split.rows[row][pieces[inside] - 1]
        self._open = [one for one in self._open if one[1].stop > stop]


def write_labels(objects, inputs, path, *, overwrite=False, progress=None):
    """Write the labels of the objects of a table as a volume.

    Parameters
    ----------
    objects : Objects
        What was measured.
    inputs : Inputs
        What it was measured in.
    path : str or Path
        Volume of any format; uint32, or uint64 for more than 4,294,967,295 objects.
    overwrite : bool
        Whether an existing one may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Raises
    ------
    ValueError
        If it exists or cannot be written.
    """
    with create_volume(
        path, objects.shape, label_type(len(objects)), spacing=objects.spacing, overwrite=overwrite
    ) as writer:
        for start, stop, labels in label_slabs(objects, inputs):
            writer.write(start, labels)
            if progress is not None:
                progress(stop, objects.shape[0])
