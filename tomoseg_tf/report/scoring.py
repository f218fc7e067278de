"""The section of scores: how a segmentation agrees with the truth."""

from tomoseg_tf.evaluation import (
    boundary_scores,
    confusion_matrix,
    format_score,
    scores,
    scores_by_radius,
)
from tomoseg_tf.plots import confusion_data, hit_data, plot_confusion_matrix, plot_panels
from tomoseg_tf.report.content import Section, Table, Tile, decimal
from tomoseg_tf.report.figures import picture_of

CHEAP = 2**24  # voxels up to which boundaries and sizes are scored, too
DIGITS = 4
TITLE = "Confusion matrix: share of each true class, and voxels"


def score_section(inputs):
    """Score a segmentation and write the section.

    Parameters
    ----------
    inputs : Inputs
        With a segmentation and a truth.

    Returns
    -------
    section : Section
        Tables and figures.
    tiles : list of Tile
        The numbers at the top.
    """
    pair = inputs.truth, inputs.segmentation
    result = scores(confusion_matrix(*pair, num_classes=len(inputs.names)), inputs.names)
    tables = [_class_table(result)]
    cheap = inputs.voxels <= CHEAP
    if cheap:
        edges = boundary_scores(*pair, num_classes=len(inputs.names), spacing=inputs.spacing)
        tables.append(_boundary_table(edges, inputs.names))
    if cheap and len(inputs.names) == 2:
        whole = (one.read(0, inputs.shape[0]) for one in pair)
        tables.append(_size_table(scores_by_radius(*whole)))
    pictures = [_confusion_picture(result)]
    if inputs.volume is not None:
        axes = plot_panels(inputs.volume, *pair, spacing=inputs.spacing)
        alt = "Scan, truth, segmentation and hit map of the slice with most objects."
        title = "The slice with most objects of the truth"
        pictures.append(picture_of(axes[0], title, alt, vector=False, data=hit_data(*pair)))
    total = int(result.confusion_matrix.sum())
    text = f"Segmentation against truth, over {total:,} voxels"
    ignored = inputs.voxels - total
    text += f"; {ignored:,} voxels that the truth ignores are left out." if ignored else "."
    return Section("scores", "Scores", text, tuple(tables), tuple(pictures)), _tiles(result)


def _tiles(result):
    """Dice of the objects and the mean IoU."""
    objects = [one for one in result.classes[1:] if one.dice is not None]
    tiles = [
        Tile("Dice", format_score(one.dice, DIGITS), one.name) for one in objects[:2]
    ]  # fmt: skip
    tiles.append(Tile("Mean IoU", format_score(result.miou, DIGITS), "over all classes"))
    return tiles


def _class_table(result):
    """Scores of each class."""
    head = ("Class", "True voxels", "IoU", "Dice", "Recall", "Precision")
    rows = [
        (one.name, f"{one.voxels:,}")
        + tuple(format_score(s, DIGITS) for s in (one.iou, one.dice, one.recall, one.precision))
        for one in result.classes
    ]
    note = f"Accuracy {format_score(result.accuracy, 6)}, mean IoU {format_score(result.miou)}."
    return Table("Voxels", head, tuple(rows), note=note)


def _boundary_table(edges, names):
    """Scores of the boundaries, as means over the slices."""
    micrometres = edges.spacing is not None
    head = ["Class", "BF1", "BDE", "ASSD", "HD95"]
    head += ["BDE (µm)", "ASSD (µm)", "HD95 (µm)"] if micrometres else []
    rows = []
    for name, one in zip(names, edges.classes, strict=True):
        row = [name, format_score(one.bf1, DIGITS), *map(decimal, (one.bde, one.assd, one.hd95))]
        row += map(decimal, (one.bde_um, one.assd_um, one.hd95_um)) if micrometres else []
        rows.append(tuple(row))
    note = (
        f"Means over the slices, BF1 within {edges.tolerance:g} voxels, distances in voxels"
        f"{' and µm' if micrometres else ''}."
    )
    return Table("Boundaries", tuple(head), tuple(rows), note=note)


def _size_table(sizes):
    """Scores by the radius of the objects."""
    head = ("Radius (voxels)", "True objects", "Predicted objects", "Recall", "Precision", "Dice")
    rows = []
    for one in sizes:
        limits = f"{one.low:g} to {one.high:g}" if one.high else f"over {one.low:g}"
        shares = (format_score(s, DIGITS) for s in (one.recall, one.precision, one.dice))
        rows.append((limits, f"{one.true_objects:,}", f"{one.predicted_objects:,}", *shares))
    note = "Recall by the radius of true objects, precision by that of predicted ones."
    return Table("By size of the objects", head, tuple(rows), note=note)


def _confusion_picture(result):
    """Figure of the confusion matrix, in words for those who do not see it."""
    shares = (
        f"of {one.name} {format_score(one.recall, DIGITS)} is found as such"
        for one in result.classes
    )
    alt = f"Confusion matrix: {'; '.join(shares)}."
    axes = plot_confusion_matrix(result)
    return picture_of(axes, TITLE, alt, data=confusion_data(result))
