"""Voxel scores by the size of the objects: small precipitates are the hard ones."""

from dataclasses import dataclass

import cc3d
import numpy as np

from tomoseg_tf.evaluation.table import format_score
from tomoseg_tf.table import aligned
from tomoseg_tf.volume import IGNORE

_CONNECTIVITY = 26  # voxels that share a face, an edge or a corner are of one object


@dataclass(frozen=True)
class SizeScores:
    """Scores of the objects of one range of equivalent radius; what is not defined is None.

    Attributes
    ----------
    low, high : float or None
        Range `low <= radius < high` in voxels; `high` is None for the last one.
    true_objects, true_voxels : int
        Objects of the truth in the range, and their voxels.
    predicted_objects, predicted_voxels : int
        Objects of the segmentation in the range, and their voxels that truth does not ignore.
    recall : float or None
        Share of the true voxels that are object in the segmentation.
    precision : float or None
        Share of the predicted voxels that are object in the truth.
    dice : float or None
        Harmonic mean of recall and precision, which is the Dice when all objects of both are
        in one range.
    """

    low: float
    high: float | None
    true_objects: int
    true_voxels: int
    predicted_objects: int
    predicted_voxels: int
    recall: float | None
    precision: float | None
    dice: float | None


def scores_by_radius(truth, segmentation, *, edges=(2.0, 5.0), object_class=1):
    r"""Voxel recall, precision and Dice by the equivalent radius of the objects.

    Objects are connected through faces, edges and corners (26 neighbours); the equivalent
    radius of one of V voxels is

    .. math:: r = (3V / 4\pi)^{1/3}

    Recall goes by the objects of the truth, precision by those of the segmentation, so that
    each voxel counts once in each. Works in memory.

    Parameters
    ----------
    truth : (Z, Y, X) ndarray of int
        True classes; `IGNORE` (255) is left out.
    segmentation : (Z, Y, X) ndarray of int
        Predicted classes.
    edges : sequence of float
        Radii in voxels that part the ranges, increasing.
    object_class : int
        Class of the objects.

    Returns
    -------
    tuple of SizeScores
        One per range, `len(edges) + 1`, small objects first.

    Raises
    ------
    ValueError
        If the shapes differ or are not of three sides, or the edges are not positive and
        increasing.
    """
    truth, segmentation = np.asarray(truth), np.asarray(segmentation)
    if truth.ndim != 3 or truth.shape != segmentation.shape:
        raise ValueError(
            f"truth has shape {truth.shape}, segmentation {segmentation.shape}; both must be of "
            "one shape (Z, Y, X)"
        )
    edges = tuple(float(edge) for edge in edges)
    if not all(low < high < np.inf for low, high in zip((0.0, *edges), edges, strict=False)):
        raise ValueError(f"edges {edges}: radii must be positive and increasing")
    true, predicted = truth == object_class, segmentation == object_class
    counted = truth != IGNORE
    found = _by_radius(true, counted, predicted, edges)
    right = _by_radius(predicted, counted, true, edges)
    bounds = zip((0.0, *edges), (*edges, None), strict=True)
    return tuple(
        _size_scores(*bound, *(column[index] for column in (*found, *right)))
        for index, bound in enumerate(bounds)
    )


def size_table(rows):
    """Text of `scores_by_radius`.

    Parameters
    ----------
    rows : sequence of SizeScores
        What to print.

    Returns
    -------
    str
        One line per range under a heading, without a line break at the end.
    """
    head = ["Radius (voxels)", "True objects", "True voxels", "Predicted objects"]
    lines = [[*head, "Recall", "Precision", "Dice"]]
    for row in rows:
        whole = (row.true_objects, row.true_voxels, row.predicted_objects)
        share = (row.recall, row.precision, row.dice)
        lines.append(
            [_range(row), *(f"{n:,}" for n in whole), *(format_score(s, 4) for s in share)]
        )
    return aligned(lines, rule=1)


def _by_radius(objects, counted, other, edges):
    """Objects, counted voxels and voxels that are also in `other`, per range of radius."""
    labels, number = cc3d.connected_components(
        objects.astype(np.uint8), connectivity=_CONNECTIVITY, return_N=True
    )
    volumes, voxels, shared = (
        np.bincount(labels[chosen], minlength=number + 1)[1:]
        for chosen in (objects, objects & counted, objects & counted & other)
    )
    ranges = np.digitize(np.cbrt(3 * volumes / (4 * np.pi)), edges)
    return tuple(
        [int(values[ranges == index].sum()) for index in range(len(edges) + 1)]
        for values in (np.ones(number, int), voxels, shared)
    )


def _size_scores(low, high, true_objects, true_voxels, found, objects, voxels, right):
    """Scores of one range from its counts."""
    recall = found / true_voxels if true_voxels else None
    precision = right / voxels if voxels else None
    dice = None
    if recall is not None and precision is not None:
        both = recall + precision
        dice = 2 * recall * precision / both if both else 0.0
    return SizeScores(
        low, high, true_objects, true_voxels, objects, voxels, recall, precision, dice
    )


def _range(row):
    """Text of the range of a row."""
    if row.high is None:
        return f"> {row.low:g}"
    return f"{row.low:g} to {row.high:g}" if row.low else f"< {row.high:g}"
