"""The section of detection: which objects were found, missed, or seen where there are none."""

from tomoseg_tf.evaluation import detect_objects, format_score, summarise_detection
from tomoseg_tf.plots import detection_data, plot_detection, size_label
from tomoseg_tf.report.content import Section, Table, Tile, decimal
from tomoseg_tf.report.figures import picture_of

CHEAP = 2**25  # voxels up to which the objects of both volumes are matched
DIGITS = 4
COUNTS = ("true_objects", "predicted_objects", "missed", "found")
SCORES = ("precision", "recall", "f1", "mean_iou")
HEAD = ("True", "Predicted", "Missed", "Found", "Precision", "Recall", "F1", "Mean IoU")
BIASES = {
    "radius_ratio": "Radius, ratio",
    "volume_ratio": "Volume, ratio",
    "sphericity_difference": "Sphericity, difference",
    "sphericity_crofton_difference": "Sphericity by Crofton, difference",
}


def detection_section(inputs, *, progress=None):
    """Match the objects of a segmentation with those of the truth and write the section.

    Parameters
    ----------
    inputs : Inputs
        With a segmentation and a truth.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    section : Section
        Tables and figures.
    tiles : list of Tile
        The numbers at the top.
    """
    detection = detect_objects(
        inputs.truth, inputs.segmentation, spacing=inputs.spacing, progress=progress
    )
    summary = summarise_detection(detection)
    tables = [_class_table(summary, inputs.names), _size_table(summary)]
    pictures = ()
    if summary["true_objects"] or summary["predicted_objects"]:
        axes = plot_detection(summary)
        alt = "Bars of precision, recall and F1 of the objects by radius; the table has them."
        title = "Detection of objects by their radius"
        pictures = (picture_of(axes, title, alt, data=detection_data(summary)),)
    if summary["true_objects"] > summary["missed"]:
        tables.append(_bias_table(summary))
    left_out = summary["left_out"]
    text = (
        f"An object is found if its intersection over union with one of the same class is "
        f"{summary['overlap']:g} at least. Missed: in the truth only; found: in the segmentation "
        f"only. Left out on both sides are objects below {summary['min_voxels']} voxels, cut by "
        f"a face or mostly ignored, and their partners: {left_out['truth']:,} of the truth, "
        f"{left_out['segmentation']:,} of the segmentation."
    )
    section = Section("detection", "Detection of objects", text, tuple(tables), pictures)
    return section, _tiles(summary)


def _class_table(summary, names):
    """Scores of each class, and of all where there are several."""
    rows = [(_name(one["class"], names), one) for one in summary["classes"][1:]]
    rows += [("all", summary)] if len(rows) > 1 else []
    head = ("Class", *HEAD, "Merged", "Split")
    cells = [
        (name, *_cells(one), *(f"{one[key]:,}" for key in ("merged", "split")))
        for name, one in rows
    ]
    note = (
        "Merged: predicted objects that hold several of the truth; split: true ones that hold "
        "several predicted ones."
    )
    return Table("Objects", head, tuple(cells), note=note)


def _size_table(summary):
    """Scores of all classes by radius."""
    rows = [(size_label(one), *_cells(one)) for one in summary["by_radius"]]
    note = "Recall by the radius of true objects, precision by that of predicted ones."
    return Table("Objects by radius", ("Radius (voxels)", *HEAD), tuple(rows), note=note)


def _bias_table(summary):
    """How much larger and rounder the objects found are."""
    keys = ("mean", "standard_error", "median", "std")
    rows = [
        (title, *(decimal(summary["bias"][name][key]) for key in keys))
        for name, title in BIASES.items()
    ]
    head = ("Segmentation against truth", "Mean", "Standard error", "Median", "Standard deviation")
    return Table("Size and shape of matched objects", head, tuple(rows))


def _cells(one):
    """Put counts and scores into words."""
    counts = (f"{one[key]:,}" for key in COUNTS)
    return (*counts, *(format_score(one[key], DIGITS) for key in SCORES))


def _tiles(summary):
    """F1 of all objects."""
    note = f"precision {format_score(summary['precision'], 3)}, "
    note += f"recall {format_score(summary['recall'], 3)}"
    return [Tile("F1 of objects", format_score(summary["f1"], 3), note)]


def _name(index, names):
    """Name of a class."""
    return names[index] if index < len(names) else f"class {index}"
