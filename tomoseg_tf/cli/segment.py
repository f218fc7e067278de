"""``tomoseg-tf segment``: segment a volume with fitted weights."""

import json

import click

from tomoseg_tf.cli import options


class Axes(click.ParamType):
    """Axes separated by commas, such as ``z,y,x``."""

    name = "z,y,x"

    def convert(self, value, param, ctx):
        """Turn the text into letters without commas."""
        letters = value.replace(",", "")
        if not letters or len(set(letters)) < len(letters) or set(letters) - set("zyx"):
            self.fail(f"{value!r} must be z, y or x, each at most once, such as z,y,x", param, ctx)
        return letters


class Box(click.ParamType):
    """Part of a volume, such as ``0:64,100:200,100:200``."""

    name = "z0:z1,y0:y1,x0:x1"

    def convert(self, value, param, ctx):
        """Turn the text into (start, stop) per axis."""
        if isinstance(value, tuple):
            return value
        try:
            box = tuple(tuple(int(end) for end in part.split(":")) for part in value.split(","))
        except ValueError:
            box = ()
        if len(box) != 3 or any(len(part) != 2 for part in box):
            self.fail(f"{value!r} is not of the form {self.name}", param, ctx)
        return box


@click.command(short_help="Segment a volume with fitted weights.")
@click.argument("volume", type=options.VOLUME)
@click.argument("segmentation", type=options.VOLUME)
@options.weights
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Probability above which a voxel is object (binary nets; default: that of the weights).",
)
@click.option(
    "--probabilities",
    type=options.VOLUME,
    metavar="FILE",
    help="Write the probabilities too (float32).",
)
@click.option(
    "--grey-levels", is_flag=True, help="Write them as uint8 grey levels, 0 to 255, instead."
)
@click.option(
    "--colours",
    type=options.VOLUME,
    metavar="FILE",
    help="Write the segmentation in the colours of the weights too: an RGB .tif, or a folder of "
    "slices (no suffix: TIFF; .png: PNG).",
)
@click.option("--roi", type=Box(), help="Segment only this part; statistics stay those of all.")
@click.option(
    "--mask",
    type=options.MASK,
    metavar="FILE|auto|none",
    help="Which voxels are the sample: those of a label volume that are not 0, what is inside the "
    "reconstruction circle (auto), or all (none). The rest becomes background.  [default: as the "
    "weights were fitted]",
)
@click.option(
    "--no-filters",
    "apply_filters",
    is_flag=True,
    flag_value=False,
    default=True,
    help="VOLUME went through the filters of the weights already: do not apply them.",
)
@click.option(
    "--step",
    type=click.IntRange(min=1),
    metavar="N",
    help="Pixels from patch to patch, for weights of one patch size (xlearn_unet); 1 as "
    "published.  [default: a quarter of the patch]",
)
@click.option(
    "--passes",
    type=Axes(),
    default="z",
    show_default=True,
    help="Axes along which a 2D network sees slices, such as z,y,x: the probabilities are the mean "
    "of the passes. The voxels are taken for cubes.",
)
@click.option(
    "--z-blocks",
    type=click.IntRange(min=1),
    metavar="N",
    help="Predict blocks of N slices, each as if it were a volume of its own, for 3D networks that "
    "were fitted on so few; the last one ends with the volume.  [default: the volume as one]",
)
@click.option(
    "--max-memory",
    type=click.FloatRange(min=0, min_open=True),
    metavar="GB",
    help="Memory for tiles, batches and buffers, beside 1 GB of the program.  [default: 2.5]",
)
@options.spacing
@options.shape
@options.dtype
@click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto, cpu, gpu or gpu:N.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "float16"]),
    default="float32",
    show_default=True,
    help="Number format inside the network.",
)
@options.overwrite
@options.as_json
def segment(volume, segmentation, spacing, shape, dtype, max_memory, as_json, **settings):
    """Segment VOLUME with fitted weights and write SEGMENTATION: classes, 0 is background.

    VOLUME and SEGMENTATION are TIFF, HDF5, Zarr, NRRD, NPY or RAW by their suffix,
    or a folder of TIFF slices (a name without suffix); :: and a place inside may
    follow.

    \b
    Examples:
      tomoseg-tf segment pillar.tif pillar_seg.tif -w unet_3d_micropillar
      tomoseg-tf segment slices/ result/ -w my_weights --threshold 0.4 --probabilities p.tif
      tomoseg-tf segment scan.h5::/exchange/data result.zarr -w my_weights --mask auto
      tomoseg-tf segment scan.tif classes.tif -w my_2d_weights --passes z,y,x --colours rgb.tif
      tomoseg-tf segment scan.tif classes.tif -w my_shallow_3d_weights --z-blocks 4
    """
    from tomoseg_tf.prediction import segment_file
    from tomoseg_tf.volume import open_volume

    scan = open_volume(volume, spacing=spacing, shape=shape, dtype=dtype)
    settings["max_memory"] = None if max_memory is None else 1e9 * max_memory
    with options.progress("Segmenting") as progress:
        summary = segment_file(scan, segmentation, progress=progress, **settings)
    for notice in summary["notices"]:
        options.notify(notice)
    if as_json:
        click.echo(json.dumps(summary))
        return
    voxels = sum(entry["voxels"] for entry in summary["classes"])
    shares = ", ".join(
        f"{entry['name']} {100 * entry['voxels'] / voxels:.3f} %" for entry in summary["classes"]
    )
    click.echo(
        f"{segmentation}: {' x '.join(map(str, summary['shape']))} voxels in "
        f"{summary['seconds']:.1f} s; {shares}"
    )
