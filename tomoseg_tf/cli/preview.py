"""``tomoseg-tf preview``: the truth over its volume, as a figure."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options
from tomoseg_tf.table import aligned


@click.command(short_help="Draw the truth over its volume.")
@click.argument("volume", type=options.VOLUME)
@click.argument("truth", type=options.VOLUME)
@click.argument("figure", type=click.Path(path_type=Path))
@click.option(
    "--slices",
    metavar="N,N:N,...",
    help="Slices to draw, such as 3,10:12.  [default: those with most of the rarest classes]",
)
@click.option(
    "--axis",
    type=click.Choice(["z", "y", "x"]),
    default="z",
    show_default=True,
    help="Axis along which slices are cut.",
)
@options.palette
@click.option(
    "--names", metavar="A,B,...", help="Names of the classes, one each, background first."
)
@options.spacing
@options.shape
@options.dtype
@options.overwrite
@options.as_json
def preview(
    volume,
    truth,
    figure,
    slices,
    axis,
    palette,
    names,
    spacing,
    shape,
    dtype,
    overwrite,
    as_json,
):
    """Draw TRUTH over VOLUME into FIGURE (.png, .pdf, .svg, ...), to check it by eye.

    Each row is a slice: the grey levels, the classes, and the outlines of the classes over the grey
    levels; ignored voxels are hatched. A segmentation can stand for the truth.

    \b
    Examples:
      tomoseg-tf preview scan.tif truth.tif preview.png
      tomoseg-tf preview scan.tif overlay.tif preview.png --palette '#ff0000:1,grey:0' --axis y
    """
    from tomoseg_tf.plots import check_figure, plot_preview, save_figure
    from tomoseg_tf.volume import check_apart, open_truth, open_volume, parse_slices

    check_figure(figure, overwrite)
    check_apart([figure], [volume, truth])
    chosen = None if slices is None else parse_slices(slices)
    names = names and [name.strip() for name in names.split(",")]
    scan = open_volume(volume, spacing=spacing, shape=shape, dtype=dtype)
    classes = open_truth(truth, palette)
    with options.progress("Counting") as progress:
        drawn = plot_preview(
            scan, classes, slices=chosen, axis=axis, names=names, progress=progress
        )
    save_figure(drawn.figure, figure, overwrite)
    for part in (scan, classes):
        for notice in part.named_notices():
            options.notify(notice)
    summary = {
        "figure": str(figure),
        "axis": axis,
        "slices": drawn.slices,
        "classes": drawn.classes,
    }
    click.echo(json.dumps(summary, ensure_ascii=False) if as_json else _table(summary))


def _table(summary):
    """Write the summary as one line and a table of the classes; shares are of the labelled."""
    from tomoseg_tf.volume import IGNORE

    rows = [("class", "name", "voxels", "share")]
    for entry in summary["classes"]:
        share = "" if entry["class"] == IGNORE else f"{100 * entry['fraction']:.3f} %"
        rows.append((str(entry["class"]), entry["name"], f"{entry['voxels']:,}", share))
    drawn = ", ".join(map(str, summary["slices"]))
    head = f"{summary['figure']}: slices {drawn} along {summary['axis']}"
    return "\n  ".join([head, *aligned(rows, left=(1,)).splitlines()])
