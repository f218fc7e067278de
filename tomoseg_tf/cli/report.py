"""``tomoseg-tf report``: one HTML file of a run."""

import shlex
import sys
from pathlib import Path

import click

from tomoseg_tf.cli import options


@click.command(short_help="Put results into one page that people like to open.")
@click.argument("page", metavar="REPORT", type=click.Path(path_type=Path))
@click.option(
    "--segmentation", type=options.VOLUME, metavar="SEG", help="Segmentation to be reported."
)
@click.option("--volume", type=options.VOLUME, metavar="RAW", help="The scan that was segmented.")
@click.option("--truth", type=options.VOLUME, metavar="TRUTH", help="True classes, for scores.")
@click.option(
    "--probabilities", type=options.VOLUME, metavar="P", help="Probabilities of one class."
)
@click.option(
    "--objects",
    type=click.Path(path_type=Path),
    metavar="TABLE",
    help="Table of tomoseg-tf objects (.csv, .parquet).  [default: objects are measured as that "
    "command does]",
)
@click.option(
    "-w",
    "--weights",
    type=options.WEIGHTS,
    metavar="NAME|FOLDER|URL",
    help="Weights that segmented the scan: their names of the classes, hashes and card.",
)
@click.option(
    "--run",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder of tomoseg-tf train: learning curves and recipe.",
)
@click.option(
    "--comparison",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder of tomoseg-tf compare or tune: its tables and figures.",
)
@click.option("--title", help="Heading.  [default: the name of what is reported]")
@click.option(
    "--max-size",
    default="25MB",
    show_default=True,
    metavar="SIZE",
    help="Largest size of REPORT; slices are thinned to it, which the page says.",
)
@click.option(
    "--names", metavar="A,B,...", help="Names of the classes, one each, background first."
)
@options.palette
@options.spacing
@options.overwrite
def report(page, segmentation, names, **settings):
    """Write REPORT (.html): scores, tables, figures, slices and objects in one file.

    The file needs no network, only a browser: scroll through the slices, show truth, prediction
    or errors, sort and filter the objects and jump to each. What is not given is computed where
    that is cheap (objects, scores), or left out.

    \b
    Example:
      tomoseg-tf report pillar.html --segmentation seg.tif --volume pillar.tif --truth truth.tif
    """
    from tomoseg_tf.report import write_report

    if names is not None:
        settings["names"] = [name.strip() for name in names.split(",")]
    command = shlex.join(["tomoseg-tf", *sys.argv[1:]])
    with options.progress("Writing the report") as progress:
        summary = write_report(page, segmentation, **settings, command=command, progress=progress)
    for note in summary["notes"]:
        options.notify(note)
    click.echo(f"{summary['path']}: {summary['bytes'] / 1e6:.1f} MB. Open it in a browser.")
