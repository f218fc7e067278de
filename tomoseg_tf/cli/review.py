"""``tomoseg-tf review``: objects that truth and segmentation differ in, accepted or refused."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import object_options, options
from tomoseg_tf.cli.review_slices import merge, slices


@click.group(short_help="Correct the truth, by objects or by slices.")
def review():
    """Look at the objects that the network found and the truth lacks, and correct the truth.

    Or mend the slices that the network is least sure of, and train on: slices and merge.

    \b
    Example:
      tomoseg-tf review list scan.tif truth.tif segmentation.tif review --probabilities p.tif
      (look at review/sheets, write accept or refuse into review/review.csv)
      tomoseg-tf review apply review truth.tif corrected.tif
    """


@review.command("list", short_help="List and draw them, for decisions.")
@click.argument("volume", type=options.VOLUME)
@click.argument("truth", type=options.VOLUME)
@click.argument("segmentation", type=options.VOLUME)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--missed",
    is_flag=True,
    help="List the objects of the truth that were not found; accepting one deletes it.",
)
@click.option(
    "--probabilities",
    type=options.VOLUME,
    metavar="FILE",
    help="Probabilities of the class, whose mean is the confidence.  [default: the contrast of "
    "each object to what is around it]",
)
@click.option(
    "--thumbnails",
    type=click.IntRange(min=0),
    default=500,
    show_default=True,
    metavar="N",
    help="How many objects are drawn at most; all are listed.",
)
@object_options.matching
@options.palette
@options.spacing
@options.overwrite
@options.as_json
def list_objects(
    volume, truth, segmentation, folder, missed, palette, spacing, as_json, **settings
):
    """List the objects of SEGMENTATION that TRUTH lacks in FOLDER, with thumbnails from VOLUME.

    FOLDER/review.csv has a row per object, the most confident first, with an empty column decision:
    write accept or refuse. The class may be changed there, too. FOLDER/objects has a picture of
    each, planes xy, xz and yz through its centre, and FOLDER/sheets pages of them.
    """
    from tomoseg_tf.plots import write_review
    from tomoseg_tf.volume import open_truth, open_volume

    scan, labels = open_volume(volume), open_truth(truth, palette)
    with options.progress("Listing objects") as progress:
        summary = write_review(
            scan,
            labels,
            segmentation,
            folder,
            kind="missed" if missed else "found",
            spacing=spacing,
            progress=progress,
            **settings,
        )
    for notice in summary.pop("notices"):
        options.notify(notice)
    if as_json:
        click.echo(json.dumps(summary))
        return
    click.echo(
        f"{summary['list']}: {summary['objects']:,} objects {summary['kind']}, by "
        f"{summary['confidence']}; {summary['drawn']:,} drawn"
    )


@review.command(short_help="Write the truth corrected by the decisions.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("truth", type=options.VOLUME)
@click.argument("corrected", type=options.VOLUME)
@options.palette
@options.overwrite
@options.as_json
def apply(folder, truth, corrected, palette, overwrite, as_json):
    """Write TRUTH, corrected by the decisions in FOLDER/review.csv, as CORRECTED.

    An accepted object that was found is drawn in its class; one that was missed is deleted. Objects
    refused or without a decision change nothing, nor do voxels that the truth ignores (255).
    """
    from tomoseg_tf.evaluation import apply_review
    from tomoseg_tf.volume import check_apart

    check_apart([corrected], [truth])
    with options.progress("Correcting") as progress:
        settings = {"palette": palette, "overwrite": overwrite, "progress": progress}
        summary = apply_review(folder, truth, corrected, **settings)
    for notice in summary.pop("notices"):
        options.notify(notice)
    if as_json:
        click.echo(json.dumps(summary))
        return
    done = "drawn" if summary["kind"] == "found" else "deleted"
    click.echo(
        f"{corrected}: {summary['accepted']:,} objects {done}, {summary['refused']:,} refused, "
        f"{summary['undecided']:,} without a decision; {summary['changed_voxels']:,} voxels changed"
    )


for command in (slices, merge):
    review.add_command(command)
