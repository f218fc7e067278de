"""The table of matched, missed and found objects, and what is printed of it."""

import numpy as np

from tomoseg_tf.evaluation.detection.table_1 import table_1_text
from tomoseg_tf.evaluation.table import format_score
from tomoseg_tf.table import aligned

_SIZES = ("voxels", "equivalent_radius_voxels", "equivalent_radius_um")
_SHAPES = ("sphericity", "sphericity_crofton", "sphericity_mesh")


def detection_columns(detection):
    """Table of the objects that count: matched, then missed, then found.

    Parameters
    ----------
    detection : Detection
        As `detect_objects` gives it.

    Returns
    -------
    dict from str to (N,) ndarray
        ``state``; ``class``; labels in ``truth_label`` and ``segmentation_label``, as the table of
        objects with the same filters has them, 0 without a partner and for
        what ignored voxels leave of an object that is not in that table; ``centroid_z`` to
        ``centroid_x`` of the true object, or else of the one found; sizes and shapes of both, NaN
        or 0 without a partner; ``overlap_voxels`` and ``iou`` of a pair; and ``other_class``, for
        one without a partner: the class of that object of the other volume that has most of its
        voxels, or 0.
    """
    rows = np.full((0, 2), -1)
    states = np.repeat(
        ["matched", "missed", "found"],
        [len(detection.matched), len(detection.missed), len(detection.found)],
    )
    missed = np.column_stack([detection.missed, np.full(len(detection.missed), -1)])
    found = np.column_stack([np.full(len(detection.found), -1), detection.found])
    rows = np.concatenate([rows, detection.matched, missed, found]).astype(np.int64)
    sides = detection.pair.sides
    names = ("truth", "segmentation")
    columns = {"state": states, "class": _either(sides, rows, "class")}
    for side, name, own in zip(sides, names, rows.T, strict=True):
        columns[f"{name}_label"] = np.append(side.labels, 0)[own]
    for axis in "zyx":
        columns[f"centroid_{axis}"] = _either(sides, rows, f"centroid_{axis}")
    for column in (*_SIZES, *_SHAPES):
        for side, name, own in zip(sides, names, rows.T, strict=True):
            if column in side.columns:
                columns[f"{name}_{column}"] = _of(side.columns[column], own)
    shared = _shared_voxels(detection.pair.overlaps, rows)
    iou = np.append(detection.iou, np.nan)[rows[:, 0]]
    return columns | {
        "overlap_voxels": shared,
        "iou": iou,
        "other_class": _other_class(detection.pair, rows),
    }


def detection_table(summary):
    """Text of `summarise_detection`: scores by class and radius, bias, and Table 1.

    Parameters
    ----------
    summary : dict
        What to print.

    Returns
    -------
    str
        Several lines, without a line break at the end.
    """
    of = "intersection over union" if summary["overlap_of"] == "iou" else "share of the true object"
    left_out = summary["left_out"]
    table = summary["table_1"]
    rows = {
        "Truth": table["all"]["truth"],
        "Segmentation": table["all"]["segmentation"],
        "Truth, matched": table["matched"]["truth"],
        "Segmentation, matched": table["matched"]["segmentation"],
    }
    return "\n\n".join(
        [
            f"Objects, matched from {summary['overlap']:g} {of} on\n" + _class_table(summary),
            "Objects by radius\n" + _radius_table(summary),
            f"Left out: {left_out['truth']:,} objects of the truth and "
            f"{left_out['segmentation']:,} of the segmentation, below {summary['min_voxels']} "
            "voxels, cut, ignored or their partners",
            "Matched objects, segmentation against truth\n" + _bias_table(summary),
            "Objects as in Table 1 of Gaudez et al. (2022)\n" + table_1_text(rows),
        ]
    )


def _class_table(summary):
    """Scores of each class and of all."""
    head = ["Class", "True", "Predicted", "Missed", "Found", "Precision", "Recall", "F1"]
    lines = [[*head, "Mean IoU", "Merged", "Split"]]
    shown = [(str(one["class"]), one) for one in summary["classes"][1:]]
    if len(shown) > 1:
        shown.append(("all", summary))
    for name, one in shown:
        merging = (f"{one['merged']:,}", f"{one['split']:,}")
        lines.append([name, *_counts(one), *_shares(one), *merging])
    return aligned(lines, rule=1)


def _radius_table(summary):
    """Scores of all classes by radius."""
    head = ["Radius (voxels)", "True", "Predicted", "Missed", "Found", "Precision", "Recall", "F1"]
    lines = [[*head, "Mean IoU"]]
    for one in summary["by_radius"]:
        if one["high"] is None:
            name = f"> {one['low']:g}"
        else:
            name = f"{one['low']:g} to {one['high']:g}" if one["low"] else f"< {one['high']:g}"
        lines.append([name, *_counts(one), *_shares(one)])
    return aligned(lines, rule=1)


def _bias_table(summary):
    """Bias of size and shape."""
    names = {
        "radius_ratio": "Radius ratio",
        "volume_ratio": "Volume ratio",
        "sphericity_difference": "Sphericity difference",
        "sphericity_crofton_difference": "Sphericity difference, Crofton",
    }
    lines = [["", "Mean", "Standard error", "Median", "Standard deviation"]]
    for name, title in names.items():
        one = summary["bias"][name]
        values = (one[key] for key in ("mean", "standard_error", "median", "std"))
        lines.append([title, *("-" if n is None else f"{n:.4f}" for n in values)])
    return aligned(lines, rule=1)


def _counts(one):
    """Cells of numbers of objects."""
    names = ("true_objects", "predicted_objects", "missed", "found")
    return [f"{one[name]:,}" for name in names]


def _shares(one):
    """Cells of scores."""
    return [format_score(one[name], 4) for name in ("precision", "recall", "f1", "mean_iou")]


def _of(column, rows):
    """Values of a column; of row -1 NaN, or 0 for whole numbers."""
    nothing = np.nan if column.dtype.kind == "f" else 0
    return np.append(column, nothing)[rows].astype(column.dtype)


def _either(sides, rows, name):
    """Values of a column in the truth, or in the segmentation where it has no row."""
    one, other = (_of(side.columns[name], own) for side, own in zip(sides, rows.T, strict=True))
    return np.where(rows[:, 0] >= 0, one, other)


def _shared_voxels(overlaps, rows):
    """Voxels that pairs of rows share; 0 without a partner."""
    width = int(max(overlaps[:, 1].max(initial=0), rows[:, 1].max(initial=0))) + 2
    codes = overlaps[:, 0] * width + overlaps[:, 1]
    order = np.argsort(codes)
    voxels = np.append(overlaps[order, 2], 0)
    wanted = np.where((rows >= 0).all(axis=1), rows[:, 0] * width + rows[:, 1], -1)
    places = np.searchsorted(codes[order], wanted)
    right = np.append(codes[order], -2)[places] == wanted
    return np.where(right, voxels[places], 0)


def _other_class(pair, rows):
    """Class of the largest overlap of rows without a partner; 0 for all others."""
    result = np.zeros(len(rows), np.int64)
    for index in (0, 1):
        own, other = pair.overlaps[:, index], pair.overlaps[:, 1 - index]
        order = np.argsort(pair.overlaps[:, 2], kind="stable")  # the largest one is set last
        largest = np.zeros(len(pair.sides[index].kept), np.int64)
        largest[own[order]] = pair.sides[1 - index].columns["class"][other[order]]
        alone = (rows[:, index] >= 0) & (rows[:, 1 - index] < 0)
        result[alone] = largest[rows[alone, index]]
    return result
