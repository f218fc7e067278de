"""``tomoseg-tf draft``: a truth to begin with, by edges."""

import json

import click

from tomoseg_tf.cli import options


@click.command(short_help="Draft a truth by edges, to be edited by hand.")
@click.argument("scan", type=options.VOLUME)
@click.argument("output", metavar="OUT", type=options.VOLUME)
@click.option(
    "--objects",
    type=click.Choice(["bright", "dark"]),
    default="bright",
    show_default=True,
    help="Whether objects are brighter or darker than what they lie in.",
)
@click.option(
    "--blur",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="VOXELS",
    help="Standard deviation of the Gaussian before edges are sought, in 3D.",
)
@click.option(
    "--edges",
    type=options.Numbers(float, count=2, minimum=0),
    default="2,4",
    show_default=True,
    metavar="LOW,HIGH",
    help="Gradients of an edge in units of the noise: HIGH somewhere, LOW everywhere. Lower ones "
    "find fainter objects, and noise.",
)
@click.option(
    "--close",
    type=click.IntRange(0, 20),
    default=1,
    show_default=True,
    metavar="VOXELS",
    help="Gaps between the ends of edges that are joined.",
)
@click.option(
    "--largest",
    type=click.IntRange(min=1),
    metavar="VOXELS",
    help="Largest object in a slice; what is larger is background.  [default: any]",
)
@click.option(
    "--mask",
    type=options.MASK,
    default="auto",
    show_default=True,
    metavar="FILE|auto|none",
    help="Where the sample is: not 0 in a label volume, not in a constant fill or NaN outside the "
    "reconstruction circle (auto), or everywhere (none).",
)
@options.spacing
@options.overwrite
@options.as_json
def draft(scan, output, spacing, overwrite, as_json, **settings):
    """Draft the objects of SCAN as the mask OUT, 255 in objects and 0 elsewhere.

    The scan is blurred, edges are found slice by slice by Canny's method, and closed outlines are
    filled where the grey changes outwards as --objects says. Edit the draft in ImageJ, GIMP or
    napari, then smooth it over the slices with tomoseg-tf smooth.

    \b
    Example:
      tomoseg-tf draft scan.tif draft.tif --objects dark --largest 2000
    """
    from tomoseg_tf.volume import draft_file

    with options.progress("Drafting") as progress:
        summary = draft_file(
            scan, output, spacing=spacing, overwrite=overwrite, progress=progress, **settings
        )
    for notice in summary["notices"]:
        options.notify(notice)
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
        return
    sides = " x ".join(map(str, summary["shape"]))
    low, high = summary["gradients"]
    click.echo(
        f"{output}: {sides} voxels, {summary['voxels']:,} in objects; edges have a gradient of "
        f"{low:.3g} to {high:.3g} grey levels per voxel, noise one of {summary['noise']:.3g}"
    )
