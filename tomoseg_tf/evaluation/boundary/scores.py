"""Boundary scores of each class: BF1, BDE, ASSD and HD95, in voxels and in µm."""

import os
from dataclasses import asdict, dataclass
from math import isfinite, isnan

from tomoseg_tf.evaluation.boundary.distances import PairScores
from tomoseg_tf.evaluation.boundary.pair import VolumePair
from tomoseg_tf.evaluation.boundary.slices import score_slices
from tomoseg_tf.evaluation.boundary.volumes import score_volumes
from tomoseg_tf.evaluation.confusion import check_shapes, confusion_matrix, open_classes
from tomoseg_tf.volume.spacing import check_spacing

BOUNDARIES = ("slice", "volume")
TOLERANCE = 4.0
_MOST_JOBS = 8  # more threads wait for one another


@dataclass(frozen=True)
class ClassBoundary:
    """Boundary scores of one class; what is not defined is None.

    Attributes
    ----------
    bf1 : float or None
        Boundary F1 in [0, 1]: harmonic mean of the shares of the true and of the predicted
        boundary that are within the tolerance of the other. 0 where only one has a boundary.
    bde, assd, hd95 : float or None
        In voxels: mean of the two directed mean distances; mean over the voxels of both
        boundaries; larger of the two directed 95th percentiles.
    bf1_um, bde_um, assd_um, hd95_um : float or None
        The same with distances in µm; the tolerance of BF1 is then that number of times the
        smallest voxel side. None when the spacing is unknown.
    slices, one_sided : int or None
        Slices in which either volume has a boundary of the class, and those of them in which
        only one has, which have no distances; None in 3D.
    """

    bf1: float | None
    bde: float | None
    assd: float | None
    hd95: float | None
    bf1_um: float | None = None
    bde_um: float | None = None
    assd_um: float | None = None
    hd95_um: float | None = None
    slices: int | None = None
    one_sided: int | None = None


@dataclass(frozen=True)
class BoundaryScores:
    """Boundary scores of every class and how they were taken.

    Attributes
    ----------
    boundary : {"slice", "volume"}
        Means over z-slices, or distances in 3D.
    tolerance : float
        Of BF1, in voxels.
    spacing : tuple of three float or None
        Voxel size (z, y, x) in µm.
    classes : tuple of ClassBoundary
        One per class index, background first.
    """

    boundary: str
    tolerance: float
    spacing: tuple[float, float, float] | None
    classes: tuple[ClassBoundary, ...]

    def class_dicts(self):
        """Scores of each class for JSON.

        Returns
        -------
        list of dict
            `bf1`, `bde`, `assd` and `hd95`, and the same with ``_um`` when the spacing is known.
        """
        names = PairScores._fields
        if self.spacing is not None:
            names = (*names, *(f"{name}_um" for name in names))
        return [{name: asdict(one)[name] for name in names} for one in self.classes]

    def to_dict(self):
        """How the scores were taken, for JSON.

        Returns
        -------
        dict
            `mode`, `tolerance`, `spacing_um`, and `slices` and `one_sided_slices`, lists with a
            number per class, null in 3D.
        """
        return {
            "mode": self.boundary,
            "tolerance": self.tolerance,
            "spacing_um": self.spacing and list(self.spacing),
            "slices": [one.slices for one in self.classes],
            "one_sided_slices": [one.one_sided for one in self.classes],
        }


def check_tolerance(tolerance):
    """Refuse what is no distance in voxels.

    Parameters
    ----------
    tolerance : float
        Up to which a boundary counts as found.

    Raises
    ------
    ValueError
        If it is negative or not finite.
    """
    if not (tolerance >= 0 and isfinite(tolerance)):
        raise ValueError(f"tolerance is {tolerance}; give 0 or more voxels")


def boundary_scores(
    truth,
    segmentation,
    *,
    num_classes=None,
    boundary="slice",
    tolerance=TOLERANCE,
    spacing=None,
    jobs=None,
    progress=None,
):
    """Score how well the boundaries of each class agree.

    The boundary of a class are its voxels with a face neighbour of another class, in the slice
    or in 3D; the edge of the volume is none. Voxels that either volume ignores (255) belong to no
    boundary and make none, in both. Distances are Euclidean and exact. All scores stay the same
    when truth and segmentation, or the truths of two operators, change places. Read slab by slab.

    Parameters
    ----------
    truth, segmentation : path, (Z, Y, X) ndarray of int or Volume
        Classes, 0 is background; paths are opened with the automatic palette.
    num_classes : int, optional
        Number of classes with the background; by default what occurs, for which both volumes are
        read once more.
    boundary : {"slice", "volume"}
        Mean scores over the z-slices in which either has a boundary, as James et al. [1]_ take
        them, or distances in 3D.
    tolerance : float
        Largest distance in voxels that is a hit for BF1.
    spacing : sequence of three float, optional
        Voxel size (z, y, x) in µm; by default that of the truth, or else of the segmentation.
    jobs : int, optional
        Threads; by default one per processor, 8 at most.
    progress : callable, optional
        Called as `progress(done, total)` with slices.

    Returns
    -------
    BoundaryScores
        The scores.

    Raises
    ------
    ValueError
        If the shapes differ, a volume holds no class indices or cannot be read, or an argument
        is out of range.

    References
    ----------
    .. [1] J. James et al., "3D convolutional neural networks for dendrite segmentation using
       fine-tuning and hyperparameter optimization", arXiv:2205.02334, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.zeros((1, 60, 60), np.uint8)
    >>> truth[:, 10:50, 10:50] = 1
    >>> square = boundary_scores(truth, np.roll(truth, 2, axis=2)).classes[1]
    >>> square.bf1, square.bde
    (1.0, 1.0)
    """
    if boundary not in BOUNDARIES:
        raise ValueError(f"boundary is {boundary!r}; use one of {', '.join(BOUNDARIES)}")
    check_tolerance(tolerance)
    truth, segmentation = open_classes(truth), open_classes(segmentation)
    check_shapes(truth, segmentation)
    if num_classes is None:
        num_classes = len(confusion_matrix(truth, segmentation, second_truth=True))
    spacing = check_spacing(spacing) or truth.spacing or segmentation.spacing
    units, scale = _units(spacing, boundary)
    arguments = VolumePair(truth, segmentation, num_classes), units, float(tolerance)
    options = {"jobs": jobs or _processors(), "progress": progress}
    used = [(None, None)] * num_classes
    if boundary == "slice":
        pairs, used = score_slices(*arguments, **options)
    else:
        pairs = score_volumes(*arguments, **options)
    classes = (
        ClassBoundary(*_numbers(one, scale), *(None if n is None else int(n) for n in number))
        for one, number in zip(pairs, used, strict=True)
    )
    return BoundaryScores(boundary, float(tolerance), spacing, tuple(classes))


def _units(spacing, boundary):
    """Units to measure in, and the µm of a voxel side where voxels will do for µm, too."""
    sides = 2 if boundary == "slice" else 3
    units = [((1.0,) * sides, 1.0)]
    if spacing is None:
        return units, None
    smallest = min(spacing[-sides:])
    weights = tuple(round(side / smallest, 6) for side in spacing[-sides:])
    if weights == units[0][0]:
        return units, smallest
    return [*units, (weights, smallest)], None


def _numbers(pairs, scale):
    """Eight scores, in voxels and in µm, None where not defined."""
    if len(pairs) > 1:
        voxels, micrometres = pairs
    else:
        voxels, micrometres = pairs[0], (None,) * 4
        if scale is not None:
            micrometres = voxels.bf1, *(scale * value for value in voxels[1:])
    return [None if n is None or isnan(n) else float(n) for n in (*voxels, *micrometres)]


def _processors():
    """Processors that this process may use, as far as they help."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2, _MOST_JOBS)
