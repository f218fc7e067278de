"""Boundary scores as aligned text."""

from tomoseg_tf.evaluation.table import format_score
from tomoseg_tf.table import aligned


def boundary_table(result, names):
    """Text of boundary scores.

    Parameters
    ----------
    result : BoundaryScores
        What to print.
    names : sequence of str
        One name per class.

    Returns
    -------
    str
        One line per class under headings, without a line break at the end.

    Examples
    --------
    >>> from tomoseg_tf.evaluation.boundary import boundary_scores
    >>> import numpy as np
    >>> square = np.zeros((1, 6, 6), int)
    >>> square[:, 2:4, 2:4] = 1
    >>> print(boundary_table(boundary_scores(square, square), ("air", "steel")))
    Boundaries, mean over the slices, BF1 within 4 voxels, distances in voxels
    Class       BF1     BDE    ASSD    HD95  Slices  One-sided
    ----------------------------------------------------------
    air    1.000000  0.0000  0.0000  0.0000       1          0
    steel  1.000000  0.0000  0.0000  0.0000       1          0
    """
    by_slice, spacing = result.boundary == "slice", result.spacing
    where = "mean over the slices" if by_slice else "in 3D"
    unit = "voxels" if spacing is None else "voxels and µm"
    title = f"Boundaries, {where}, BF1 within {result.tolerance:g} voxels, distances in {unit}"
    head = ["Class", "BF1", "BDE", "ASSD", "HD95"]
    if spacing is not None:
        head += ["BDE µm", "ASSD µm", "HD95 µm"]
    if by_slice:
        head += ["Slices", "One-sided"]
    lines = [head]
    for name, one in zip(names, result.classes, strict=True):
        line = [name, format_score(one.bf1), *map(_length, (one.bde, one.assd, one.hd95))]
        if spacing is not None:
            line += map(_length, (one.bde_um, one.assd_um, one.hd95_um))
        if by_slice:
            line += [f"{one.slices:,}", f"{one.one_sided:,}"]
        lines.append(line)
    return f"{title}\n{aligned(lines, rule=1)}"


def _length(value):
    """Text of a distance; a dash when it is not defined."""
    return "-" if value is None else f"{value:.4f}"
