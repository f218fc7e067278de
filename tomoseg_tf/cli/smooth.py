"""``tomoseg-tf smooth``: smooth classes over the slices."""

import json

import click

from tomoseg_tf.cli import options
from tomoseg_tf.table import aligned


@click.command(short_help="Smooth labelled classes over the slices.")
@click.argument("truth", type=options.VOLUME)
@click.argument("output", metavar="OUT", type=options.VOLUME)
@click.option(
    "--closing",
    type=click.IntRange(0, 5),
    default=1,
    show_default=True,
    metavar="VOXELS",
    help="Radius of the ball that fills gaps, such as a slice in which an object was forgotten.",
)
@click.option(
    "--opening",
    type=click.IntRange(0, 5),
    default=1,
    show_default=True,
    metavar="VOXELS",
    help="Radius of the ball that removes specks and spikes, after the gaps are filled.",
)
@click.option(
    "--axes",
    type=click.Choice(["zyx", "yx"]),
    default="zyx",
    show_default=True,
    help="A ball, or slice by slice a disc.",
)
@options.palette
@options.spacing
@options.overwrite
@options.as_json
def smooth(truth, output, palette, spacing, overwrite, as_json, **settings):
    """Smooth the classes of TRUTH and write OUT: 3D erosion and dilation of each class.

    Slices that were labelled one by one do not fit each other along z. Ignored voxels (255) stay,
    and what adjoins them is not worn off. Objects thinner than three voxels vanish with
    --opening 1.

    \b
    Example:
      tomoseg-tf smooth edited.tif truth.tif --closing 2
    """
    from tomoseg_tf.volume import smooth_file

    files = {"palette": palette, "spacing": spacing, "overwrite": overwrite}
    with options.progress("Smoothing") as progress:
        summary = smooth_file(truth, output, progress=progress, **files, **settings)
    for notice in summary["notices"]:
        options.notify(notice)
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
        return
    rows = [("class", "voxels", "gained", "lost")]
    for number in summary["voxels"]:
        counts = (summary[name][number] for name in ("voxels", "gained", "lost"))
        rows.append((str(number), *(f"{count:,}" for count in counts)))
    sides = " x ".join(map(str, summary["shape"]))
    click.echo("\n  ".join([f"{output}: {sides} voxels", *aligned(rows).splitlines()]))
