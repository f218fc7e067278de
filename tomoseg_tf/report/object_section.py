"""The section of objects: their numbers, means and distributions."""

import numpy as np

from tomoseg_tf.objects import measure_objects, summarise, threshold_sensitivity
from tomoseg_tf.plots import (
    class_histograms,
    grey_data,
    plot_grey_histograms,
    plot_shapes,
    plot_size_histogram,
    shape_data,
    size_data,
)
from tomoseg_tf.plots.object_columns import radii
from tomoseg_tf.report.content import Section, Table, Tile, decimal
from tomoseg_tf.report.figures import picture_of
from tomoseg_tf.volume import NotFiniteError

CHEAP = 2**25  # voxels up to which more than the segmentation is measured
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
HEAD = ("Class", "Objects", "Mean radius", "Standard deviation", "Sphericity", "Volume fraction")


def measure_inputs(inputs, *, progress=None):
    """Measure the objects of the segmentation, and where that is cheap those of the truth.

    Parameters
    ----------
    inputs : Inputs
        With a segmentation.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    dict from str to Objects
        By what they are objects of: "Segmentation", "Truth".
    """
    options = {"volume": inputs.volume, "spacing": inputs.spacing}
    found = {"Segmentation": measure_objects(inputs.segmentation, progress=progress, **options)}
    if inputs.truth is not None and inputs.voxels <= CHEAP:
        found["Truth"] = measure_objects(inputs.truth, **options)
    return found


def object_section(inputs, measured, columns):
    """Write the section of the objects.

    Parameters
    ----------
    inputs : Inputs or None
        The volumes.
    measured : dict from str to Objects
        What was measured; empty if a table was given.
    columns : dict from str to (N,) ndarray
        Table of objects.

    Returns
    -------
    section : Section
        Tables and figures.
    tiles : list of Tile
        The numbers at the top.
    """
    names = None if inputs is None else inputs.names
    summaries = {source: summarise(objects) for source, objects in measured.items()}
    tables = [_summary_table(source, one, names) for source, one in summaries.items()]
    if not summaries:
        tables.append(_plain_table(columns, names))
    if inputs is not None and inputs.probabilities is not None and inputs.voxels <= CHEAP:
        tables.append(_threshold_table(inputs))
    pictures = _pictures(measured, columns)
    text = _text(next(iter(summaries.values()), None))
    if inputs is not None and inputs.volume is not None and inputs.segmentation is not None:
        try:
            pictures.append(_grey_picture(inputs))
        except NotFiniteError as error:
            text += f" Grey levels of the classes, which tomoseg-tf plot grey draws: {error}."
    tiles = _tiles(columns, next(iter(summaries.values()), None))
    return Section("sizes", "Sizes and shapes", text, tuple(tables), tuple(pictures)), tiles


def _text(summary):
    """Say what was left out."""
    if summary is None:
        return "From the table that was given."
    text = (
        f"Connected objects ({summary['connectivity']} neighbours). Left out: "
        f"{summary['excluded_small']:,} below {summary['min_voxels']} voxels"
    )
    if not summary["keep_border"]:
        text += f" and {summary['excluded_border']:,} that touch a face of the volume"
    return text + ". ± is the standard error by bootstrap over blocks of the volume."


def _summary_table(source, summary, names):
    """Table 1 of Gaudez et al. for one source."""
    unit = "um" if summary["spacing_um"] else "voxels"
    keys = (f"mean_radius_{unit}", f"std_radius_{unit}", "mean_sphericity", "volume_fraction")
    rows = []
    for one in summary["classes"][1:]:
        values = (_with_error(one, key) for key in keys)
        rows.append((_name(one["class"], names), f"{one['count']:,}", *values))
    note = f"Radii in {'µm' if unit == 'um' else 'voxels'}, of the ball of equal volume."
    return Table(source, HEAD, tuple(rows), note=f"{note} Sphericity after Wadell, by voxel faces.")


def _plain_table(columns, names):
    """Make the same from a table of objects, without errors."""
    sizes, unit = radii(columns)
    rows = []
    for index in np.unique(columns["class"]):
        chosen = columns["class"] == index
        radius, shape = sizes[chosen], columns.get("sphericity")
        means = (radius.mean(), radius.std(), None if shape is None else shape[chosen].mean())
        rows.append((_name(index, names), f"{len(radius):,}", *map(decimal, means), "–"))
    note = f"Radii in {'µm' if unit == 'um' else 'voxels'}, of the ball of equal volume."
    return Table("Objects", HEAD, tuple(rows), note=note)


def _threshold_table(inputs):
    """How number and size change with the threshold."""
    options = {"volume": inputs.volume, "spacing": inputs.spacing}
    rows = threshold_sensitivity(inputs.probabilities, THRESHOLDS, **options)
    keys = ("mean_radius_voxels", "std_radius_voxels", "mean_sphericity", "volume_fraction")
    cells = [
        (f"{row['threshold']:g}", f"{row['count']:,}", *(decimal(row[key]) for key in keys))
        for row in rows
    ]
    note = "Radii in voxels."
    return Table(
        "By threshold of the probability", ("Threshold", *HEAD[1:]), tuple(cells), (), note
    )


def _pictures(measured, columns):
    """Figures of sizes and shapes, as far as there are objects."""
    pictures = []
    if len(columns["label"]):
        tables = {name: one.columns for name, one in measured.items() if len(one)}
        shown = tables if len(tables) > 1 else columns
        title = "Objects by equivalent radius"
        alt = f"Histogram of {len(columns['label']):,} objects."
        pictures.append(picture_of(plot_size_histogram(shown), title, alt, data=size_data(shown)))
        axes = plot_shapes(columns)
        alt = "Sphericity of each object against its equivalent radius."
        data = shape_data(columns)
        pictures.append(picture_of(axes, "Sphericity by equivalent radius", alt, data=data))
    return pictures


def _grey_picture(inputs):
    """Figure of the grey levels of each class, inside the reconstruction circle."""
    counted = class_histograms(inputs.volume, inputs.segmentation, mask="auto")
    axes = plot_grey_histograms(counted, names=inputs.names)
    alt = "Histogram of the grey levels of each class of the segmentation."
    first = axes if not hasattr(axes, "__len__") else np.ravel(axes)[0]
    data = grey_data(counted, names=inputs.names)
    return picture_of(first, "Grey levels of the classes", alt, data=data)


def _tiles(columns, summary):
    """Say number, mean radius and volume fraction."""
    number = len(columns["label"])
    tiles = [Tile("Objects", f"{number:,}", "" if summary is None else "whole and large enough")]
    unit = "um" if "equivalent_radius_um" in columns else "voxels"
    if number and f"equivalent_radius_{unit}" in columns:
        text = decimal(float(columns[f"equivalent_radius_{unit}"].mean()), 3)
        tiles.append(Tile("Mean radius", f"{text} {'µm' if unit == 'um' else 'voxels'}"))
    if summary is not None and summary["volume_fraction"] is not None:
        share = 100 * summary["volume_fraction"]
        tiles.append(Tile("Volume fraction", f"{decimal(share, 3)} %", "all objects"))
    return tiles


def _with_error(one, name):
    """Text of a value with its error."""
    error = one.get("errors", {}).get(name)
    if one[name] is None or error is None:
        return decimal(one[name])
    return f"{decimal(one[name])} ± {decimal(error, 2)}"


def _name(index, names):
    """Name of a class."""
    index = int(index)
    return names[index] if names is not None and index < len(names) else f"class {index}"
