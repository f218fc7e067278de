"""The confusion matrix of a segmentation, streamed over volumes of any size."""

from pathlib import Path

import numpy as np

from tomoseg_tf.volume import IGNORE, as_volume, open_truth

_VALUES = 256  # every value that a class index of uint8 can have, IGNORE among them
_SLAB_VOXELS = 8 * 2**20
_INFERRED = 64  # more classes than that are taken for grey levels unless their number is given


def confusion_matrix(truth, segmentation, *, num_classes=None, second_truth=False, progress=None):
    """Count the voxels of every pair of true and predicted class.

    Both volumes are read slab by slab, so that memory stays that of one slab. A path is opened
    with `open_truth` and its automatic palette; arrays and volumes hold class indices as they
    are.

    Parameters
    ----------
    truth : path, (Z, Y, X) ndarray of int or Volume
        True classes, 0 is background; voxels of `IGNORE` (255) are left out.
    segmentation : path, (Z, Y, X) ndarray of int or Volume
        Predicted classes, each voxel one of the classes.
    num_classes : int, optional
        Number of classes with the background, at least 2. Default: the highest class in either
        volume plus one, at least 2.
    second_truth : bool
        Whether the segmentation is the truth of a second operator, whose ignored voxels are left
        out, too; they are an error otherwise.
    progress : callable, optional
        Called as `progress(done, total)` with slices after each slab.

    Returns
    -------
    (C, C) ndarray of int64
        Voxel counts; rows are the truth, columns the prediction.

    Raises
    ------
    ValueError
        If the shapes differ, a volume holds no class indices, or a value is no class: the
        message counts the voxels of each.

    Examples
    --------
    >>> truth = np.array([[[0, 0, 0, 1, 1, 255]]])
    >>> segmentation = np.array([[[0, 0, 1, 1, 0, 1]]])
    >>> confusion_matrix(truth, segmentation)
    array([[2, 1],
           [1, 1]])
    """
    if num_classes is not None and not 2 <= num_classes <= IGNORE:
        raise ValueError(
            f"num_classes is {num_classes}; give 2 to {IGNORE}, the background counts as one"
        )
    truth, segmentation = open_classes(truth), open_classes(segmentation)
    check_shapes(truth, segmentation)
    joint = _joint_counts(truth, segmentation, progress)
    true, predicted = joint.sum(axis=1), joint.sum(axis=0)
    if second_truth:
        predicted = predicted[:IGNORE]
    if num_classes is None:
        num_classes = max(
            _infer_classes(f"truth {truth.name}", true),
            _infer_classes(f"segmentation {segmentation.name}", predicted),
        )
    _check_classes(f"truth {truth.name}", true[:IGNORE], num_classes)
    _check_classes(f"segmentation {segmentation.name}", predicted, num_classes)
    return joint[:num_classes, :num_classes].copy()


def check_shapes(truth, segmentation):
    """Refuse volumes of different shapes.

    Parameters
    ----------
    truth, segmentation : Volume
        What shall be compared.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if tuple(truth.shape) != tuple(segmentation.shape):
        raise ValueError(
            f"truth {truth.name} has shape {tuple(truth.shape)}, segmentation {segmentation.name} "
            f"{tuple(segmentation.shape)}; both must be of one shape"
        )


def open_classes(volume):
    """Open a path as classes by the automatic palette; take arrays and volumes as they are.

    Parameters
    ----------
    volume : path, (Z, Y, X) ndarray of int or Volume
        Classes.

    Returns
    -------
    Volume
        The classes, read lazily.
    """
    return open_truth(volume) if isinstance(volume, str | Path) else as_volume(volume)


def _joint_counts(truth, segmentation, progress):
    """(256, 256) int64 counts of every pair of values, by slab and within it by slice."""
    joint = np.zeros(_VALUES**2, np.int64)
    depth = max(1, _SLAB_VOXELS // (truth.shape[1] * truth.shape[2]))
    for start, true in truth.slabs(depth):
        stop = start + len(true)
        predicted = segmentation.read(start, stop)
        true = class_indices(true, f"truth {truth.name}", start)
        predicted = class_indices(predicted, f"segmentation {segmentation.name}", start)
        for row, column in zip(true, predicted, strict=True):
            pairs = row.astype(np.uint16) * np.uint16(_VALUES) + column
            joint += np.bincount(pairs.ravel(), minlength=_VALUES**2)
        if progress is not None:
            progress(stop, truth.shape[0])
    return joint.reshape(_VALUES, _VALUES)


def class_indices(slab, name, start):
    """Check that a slab holds class indices.

    Parameters
    ----------
    slab : (n, Y, X) ndarray
        Some slices of a volume.
    name : str
        What errors call the volume.
    start : int
        Its first slice.

    Returns
    -------
    (n, Y, X) ndarray of uint8
        The same values.

    Raises
    ------
    ValueError
        If they are no integers, or not between 0 and 255.
    """
    if slab.dtype.kind not in "bui":
        raise ValueError(
            f"{name} holds {slab.dtype} values; class indices are integers (threshold "
            "probabilities first)"
        )
    if slab.dtype.kind == "i" or slab.dtype.itemsize > 1:
        misfits = np.count_nonzero((slab < 0) | (slab > IGNORE))
        if misfits:
            raise ValueError(
                f"{name}: {misfits:,} voxels of slices {start} to {start + len(slab) - 1} are not "
                f"between 0 and {IGNORE}; map the values to classes with a palette"
            )
    return slab.astype(np.uint8, copy=False)


def _infer_classes(name, voxels):
    """Return the highest class plus one, at least 2; ValueError for what looks like grey levels."""
    num_classes = max(2, int(np.flatnonzero(voxels[:IGNORE]).max(initial=0)) + 1)
    if num_classes > _INFERRED:
        raise ValueError(
            f"{name}: its highest value {num_classes - 1} looks like a grey level, not a class; "
            "map the values to classes with a palette or give the number of classes"
        )
    return num_classes


def _check_classes(name, counts, num_classes):
    """Raise ValueError with the count of each value that is no class."""
    values = [value for value in np.flatnonzero(counts) if value >= num_classes]
    if not values:
        return
    listed = ", ".join(f"{value} ({counts[value]:,} voxels)" for value in values[:8])
    more = f" and {len(values) - 8} more" if len(values) > 8 else ""
    second = "; 255 may stay in the truth of a second operator" if IGNORE in values else ""
    raise ValueError(
        f"{name}: {listed}{more} is none of the classes 0 to {num_classes - 1}; map the values "
        f"with a palette or raise the number of classes{second}"
    )
