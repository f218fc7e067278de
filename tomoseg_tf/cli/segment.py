"""``tomoseg-tf segment``: segment a volume with fitted weights."""

import json

import click

from tomoseg_tf.cli import guard_options, options
from tomoseg_tf.cli import segment_many as many


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


class Memory(click.ParamType):
    """An amount of memory, such as ``2GB``."""

    name = "memory"

    def convert(self, value, param, ctx):
        """Turn the text into bytes."""
        from tomoseg_tf.prediction.budget import parse_memory

        if isinstance(value, float):
            return value
        try:
            return parse_memory(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command(short_help="Segment a volume with fitted weights.")
@click.argument("volumes", metavar="VOLUME...", nargs=-1, required=True, type=options.VOLUME)
@click.argument("segmentation", type=options.VOLUME)
@click.option(
    "-w",
    "--weights",
    required=True,
    multiple=True,
    type=options.WEIGHTS,
    metavar="NAME|FOLDER|URL",
    help="Weights: a name (see: tomoseg-tf weights list), a folder, a zip archive or its address; "
    "may be repeated: the probabilities are then the mean, and so is the threshold.",
)
@click.option(
    "--turns",
    type=options.TURNS,
    default="none",
    show_default=True,
    help="Average what the weights say of the scan and of its flips and quarter turns too. Slices "
    "have 4 flips, volumes 8; quarter-turns are the 4 about z; square is both, 8 or 16; cube is "
    "all 48 of a volume of cubic voxels. Each takes the time of one prediction.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Probability above which a voxel is object (binary nets; default: that of the weights).",
)
@click.option(
    "--probabilities",
    type=options.VOLUME,
    metavar="FILE",
    help="Write the probabilities too (float32); of weights with several classes a file for each, "
    "with the name of the class: p.tif becomes p_pore.tif, p_clay.tif, ...",
)
@click.option(
    "--entropy",
    type=options.VOLUME,
    metavar="FILE",
    help="Write the entropy of the probabilities too: 0 where sure, 1 where all classes are "
    "equally likely.",
)
@click.option(
    "--disagreement",
    type=options.VOLUME,
    metavar="FILE",
    help="Write how far weights, turns and passes disagree too: the part of the entropy, 0 to 1, "
    "that no single one of them has (mutual information).",
)
@click.option(
    "--grey-levels",
    is_flag=True,
    help="Write probabilities, entropy and disagreement as uint8 grey levels, 0 to 255, instead.",
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
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME:VALUE,...",
    help="Filter the scan as it is read, before the filters of the weights: invert for weights "
    "that know objects of the other contrast, median:3 or others of tomoseg-tf filter; may be "
    "repeated.",
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
    "--blend",
    type=options.Numbers(minimum=4),
    metavar="Z,Y,X",
    help="Predict tiles of these sides, each as a volume of its own, and blend them where they "
    "overlap (Gaussian): for 3D networks that cannot be predicted exactly. The seams are told.",
)
@click.option(
    "--max-memory",
    type=Memory(),
    metavar="GB",
    help="Memory of the whole program, such as 2GB or 512MB (GB without a unit); on a GPU, that of "
    "the tiles there.  [default: 3GB; on a GPU 2.5GB]",
)
@guard_options.to_spacing
@guard_options.binning
@guard_options.strict
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
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    default="auto",
    show_default=True,
    help="Number format inside the network; auto is bfloat16 on a processor that computes in it "
    "(AVX512-BF16, AMX), else float32. float16 is for GPUs.",
)
@many.suffix
@many.normalise_together
@many.statistics
@many.cluster
@many.workers
@options.overwrite
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only print what would be done: tiles, memory, disk and the time, which is estimated.",
)
@options.as_json
def segment(volumes, segmentation, spacing, shape, dtype, as_json, cluster, workers, **settings):
    """Segment VOLUME with fitted weights and write SEGMENTATION: classes, 0 is background.

    VOLUME and SEGMENTATION are TIFF, HDF5, Zarr, NRRD, NPY or RAW by their suffix,
    or a folder of TIFF slices (a name without suffix); :: and a place inside may
    follow. Several scans, a pattern in quotes or @list.txt with a scan per line are
    segmented one after the other into the folder SEGMENTATION; what is there already
    is not done again.

    \b
    Examples:
      tomoseg-tf segment pillar.tif pillar_seg.tif -w unet_3d_micropillar
      tomoseg-tf segment slices/ result/ -w my_weights --threshold 0.4 --probabilities p.tif
      tomoseg-tf segment scan.h5::/exchange/data result.zarr -w my_weights --mask auto
      tomoseg-tf segment scan.tif classes.tif -w my_2d_weights --passes z,y,x --colours rgb.tif
      tomoseg-tf segment scan.tif classes.tif -w my_shallow_3d_weights --z-blocks 4
      tomoseg-tf segment scan.tif classes.tif -w one -w two --turns flips --disagreement d.tif
      tomoseg-tf segment scan.tif classes.tif -w weights_for_dark_objects --filter invert
      tomoseg-tf segment 'series/*.tif' results -w my_weights --normalise-together
      tomoseg-tf segment scan.zarr result.ome.zarr -w my_weights --cluster tcp://host:8786
    """
    from tomoseg_tf.prediction import segment_file
    from tomoseg_tf.prediction.resuming.hidden import how_far
    from tomoseg_tf.volume import open_volume

    opening = {"spacing": spacing, "shape": shape, "dtype": dtype}
    settings["notify"] = options.notify
    if many.names_many(volumes, settings):
        with many.sharing(cluster, workers, settings) as shared:
            many.segment_many(
                *(volumes, segmentation), as_json=as_json, opening=opening, **shared, **settings
            )
        return
    del settings["suffix"], settings["normalise_together"]
    scan = open_volume(volumes[0], **opening)
    try:
        with (
            many.sharing(cluster, workers, settings) as shared,
            options.progress("Segmenting") as progress,
        ):
            settings |= shared
            summary = segment_file(scan, segmentation, progress=progress, **settings)
    except KeyboardInterrupt:
        done = how_far(segmentation)
        if done is None:
            raise
        raise ValueError(f"interrupted; the same command goes on {done}") from None
    for notice in summary["notices"]:
        options.notify(notice)
    if as_json:
        click.echo(json.dumps(summary))
        return
    click.echo(many.describe(segmentation, summary))
