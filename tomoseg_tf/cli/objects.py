"""``tomoseg-tf objects``: the table of the objects of a segmentation."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import object_options, options


@click.command(short_help="Measure the objects of a segmentation.")
@click.argument("segmentation", type=options.VOLUME)
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--volume",
    type=options.VOLUME,
    metavar="RAW",
    help="The scan that was segmented, for the grey levels of the objects.",
)
@click.option(
    "--labels",
    type=options.VOLUME,
    metavar="FILE",
    help="Write the label of each voxel, too: the row of its object in TABLE, or 0.",
)
@object_options.connectivity
@click.option(
    "--min-voxels",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Leave out smaller objects, as below the resolution of the scan.",
)
@object_options.keep_border
@click.option(
    "--split",
    type=click.FloatRange(min=0, min_open=True),
    metavar="VOXELS",
    help="Part touching objects at necks by a watershed: the distance to the surface there must be "
    "that much less than at the middle of the smaller part, such as 1.",
)
@click.option(
    "--mask",
    type=options.MASK,
    metavar="FILE|auto|none",
    help="Which voxels are the sample: those of a label volume that are not 0, what is inside the "
    "reconstruction circle of RAW (auto), or all (none).  [default: auto with --volume, else none]",
)
@click.option(
    "--probabilities",
    type=options.VOLUME,
    metavar="FILE",
    help="Probabilities of one class, to tell how number and size change with the threshold.",
)
@click.option(
    "--thresholds",
    default="0.3,0.4,0.5,0.6,0.7",
    show_default=True,
    metavar="P,P,...",
    help="Thresholds of the probabilities.",
)
@options.palette
@options.spacing
@click.option(
    "--bootstrap",
    "replicates",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    metavar="N",
    help="Draws for the errors; 0 for none.",
)
@click.option(
    "--bootstrap-over",
    "over",
    type=click.Choice(["blocks", "objects"]),
    default="blocks",
    show_default=True,
    help="What is drawn: blocks of the volume, which keep what lies together, or single objects, "
    "for errors of means.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    metavar="SHARE",
    help="Share of the draws in a confidence interval.",
)
@options.seed
@options.overwrite
@options.as_json
def objects(
    segmentation,
    table,
    probabilities,
    thresholds,
    replicates,
    over,
    confidence,
    seed,
    as_json,
    **settings,
):
    """Measure the connected objects of each class of SEGMENTATION and write TABLE (.csv, .parquet).

    A row has the size of the object, its equivalent radius and diameter, centroid, bounding box,
    surface by voxel faces, by Crofton's formula and of its mesh by marching cubes, with the
    sphericity of each, axes, direction, distance to the nearest neighbour and grey levels: in
    voxels and, if the spacing is known, in µm. Of a large ball the sphericity is 2/3 by voxel
    faces, 1 by Crofton's formula and 0.92 of the mesh. Printed are number, mean radius and
    its standard deviation, sphericity, volume fraction and number density, each ± its standard
    error. Memory does not grow with the volume.

    \b
    Example:
      tomoseg-tf objects pillar_seg.tif pillar.csv --volume pillar.tif --labels pillar_labels.tif
    """
    from tomoseg_tf.objects import (
        check_bootstrap,
        summarise,
        summary_table,
        threshold_table,
        write_objects,
    )
    from tomoseg_tf.volume import check_apart

    check_bootstrap(replicates, over, confidence)
    thresholds = _numbers(thresholds)
    if probabilities is not None:
        check_apart([table, settings["labels"]], [probabilities])
        probabilities = _open(probabilities, thresholds, segmentation, settings["palette"])
    with options.progress("Measuring objects") as progress:
        measured, notices = write_objects(segmentation, table, progress=progress, **settings)
    for notice in notices:
        options.notify(notice)
    drawing = {"replicates": replicates, "over": over, "confidence": confidence, "seed": seed}
    summary = summarise(measured, **drawing)
    if probabilities is not None:
        summary["thresholds"] = _at_thresholds(probabilities, thresholds, settings)
    if as_json:
        click.echo(json.dumps(summary, allow_nan=False))
        return
    click.echo(summary_table(summary))
    if probabilities is not None:
        click.echo(f"\n{threshold_table(summary['thresholds'])}")


def _numbers(text):
    """Turn numbers separated by commas into floats."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not numbers separated by commas", param_hint="--thresholds"
        ) from None


def _open(probabilities, thresholds, segmentation, palette):
    """Open probabilities and check them and their thresholds, before any work."""
    from tomoseg_tf.objects import open_probabilities
    from tomoseg_tf.volume import open_truth

    opened, classes = (
        open_probabilities(probabilities, thresholds),
        open_truth(segmentation, palette),
    )
    if opened.shape != classes.shape:
        raise ValueError(
            f"{opened.name}: the probabilities have shape {opened.shape}, but {classes.name} has "
            f"{classes.shape}; both must be of one shape"
        )
    return opened


def _at_thresholds(probabilities, thresholds, settings):
    """Measure objects at several thresholds with the same settings, without grey levels."""
    from tomoseg_tf.objects import threshold_sensitivity

    names = ("connectivity", "min_voxels", "keep_border", "split", "mask", "spacing")
    chosen = {name: settings[name] for name in names}
    if chosen["mask"] in (None, "auto"):
        chosen |= {"volume": settings["volume"]}
    return threshold_sensitivity(probabilities, thresholds, **chosen)
