"""Scores from counts: accuracy, recall, precision, intersection over union, Dice."""

from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np

from tomoseg_tf.evaluation.table import scores_table


class Counts(NamedTuple):
    """Voxels of each class against the rest.

    Attributes
    ----------
    tp, fp, fn, tn : (C,) ndarray of int64
        True positives, false positives, false negatives and true negatives.
    """

    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    tn: np.ndarray


def counts(confusion):
    """Count the voxels of each class against the rest.

    Parameters
    ----------
    confusion : (C, C) array_like of int
        Voxels; rows are the truth, columns the prediction.

    Returns
    -------
    Counts
        Four (C,) arrays of int64.

    Raises
    ------
    ValueError
        If the matrix is not square, smaller than 2 x 2, not of integers, or negative.

    Examples
    --------
    >>> counts([[90, 2], [3, 5]]).tp
    array([90,  5])
    """
    confusion = _confusion(confusion)
    tp = np.diagonal(confusion).copy()
    fp = confusion.sum(axis=0) - tp
    fn = confusion.sum(axis=1) - tp
    return Counts(tp, fp, fn, confusion.sum() - tp - fp - fn)


def accuracy(tp, fp, fn, tn):
    """Share of the voxels on which truth and prediction agree; NaN without voxels."""
    return _ratio(tp + tn, tp + fp + fn + tn)


def recall(tp, fp, fn, tn):
    """Share of the true voxels that are found; NaN when there are none."""
    return _ratio(tp, tp + fn)


def precision(tp, fp, fn, tn):
    """Share of the predicted voxels that are true; NaN when there are none."""
    return _ratio(tp, tp + fp)


def iou(tp, fp, fn, tn):
    """Intersection over union (Jaccard index); NaN when the union is empty."""
    return _ratio(tp, tp + fp + fn)


def dice(tp, fp, fn, tn):
    """Dice coefficient (F1): twice the intersection over the sum; NaN when both are empty."""
    return _ratio(2 * tp, 2 * tp + fp + fn)


def normalise_rows(confusion):
    """Confusion matrix as shares of each row; a row without voxels is NaN.

    Parameters
    ----------
    confusion : (C, C) array_like of int
        Voxels; rows are the truth, columns the prediction.

    Returns
    -------
    (C, C) ndarray of float64
        Shares in [0, 1]; the diagonal holds the recalls.
    """
    confusion = _confusion(confusion)
    return _ratio(confusion, confusion.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class; a score that is not defined is None.

    Attributes
    ----------
    name : str
        Name of the class.
    voxels : int
        Voxels of the class in the truth.
    iou, dice, recall, precision : float or None
        Scores in [0, 1].
    """

    name: str
    voxels: int
    iou: float | None
    dice: float | None
    recall: float | None
    precision: float | None


@dataclass(frozen=True, eq=False)
class Scores:
    """Every score of a confusion matrix; a score that is not defined is None.

    Attributes
    ----------
    confusion_matrix : (C, C) ndarray of int64
        Voxels; rows are the truth, columns the prediction.
    accuracy : float or None
        Share of the voxels with the right class.
    miou : float or None
        Mean IoU over the classes, the background included, that are in the truth or the
        prediction.
    classes : tuple of ClassScores
        One per class index, background first.
    """

    confusion_matrix: np.ndarray
    accuracy: float | None
    miou: float | None
    classes: tuple[ClassScores, ...]

    @property
    def names(self):
        """Names of the classes, a tuple of str."""
        return tuple(one.name for one in self.classes)

    @property
    def normalised(self):
        """Confusion matrix as shares of each row, (C, C) float64; empty rows are NaN."""
        return normalise_rows(self.confusion_matrix)

    def to_dict(self):
        """All scores as plain Python values for JSON; what is not defined is None.

        Returns
        -------
        dict
            `accuracy`, `miou`, `confusion_matrix`, `confusion_matrix_normalised` and `classes`,
            a list with the `ClassScores` of each class as dicts.
        """
        return {
            "accuracy": self.accuracy,
            "miou": self.miou,
            "confusion_matrix": self.confusion_matrix.tolist(),
            "confusion_matrix_normalised": [
                [_number(share) for share in row] for row in self.normalised
            ],
            "classes": [asdict(one) for one in self.classes],
        }

    def table(self):
        """Text of the counts, of their row-normalised form and of the scores of each class."""
        return scores_table(self)


def scores(confusion, names=None):
    """All scores of a confusion matrix.

    Parameters
    ----------
    confusion : (C, C) array_like of int
        Voxels; rows are the truth, columns the prediction.
    names : sequence of str, optional
        One name per class, background first. Default: background and object, or background,
        class 1, class 2, ... for more than two.

    Returns
    -------
    Scores
        Scores over all voxels and of each class.

    Raises
    ------
    ValueError
        If the matrix is not square, smaller than 2 x 2, not of integers, negative, or the
        number of names is another.

    Examples
    --------
    >>> result = scores([[90, 2], [3, 5]])
    >>> result.accuracy, result.classes[1].recall
    (0.95, 0.625)
    """
    confusion = _confusion(confusion)
    names = class_names(len(confusion), names)
    each = counts(confusion)
    ious = iou(*each)
    present = ious[~np.isnan(ious)]
    columns = (ious, dice(*each), recall(*each), precision(*each))
    classes = tuple(
        ClassScores(name, int(voxels), *(_number(column[index]) for column in columns))
        for index, (name, voxels) in enumerate(zip(names, confusion.sum(axis=1), strict=True))
    )
    return Scores(
        confusion_matrix=confusion,
        accuracy=_number(_ratio(np.trace(confusion), confusion.sum())),
        miou=float(present.mean()) if len(present) else None,
        classes=classes,
    )


def class_names(num_classes, names=None):
    """Return the names of classes, checked against their number, or the default ones.

    Parameters
    ----------
    num_classes : int
        Number of classes, the background included.
    names : sequence of str, optional
        One name per class, background first.

    Returns
    -------
    tuple of str
        The names; default `background` and `object`, or `class 1`, `class 2`, ... for more.

    Raises
    ------
    ValueError
        If the number of names is another.
    """
    if names is None:
        objects = [f"class {index}" for index in range(1, num_classes)]
        return ("background", *(objects if num_classes > 2 else ["object"]))
    names = tuple(str(name) for name in names)
    if len(names) != num_classes:
        raise ValueError(
            f"{len(names)} names ({', '.join(names)}) for {num_classes} classes; give one name "
            "per class, background first"
        )
    return names


def _confusion(confusion):
    """Return a confusion matrix as int64; ValueError when it is none."""
    confusion = np.asarray(confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1] or len(confusion) < 2:
        raise ValueError(f"confusion matrix has shape {confusion.shape}; it must be (C, C), C > 1")
    if confusion.dtype.kind not in "ui" or (confusion < 0).any():
        raise ValueError("confusion matrix must hold voxel counts: integers of 0 or more")
    return confusion.astype(np.int64)


def _ratio(part, whole):
    """Quotient of counts as float64, NaN where the whole is 0."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def _number(value):
    """Python float of a score, None when it is NaN."""
    return None if np.isnan(value) else float(value)
