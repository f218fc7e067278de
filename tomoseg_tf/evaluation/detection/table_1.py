"""Number, size and shape of the objects of truth and segmentation, as the study prints them."""

import numpy as np

from tomoseg_tf.evaluation.detection.scores import pair_columns
from tomoseg_tf.table import aligned


def table_1(detection, *, object_class=None):
    """Sum up the objects of both: number, mean radius and sphericity, as Table 1 of the study [1]_.

    Parameters
    ----------
    detection : Detection
        As `detect_objects` gives it.
    object_class : int, optional
        Class of the objects; all by default.

    Returns
    -------
    dict
        ``all``: every object that passes the filters and does not lie mostly in ignored voxels, as
        in the study; ``matched``: the pairs that count, which are the same objects on both sides.
        Each is a dict with ``truth`` and ``segmentation``: dicts of `table_1_row`.

    References
    ----------
    .. [1] S. Gaudez et al., J. Synchrotron Rad. 29, 1232-1240, 2022.
    """
    alone = []
    for side in detection.pair.sides:
        chosen = side.kept
        if object_class is not None:
            chosen = chosen & (side.columns["class"] == object_class)
        alone.append({name: column[chosen] for name, column in side.columns.items()})
    pairs = pair_columns(detection, object_class=object_class)
    names = ("truth", "segmentation")
    return {
        what: {name: table_1_row(columns) for name, columns in zip(names, both, strict=True)}
        for what, both in (("all", alone), ("matched", pairs))
    }


def table_1_row(columns):
    """Sum up objects as a row of Table 1.

    Parameters
    ----------
    columns : dict from str to (N,) ndarray
        Table of the objects.

    Returns
    -------
    dict
        ``count``, ``mean_radius_voxels``, ``std_radius_voxels`` (of the objects, not of the mean),
        ``mean_sphericity`` by voxel faces, and radii in µm where the table has them; None without
        objects.
    """
    row = {"count": len(columns["label"])}
    for unit in ("voxels", "um"):
        if f"equivalent_radius_{unit}" in columns:
            radius = columns[f"equivalent_radius_{unit}"]
            row[f"mean_radius_{unit}"] = _defined(np.mean, radius)
            row[f"std_radius_{unit}"] = _defined(np.std, radius)
    return row | {"mean_sphericity": _defined(np.mean, columns["sphericity"])}


def table_1_text(rows):
    """Text of `table_1` in the form of the study.

    Parameters
    ----------
    rows : dict from str to dict
        Rows of `table_1_row` by what they are of, such as ``Truth``.

    Returns
    -------
    str
        A line per row under a heading, without a line break at the end.
    """
    head = ["Data", "Number of objects", "Mean radius (voxel)", "Standard deviation (voxel)"]
    lines = [[*head, "Sphericity"]]
    for name, row in rows.items():
        numbers = (row["mean_radius_voxels"], row["std_radius_voxels"])
        cells = ["-" if number is None else f"{number:.2f}" for number in numbers]
        sphericity = row["mean_sphericity"]
        cells.append("-" if sphericity is None else f"{sphericity:.3f}")
        lines.append([name, f"{row['count']:,}", *cells])
    return aligned(lines, rule=1)


def _defined(statistic, values):
    """Statistic of values; None without any."""
    return float(statistic(values)) if len(values) else None
