"""How far the truths of several operators agree, voxel by voxel."""

from itertools import combinations

import numpy as np

from tomoseg_tf.evaluation.confusion import confusion_matrix
from tomoseg_tf.evaluation.scores import counts, dice
from tomoseg_tf.evaluation.table import format_score
from tomoseg_tf.table import aligned


def cohen_kappa(confusion):
    r"""Cohen's kappa: agreement beyond that of chance.

    .. math:: \kappa = (p_o - p_e) / (1 - p_e)

    with the share of voxels that both give the same class, and the share expected of two who give
    classes at random, as often as they do.

    Parameters
    ----------
    confusion : (C, C) array_like of int
        Voxels by the class of one operator and that of the other.

    Returns
    -------
    float
        At most 1; 0 for chance; NaN where both gave all voxels one and the same class.

    References
    ----------
    .. [1] J. Cohen, "A coefficient of agreement for nominal scales", Educ. Psychol. Meas. 20(1),
       37-46, 1960. doi:10.1177/001316446002000104

    Examples
    --------
    >>> round(cohen_kappa([[20, 5], [10, 15]]), 6)
    0.4
    """
    confusion = np.asarray(confusion, float)
    total = confusion.sum()
    if not total:
        return np.nan
    expected = confusion.sum(axis=0) @ confusion.sum(axis=1) / total
    rest = total - expected
    return float((np.trace(confusion) - expected) / rest) if rest > 0 else np.nan


def agreement(truths, *, progress=None):
    """Measure how far each two of several truths agree.

    Voxels that one of the two ignores (255) are left out. All scores stay the same when the two
    change places. Read slab by slab.

    Parameters
    ----------
    truths : sequence of path, (Z, Y, X) ndarray of int or Volume
        Classes of one shape, 0 is background.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices of all pairs.

    Returns
    -------
    list of dict
        For each two, in order: ``pair``, their numbers from 0 on; ``voxels`` compared;
        ``accuracy``, the share of equal voxels; ``kappa``; and ``dice``, a list by class,
        background first. None for what is not defined.

    Raises
    ------
    ValueError
        If the shapes differ, or a volume holds no classes.
    """
    pairs, rows = list(combinations(range(len(truths)), 2)), []
    for number, (one, other) in enumerate(pairs):
        matrix = confusion_matrix(
            truths[one],
            truths[other],
            second_truth=True,
            progress=_part(progress, number, len(pairs)),
        )
        each = counts(matrix)
        equal = int(np.trace(matrix))
        rows.append(
            {
                "pair": [one, other],
                "voxels": int(matrix.sum()),
                "accuracy": equal / int(matrix.sum()) if matrix.any() else None,
                "kappa": _defined(cohen_kappa(matrix)),
                "dice": [_defined(value) for value in dice(*each)],
            }
        )
    return rows


def agreement_table(rows, names):
    """Text of `agreement`.

    Parameters
    ----------
    rows : list of dict
        What to print.
    names : sequence of str
        Names of the truths.

    Returns
    -------
    str
        A line per pair under a heading, without a line break at the end.
    """
    most = max(len(row["dice"]) for row in rows)
    head = ["Truths", "Voxels compared", "Equal", "Kappa", *(f"Dice {n}" for n in range(most))]
    lines = [head]
    for row in rows:
        found = row["dice"] + [None] * (most - len(row["dice"]))
        cells = [format_score(value, 4) for value in (row["accuracy"], row["kappa"], *found)]
        both = " and ".join(names[number] for number in row["pair"])
        lines.append([both, f"{row['voxels']:,}", *cells])
    return aligned(lines, rule=1)


def _defined(value):
    """Take a number for JSON; None where it is not finite."""
    return float(value) if np.isfinite(value) else None


def _part(progress, number, passes):
    """Progress of one of several passes."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, passes * total)
