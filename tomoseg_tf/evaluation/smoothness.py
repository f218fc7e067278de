"""How often the class changes from voxel to voxel, along z and within slices, against the truth."""

from dataclasses import asdict, dataclass

import numpy as np

from tomoseg_tf.evaluation.confusion import check_shapes, class_indices, open_classes
from tomoseg_tf.evaluation.table import format_score
from tomoseg_tf.volume import IGNORE

_SLAB_VOXELS = 8 * 2**20


@dataclass(frozen=True)
class Changes:
    """Pairs of voxels that share a face and have different classes.

    A network of slices decides each slice for itself: its boundaries jump from slice to slice, and
    it has more changes along z than the truth, while those within slices are as many.

    Attributes
    ----------
    z_truth, z_segmentation : int
        Pairs of neighbouring slices.
    slice_truth, slice_segmentation : int
        Pairs within slices, along y and along x together.
    """

    z_truth: int
    z_segmentation: int
    slice_truth: int
    slice_segmentation: int

    @property
    def z_ratio(self):
        """Changes along z over those of the truth, None if it has none."""
        return self.z_segmentation / self.z_truth if self.z_truth else None

    @property
    def slice_ratio(self):
        """Changes within slices over those of the truth, None if it has none."""
        return self.slice_segmentation / self.slice_truth if self.slice_truth else None

    def line(self):
        """Say both ratios in a line of text."""
        parts = ((self.z_ratio, "along z"), (self.slice_ratio, "within slices"))
        told = " and ".join(f"{format_score(ratio)} {where}" for ratio, where in parts)
        return f"Changes of class from voxel to voxel, of those in the truth: {told}"

    def to_dict(self):
        """Return the numbers as plain values for JSON."""
        return {**asdict(self), "z_ratio": self.z_ratio, "slice_ratio": self.slice_ratio}


def class_changes(truth, segmentation):
    """Count the class changes of a segmentation and of its truth.

    Pairs of which either ignores a voxel count in neither. Read slab by slab.

    Parameters
    ----------
    truth, segmentation : path, (Z, Y, X) ndarray of int or Volume
        Classes, as `confusion_matrix` takes them.

    Returns
    -------
    Changes
        The numbers of pairs.

    Raises
    ------
    ValueError
        If the shapes differ or a volume holds no class indices.

    Examples
    --------
    >>> truth = np.array([[[0, 1]], [[0, 1]]])
    >>> class_changes(truth, np.array([[[0, 1]], [[1, 1]]]))
    Changes(z_truth=0, z_segmentation=1, slice_truth=2, slice_segmentation=1)
    """
    truth, segmentation = open_classes(truth), open_classes(segmentation)
    check_shapes(truth, segmentation)
    depth = max(1, _SLAB_VOXELS // (truth.shape[1] * truth.shape[2]))
    totals, before = np.zeros(4, np.int64), None
    for start, true in truth.slabs(depth):
        pair = (
            class_indices(true, f"truth {truth.name}", start),
            class_indices(
                segmentation.read(start, start + len(true)),
                f"segmentation {segmentation.name}",
                start,
            ),
        )
        if before is not None:
            joined = [np.stack([last, slab[0]]) for last, slab in zip(before, pair, strict=True)]
            totals[:2] += _changes(*joined, 0)
        totals[:2] += _changes(*pair, 0)
        totals[2:] += _changes(*pair, 1) + _changes(*pair, 2)
        before = [slab[-1] for slab in pair]
    return Changes(*(int(total) for total in totals))


def _changes(truth, segmentation, axis):
    """Count the changes of both along one axis, where neither ignores a voxel."""
    first, second = _neighbours((truth != IGNORE) & (segmentation != IGNORE), axis)
    counted, found = first & second, []
    for classes in (truth, segmentation):
        first, second = _neighbours(classes, axis)
        found.append(np.count_nonzero(counted & (first != second)))
    return np.array(found)


def _neighbours(array, axis):
    """Return all voxels but the last and all but the first along an axis."""
    length = array.shape[axis]
    moved = np.moveaxis(array, axis, 0)
    return moved[: length - 1], moved[1:]
