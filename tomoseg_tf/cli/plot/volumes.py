"""Figures of volumes: slices, grey histograms and renderings."""

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.plot import saving


@click.command(short_help="Draw a plane with truth, result and errors.")
@click.argument("volume", type=options.VOLUME)
@saving.figure
@click.option("--truth", type=options.VOLUME, metavar="FILE", help="True classes.")
@click.option("--segmentation", type=options.VOLUME, metavar="FILE", help="Predicted classes.")
@click.option(
    "--plane",
    type=click.Choice(["xy", "xz", "yz"]),
    default="xy",
    show_default=True,
    help="Axes to the right and downwards.",
)
@click.option(
    "--index",
    type=click.IntRange(min=0),
    metavar="N",
    help="Place along the third axis.  [default: where most objects are]",
)
@options.palette
@options.spacing
@saving.width
@options.overwrite
def slices(volume, figure, truth, segmentation, plane, index, palette, spacing, width, overwrite):
    """Draw a plane of VOLUME, of its truth and segmentation, and where these differ.

    In the hit map true positives are white, true negatives black, false positives red and false
    negatives blue; voxels of each are counted in the data.

    \b
    Examples:
      tomoseg-tf plot slices scan.tif slices.pdf --truth truth.tif --segmentation classes.tif
      tomoseg-tf plot slices scan.tif side.pdf --segmentation classes.tif --plane xz --index 200
    """
    saving.check_outputs(figure, overwrite, [volume, truth, segmentation])
    from tomoseg_tf.plots import busiest_plane, check_shapes, hit_data, plot_panels
    from tomoseg_tf.volume import open_truth, open_volume

    scan = open_volume(volume, spacing=spacing)
    pair = [None if one is None else open_truth(one, palette) for one in (truth, segmentation)]
    check_shapes((scan, *pair))
    if index is None and None not in pair:
        index = busiest_plane(pair[0], plane)
    axes = plot_panels(scan, *pair, index, plane=plane, width=width)
    saving.notify(scan, *pair)
    data = None if None in pair else hit_data(*pair, index, plane=plane)
    saving.save(axes[0], figure, overwrite, data)


@click.command(short_help="Draw the grey histogram of each class.")
@click.argument("volume", type=options.VOLUME)
@click.argument("segmentation", type=options.VOLUME)
@saving.figure
@click.option(
    "--mask",
    type=options.MASK,
    default="auto",
    show_default=True,
    metavar="FILE|auto|none",
    help="Which voxels are the sample: those of a label volume that are not 0, what is inside the "
    "reconstruction circle (auto), or all (none).",
)
@saving.names
@options.palette
@saving.width
@options.overwrite
def grey(volume, segmentation, figure, mask, names, palette, width, overwrite):
    """Draw the grey histograms of VOLUME for each class of SEGMENTATION, on axes of their own.

    \b
    Example:
      tomoseg-tf plot grey scan.tif truth.tif grey.pdf --names background,precipitates
    """
    saving.check_outputs(figure, overwrite, [volume, segmentation])
    from tomoseg_tf.plots import class_histograms, grey_data, plot_grey_histograms
    from tomoseg_tf.volume import open_truth, open_volume

    scan, classes = open_volume(volume), open_truth(segmentation, palette)
    with options.progress("Counting") as progress:
        found = class_histograms(scan, classes, mask=mask, progress=progress)
    saving.notify(scan, classes)
    names = saving.parse_names(names)
    axes = plot_grey_histograms(found, names=names, width=width)
    first = getattr(axes, "flat", [axes])[0]
    saving.save(first, figure, overwrite, grey_data(found, names=names))


@click.command(short_help="Draw the surfaces of the largest objects.")
@click.argument("segmentation", type=options.VOLUME)
@saving.figure
@click.option(
    "--largest",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    metavar="N",
    help="Objects at most.",
)
@saving.names
@options.palette
@options.spacing
@saving.width
@options.overwrite
def rendering(segmentation, figure, largest, names, palette, spacing, width, overwrite):
    """Draw the surfaces of the largest objects of SEGMENTATION in three dimensions.

    It is read slab by slab and thinned to what can be drawn; the figure says so.

    \b
    Example:
      tomoseg-tf plot rendering pillar_seg.tif objects.png --largest 100
    """
    saving.check_outputs(figure, overwrite, [segmentation])
    from tomoseg_tf.plots import plot_rendering, rendered_surfaces, rendering_data
    from tomoseg_tf.volume import open_truth

    classes = open_truth(segmentation, palette)
    spacing = spacing or classes.spacing
    surfaces = rendered_surfaces(classes, spacing=spacing, largest=largest)
    options_ = {"names": saving.parse_names(names), "width": width, "surfaces": surfaces}
    ax = plot_rendering(classes, spacing=spacing, **options_)
    saving.notify(classes)
    data = rendering_data(surfaces, unit="um" if spacing else "voxels")
    saving.save(ax, figure, overwrite, data)
