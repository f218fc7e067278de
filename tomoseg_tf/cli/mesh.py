"""``tomoseg-tf mesh``: surfaces of a segmentation as mesh files."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options


@click.command(short_help="Write the surfaces of classes as meshes.")
@click.argument("segmentation", type=options.VOLUME)
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "--class",
    "classes",
    type=click.IntRange(1, 254),
    multiple=True,
    metavar="N",
    help="Class to draw; may be repeated.  [default: all that occur]",
)
@click.option(
    "--step",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Thin the segmentation to blocks of N voxels a side first, for fewer faces.",
)
@click.option(
    "--smooth",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="VOXELS",
    help="Smooth the class by a Gaussian filter of this standard deviation first; details below "
    "it, and objects, are lost.",
)
@click.option(
    "--min-voxels",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Leave out smaller objects.",
)
@click.option("--labels", is_flag=True, help="Give each vertex the label of its object (PLY).")
@options.palette
@options.spacing
@options.overwrite
@options.as_json
def mesh(segmentation, output, as_json, **settings):
    """Write the surface of each class of SEGMENTATION as OUTPUT (.ply, .stl, .obj).

    Marching cubes, slab by slab: closed surfaces, normals outwards, x, y, z in µm, or in voxels if
    the spacing is unknown. Of several classes each has its number before the suffix. Of voxels
    without smoothing the area is up to 9 % too large, as is surface_mesh in tomoseg-tf objects.

    \b
    Examples:
      tomoseg-tf mesh pillar_seg.tif pores.ply --class 1 --labels
      tomoseg-tf mesh dendrites_seg.tif print.stl --step 2 --smooth 2
    """
    from tomoseg_tf.meshes import write_meshes

    meshes, notices = write_meshes(segmentation, output, **settings)
    for notice in notices:
        options.notify(notice)
    if as_json:
        click.echo(json.dumps({"meshes": meshes}))
        return
    for one in meshes:
        unit = "µm" if one["unit"] == "um" else "voxels"
        click.echo(
            f"{one['path']}: class {one['class']}, {one['vertices']:,} vertices, "
            f"{one['faces']:,} faces, area {one['area']:.6g} {unit}², volume "
            f"{one['volume']:.6g} {unit}³"
        )
