"""``tomoseg-tf review slices`` and ``merge``: correct the worst slices, and train on."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options
from tomoseg_tf.table import aligned

NOTHING = "none"  # in place of a truth


@click.command(short_help="Write the slices that weights are least sure of, to be mended.")
@click.argument("scan", type=options.VOLUME)
@click.argument("truth", type=options.VOLUME)
@click.argument("folder", type=click.Path(path_type=Path))
@options.weights
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many slices at most.",
)
@click.option(
    "--apart",
    type=click.IntRange(min=1),
    metavar="N",
    help="Least distance of two of them, in slices.  [default: a quarter of an even spread]",
)
@options.palette
@options.overwrite
@options.as_json
def slices(scan, truth, folder, palette, as_json, **settings):
    """Segment SCAN and write to FOLDER the slices that the weights are least sure of.

    FOLDER/scan.tif has these slices, FOLDER/labels.tif their classes: as TRUTH says where it is
    labelled, and as predicted elsewhere. Mend labels.tif in napari, ImageJ or any other program,
    and save it under its name; 255 is unknown. FOLDER/slices.csv says which slices they are; merge
    takes all of them, or the --slices that you looked at. Slices are ranked by the entropy that
    their voxels have together where TRUTH is 255. The word none in place of TRUTH means that
    nothing is labelled yet, here and for merge.

    \b
    Example:
      tomoseg-tf review slices scan.tif sparse.tif mend -w run/best_dice --count 5
      (mend mend/labels.tif)
      tomoseg-tf review merge mend sparse.tif merged.tif
    """
    from tomoseg_tf.studies.correction import write_slices
    from tomoseg_tf.volume import open_truth

    labels = None if str(truth) == NOTHING else open_truth(truth, palette)
    with options.progress("Predicting") as progress:
        summary = write_slices(scan, labels, folder, progress=progress, **settings)
    for notice in summary.pop("notices"):
        options.notify(notice)
    if as_json:
        click.echo(json.dumps(summary))
        return
    rows = [("page", "slice", "doubt", "labelled")]
    for row in summary["slices"]:
        share = f"{100 * row['labelled']:.1f} %"
        rows.append((str(row["page"]), str(row["slice"]), f"{row['doubt']:.1f}", share))
    lines = aligned(rows).splitlines()
    head = f"{folder}: {len(rows) - 1} slices; doubt in voxels that may be of any class"
    click.echo("\n  ".join([head, *lines]))


@click.command(short_help="Write the truth with the mended slices.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("truth", type=options.VOLUME)
@click.argument("merged", type=options.VOLUME)
@click.option(
    "--slices",
    metavar="Z,Z,...",
    help="Slices that you mended, such as 12,40, instead of all that FOLDER/slices.csv names.",
)
@options.palette
@options.overwrite
@options.as_json
def merge(folder, truth, merged, slices, palette, overwrite, as_json):
    """Write TRUTH with the slices that were mended in FOLDER as MERGED.

    Of each slice in FOLDER/slices.csv the whole page of FOLDER/labels.tif counts. The word none in
    place of TRUTH means that nothing was labelled before.
    """
    from tomoseg_tf.studies.correction import merge_slices
    from tomoseg_tf.volume import check_apart, parse_slices

    check_apart([merged], [truth, folder / "labels.tif"])
    before = None if str(truth) == NOTHING else truth
    chosen = None if slices is None else parse_slices(slices)
    settings = {"slices": chosen, "palette": palette, "overwrite": overwrite}
    with options.progress("Merging") as progress:
        summary = merge_slices(folder, before, merged, progress=progress, **settings)
    for notice in summary.pop("notices"):
        options.notify(notice)
    if as_json:
        click.echo(json.dumps(summary))
        return
    named = ", ".join(map(str, summary["slices"]))
    voxels = sum(summary["voxels"].values())
    click.echo(
        f"{merged}: slices {named} merged, {summary['changed_voxels']:,} voxels differ from the "
        f"truth; {voxels:,} voxels are labelled now"
    )
