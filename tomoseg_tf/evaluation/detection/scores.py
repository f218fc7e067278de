"""Detection scores of objects, by class and by size, and the bias of size and shape."""

from dataclasses import dataclass
from math import sqrt

import numpy as np


@dataclass(frozen=True)
class DetectionScores:
    """How well the objects of one class, or of one range of radius, were found.

    Attributes
    ----------
    true_objects, predicted_objects : int
        Objects of truth and segmentation that count.
    missed, found : int
        Those of the truth, and those of the segmentation, without a partner.
    precision : float or None
        Share of the predicted objects with a partner; None without any.
    recall : float or None
        Share of the true objects with a partner; None without any.
    f1 : float or None
        Harmonic mean of precision and recall, 0 where one is; None where one is not defined.
    mean_iou : float or None
        Mean intersection over union of the pairs; in a range of radius of its true objects.
    """

    true_objects: int
    predicted_objects: int
    missed: int
    found: int
    precision: float | None
    recall: float | None
    f1: float | None
    mean_iou: float | None


@dataclass(frozen=True)
class Bias:
    """What pairs of objects differ by; what is not defined is None.

    Attributes
    ----------
    mean, median : float or None
        Over the pairs.
    std : float or None
        Standard deviation of the pairs, of at least two.
    standard_error : float or None
        Of the mean: the standard deviation over the root of their number.
    """

    mean: float | None
    median: float | None
    std: float | None
    standard_error: float | None


def detection_scores(detection, *, object_class=None, radii=None):
    """Score the detection of objects.

    Parameters
    ----------
    detection : Detection
        As `detect_objects` gives it.
    object_class : int, optional
        Class of the objects; all by default.
    radii : pair of float, optional
        Range `low <= radius < high` of the equivalent radius in voxels. Recall goes by the true
        objects in it, precision by the predicted ones.

    Returns
    -------
    DetectionScores
        The scores.
    """
    chosen = [
        counted & chosen_objects(side.columns, object_class, radii)
        for side, counted in zip(detection.pair.sides, detection.counted, strict=True)
    ]
    objects = [int(one.sum()) for one in chosen]
    alone = [
        int((one & (own < 0)).sum()) for one, own in zip(chosen, detection.partners, strict=True)
    ]
    recall, precision = (
        (number - left) / number if number else None
        for number, left in zip(objects, alone, strict=True)
    )
    f1 = None
    if recall is not None and precision is not None:
        f1 = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
    shares = detection.iou[chosen[0] & (detection.partners[0] >= 0)]
    mean = float(shares.mean()) if len(shares) else None
    return DetectionScores(*objects, *alone, precision, recall, f1, mean)


def merged_and_split(detection, *, object_class=None):
    """Count objects that hold several of the other volume.

    Parameters
    ----------
    detection : Detection
        As `detect_objects` gives it.
    object_class : int, optional
        Class of the objects; all by default.

    Returns
    -------
    merged : int
        Objects of the segmentation with more than half of each of two or more of the truth.
    split : int
        Objects of the truth with more than half of each of two or more of the segmentation.
    """
    pair, found = detection.pair, []
    for part, whole in ((0, 1), (1, 0)):
        parts, wholes = pair.sides[part], pair.sides[whole]
        rows, holders, shared = (pair.overlaps[:, column] for column in (part, whole, 2))
        held = 2 * shared > parts.columns["voxels"][rows]
        held &= parts.kept[rows] & wholes.kept[holders]
        held &= parts.columns["class"][rows] == wholes.columns["class"][holders]
        held &= chosen_objects(wholes.columns, object_class, None)[holders]
        found.append(int((np.bincount(holders[held]) > 1).sum()))
    return tuple(found)


def pair_bias(detection, *, object_class=None):
    """How much larger and rounder the objects of the segmentation are than those of the truth.

    Parameters
    ----------
    detection : Detection
        As `detect_objects` gives it.
    object_class : int, optional
        Class of the objects; all by default.

    Returns
    -------
    dict from str to Bias
        ``radius_ratio`` and ``volume_ratio``, segmentation over truth, and
        ``sphericity_difference`` and ``sphericity_crofton_difference``, segmentation less truth.
    """
    truth, segmentation = pair_columns(detection, object_class=object_class)
    values = {
        "radius_ratio": _ratio(segmentation, truth, "equivalent_radius_voxels"),
        "volume_ratio": _ratio(segmentation, truth, "voxels"),
        "sphericity_difference": segmentation["sphericity"] - truth["sphericity"],
        "sphericity_crofton_difference": (
            segmentation["sphericity_crofton"] - truth["sphericity_crofton"]
        ),
    }
    return {name: bias(some) for name, some in values.items()}


def bias(values):
    """Sum up what pairs of objects differ by.

    Parameters
    ----------
    values : (N,) array_like of float
        One per pair.

    Returns
    -------
    Bias
        Mean, median, standard deviation and standard error.

    Examples
    --------
    >>> round(bias([1.0, 1.2, 1.4]).standard_error, 4)
    0.1155
    """
    values = np.asarray(values, float)
    if not len(values):
        return Bias(None, None, None, None)
    std = float(values.std(ddof=1)) if len(values) > 1 else None
    error = None if std is None else std / sqrt(len(values))
    return Bias(float(values.mean()), float(np.median(values)), std, error)


def pair_columns(detection, *, object_class=None):
    """Tables of the matched objects.

    Parameters
    ----------
    detection : Detection
        As `detect_objects` gives it.
    object_class : int, optional
        Class of the objects; all by default.

    Returns
    -------
    truth, segmentation : dict from str to (P,) ndarray
        Columns of both, a row per pair.
    """
    sides, rows = detection.pair.sides, detection.matched
    rows = rows[chosen_objects(sides[0].columns, object_class, None)[rows[:, 0]]]
    return tuple(
        {name: column[own] for name, column in side.columns.items()}
        for side, own in zip(sides, rows.T, strict=True)
    )


def chosen_objects(columns, object_class, radii):
    """Choose the objects of a class and of a range of radius.

    Parameters
    ----------
    columns : dict from str to (N,) ndarray
        Table of the objects.
    object_class : int or None
        Class; None for all.
    radii : pair of float or None
        Range `low <= radius < high` in voxels; None for all.

    Returns
    -------
    (N,) ndarray of bool
        Which are.
    """
    chosen = np.ones(len(columns["label"]), bool)
    if object_class is not None:
        chosen &= columns["class"] == object_class
    if radii is not None:
        radius = columns["equivalent_radius_voxels"]
        chosen &= (radius >= radii[0]) & (radius < radii[1])
    return chosen


def _ratio(one, other, name):
    """Quotients of a column."""
    return one[name] / other[name]
