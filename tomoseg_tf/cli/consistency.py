"""``tomoseg-tf consistency``: objects whose class changes from slice to slice."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import object_options, options


@click.command(short_help="Find objects whose class changes from slice to slice.")
@click.argument("segmentation", type=options.VOLUME)
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--volume",
    type=options.VOLUME,
    metavar="RAW",
    help="The scan that was segmented, for the grey level of each section.",
)
@click.option(
    "--vote",
    type=options.VOLUME,
    metavar="FILE",
    help="Write the segmentation with each object in the class that most of its voxels have.",
)
@click.option(
    "--majority",
    type=click.FloatRange(0.5, 1, min_open=True),
    default=2 / 3,
    show_default="2/3",
    metavar="SHARE",
    help="Share of a section that its class has at least; with less the section is mixed.",
)
@click.option(
    "--min-voxels",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Do not list smaller objects; the vote holds for all.",
)
@object_options.connectivity
@options.palette
@options.spacing
@options.overwrite
@options.as_json
def consistency(segmentation, table, vote, as_json, **settings):
    """List the objects of several classes in SEGMENTATION in TABLE (.csv, .parquet).

    Objects are connected over all classes above 0. Of each: the share of every class, how often the
    class of its section changes along z, and at which slices. A section is mixed if no class has
    two thirds of it, and passed over: so a particle of two phases side by side does not count as
    inconsistent, while two phases on top of each other have one change. TABLE_profile.csv
    (.parquet) has a row per section: z, class, share, voxels and, with --volume, the mean grey
    level.

    \b
    Example:
      tomoseg-tf consistency classes.tif changes.csv --volume scan.tif --vote voted.tif
    """
    from tomoseg_tf.objects import consistency_table, write_consistency

    with options.progress("Comparing slices") as progress:
        columns, summary = write_consistency(
            segmentation, table, vote=vote, progress=progress, **settings
        )
    for notice in summary.pop("notices"):
        options.notify(notice)
    if as_json:
        click.echo(json.dumps(summary))
        return
    click.echo(consistency_table(columns, summary))
    if vote is not None:
        click.echo(f"\n{vote}: {summary['changed_voxels']:,} voxels changed their class")
