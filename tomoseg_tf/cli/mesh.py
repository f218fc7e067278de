"""``tomoseg-tf mesh``: surfaces of a segmentation as mesh files."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import object_options, options


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
    help="Leave out smaller objects.  [default: 1; 8 with --per-object]",
)
@click.option(
    "--per-object",
    type=click.Choice(["ply", "vtk", "stl", "obj"]),
    metavar="ply|vtk|stl|obj",
    help="Write a mesh of each whole object into the folder OUTPUT, named by its label in the "
    "table of tomoseg-tf objects with the same --min-voxels, and a table of them.",
)
@object_options.keep_border
@click.option("--labels", is_flag=True, help="Give each vertex the label of its object (PLY, VTK).")
@options.palette
@options.spacing
@options.overwrite
@options.as_json
def mesh(segmentation, output, per_object, keep_border, labels, as_json, **settings):
    """Write the surface of each class of SEGMENTATION as OUTPUT (.ply, .vtk, .stl, .obj).

    Marching cubes, slab by slab: closed surfaces, normals outwards, x, y, z in µm, or in voxels if
    the spacing is unknown. Of several classes each has its number before the suffix. Of voxels
    without smoothing the area is up to 9 % too large, as is surface_mesh in tomoseg-tf objects.

    \b
    Examples:
      tomoseg-tf mesh pillar_seg.tif pores.vtk --class 1 --labels
      tomoseg-tf mesh dendrites_seg.tif print.stl --step 2 --smooth 2
      tomoseg-tf mesh pillar_seg.tif grains --per-object stl --min-voxels 500
    """
    from tomoseg_tf.meshes import write_meshes, write_object_meshes

    if settings["min_voxels"] is None:
        del settings["min_voxels"]
    if per_object is None:
        if keep_border:
            raise click.UsageError("--keep-border is for --per-object; else all objects are drawn")
        meshes, notices = write_meshes(segmentation, output, labels=labels, **settings)
    else:
        if labels:
            raise click.UsageError("--labels is for one mesh; with --per-object names have them")
        settings |= {"suffix": f".{per_object}", "keep_border": keep_border}
        with options.progress("Writing meshes") as progress:
            meshes, notices = write_object_meshes(
                segmentation, output, progress=progress, **settings
            )
    for notice in notices:
        options.notify(notice)
    if as_json:
        click.echo(json.dumps({"meshes": meshes}))
        return
    if per_object is not None:
        faces = sum(one["faces"] for one in meshes)
        click.echo(f"{output}: meshes of {len(meshes):,} objects, {faces:,} faces, and objects.csv")
        return
    for one in meshes:
        unit = "µm" if one["unit"] == "um" else "voxels"
        click.echo(
            f"{one['path']}: class {one['class']}, {one['vertices']:,} vertices, "
            f"{one['faces']:,} faces, area {one['area']:.6g} {unit}², volume "
            f"{one['volume']:.6g} {unit}³"
        )
