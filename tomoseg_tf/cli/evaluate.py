"""``tomoseg-tf evaluate``: the scores of a segmentation against the truth."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options


@click.command(short_help="Compare a segmentation with the truth.")
@click.argument("truth", type=options.VOLUME)
@click.argument("segmentation", type=options.VOLUME)
@options.palette
@click.option(
    "--segmentation-palette",
    default="auto",
    show_default=True,
    metavar="NAME|V:C,...",
    help="The same for the values of the segmentation.",
)
@click.option(
    "--names", metavar="A,B,...", help="Names of the classes, one each, background first."
)
@click.option(
    "--num-classes",
    type=click.IntRange(2, 255),
    help="Number of classes with the background.  [default: that of the names, or what occurs]",
)
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the confusion matrix into FILE (.png, .pdf, .svg, ...).",
)
@options.overwrite
@options.as_json
def evaluate(
    truth,
    segmentation,
    palette,
    segmentation_palette,
    names,
    num_classes,
    figure,
    overwrite,
    as_json,
):
    """Compare SEGMENTATION with TRUTH voxel by voxel.

    Prints the confusion matrix, in voxels and as shares of each true class, and accuracy, mean IoU
    and each class's IoU, Dice, recall and precision. Voxels that the truth ignores (255) are left
    out.

    \b
    Example:
      tomoseg-tf evaluate truth.tif segmentation.tif --figure confusion.png
    """
    if figure is not None:
        _check_figure(figure, overwrite, (truth, segmentation))
    from tomoseg_tf.evaluation import class_names, confusion_matrix, scores
    from tomoseg_tf.volume import open_truth

    if names is not None:
        names = [name.strip() for name in names.split(",")]
        num_classes = num_classes or max(2, len(names))
        class_names(num_classes, names)
    truth = open_truth(truth, palette)
    segmentation = open_truth(segmentation, segmentation_palette)
    with options.progress("Comparing") as progress:
        matrix = confusion_matrix(truth, segmentation, num_classes=num_classes, progress=progress)
    result = scores(matrix, names)
    for volume in (truth, segmentation):
        for notice in volume.named_notices():
            options.notify(notice)
    ignored = truth.voxels - int(matrix.sum())
    if ignored:
        options.notify(f"{truth.name}: {ignored:,} of {truth.voxels:,} voxels are ignored")
    if figure is not None:
        from tomoseg_tf.plots import plot_confusion_matrix, save_figure

        save_figure(plot_confusion_matrix(result), figure, overwrite)
    if as_json:
        totals = {"voxels": int(matrix.sum()), "ignored": ignored}
        click.echo(json.dumps({**result.to_dict(), **totals}, allow_nan=False))
    else:
        click.echo(result.table())


def _check_figure(figure, overwrite, inputs):
    """Refuse a figure that cannot be written, or that would replace an input."""
    from tomoseg_tf.plots import check_figure

    check_figure(figure, overwrite)
    if figure.resolve() in [path.resolve() for path in inputs]:
        raise ValueError(f"{figure} is an input; choose another name for the figure")
