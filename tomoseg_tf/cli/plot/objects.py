"""Figures of tables of objects: sizes, shapes, and profiles of those whose class changes."""

from pathlib import Path

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.plot import saving


@click.command(short_help="Draw how many objects have which radius.")
@click.argument("tables", metavar="TABLE...", type=click.Path(path_type=Path), nargs=-1,
                required=True)  # fmt: skip
@saving.figure
@saving.width
@options.overwrite
def sizes(tables, figure, width, overwrite):
    """Draw how many objects of TABLE have which radius; several tables over one another.

    TABLE is what tomoseg-tf objects wrote. Where it has weights for the objects that a face of the
    volume would cut, the corrected numbers are drawn, too.

    \b
    Examples:
      tomoseg-tf plot sizes pillar.csv sizes.pdf
      tomoseg-tf plot sizes truth.csv predicted.csv sizes.pdf
    """
    saving.check_outputs(figure, overwrite, tables)
    from tomoseg_tf.objects import read_table
    from tomoseg_tf.plots import figure_size, new_axes, plot_size_histogram, size_data

    found = {path.stem: read_table(path) for path in tables}
    if len(found) < len(tables):
        raise ValueError("two tables have the same file name; rename one, as the legend needs it")
    found = found if len(tables) > 1 else next(iter(found.values()))
    ax = new_axes(size=figure_size(width, ratio=0.75 if width == "single" else 0.4))
    plot_size_histogram(found, ax=ax)
    saving.save(ax, figure, overwrite, size_data(found))


@click.command(short_help="Draw sphericity against radius.")
@click.argument("table", type=click.Path(path_type=Path))
@saving.figure
@click.option(
    "--sphericity",
    type=click.Choice(["faces", "crofton", "mesh"]),
    default="faces",
    show_default=True,
    help="From the area of voxel faces, as published, of which a ball has 2/3; by Crofton's "
    "formula, where it has 1; or of a mesh, where it has 0.92.",
)
@saving.width
@options.overwrite
def shapes(table, figure, sphericity, width, overwrite):
    """Draw sphericity against radius for the objects of TABLE, coloured by their grey level.

    \b
    Example:
      tomoseg-tf plot shapes pillar.csv shapes.pdf
    """
    saving.check_outputs(figure, overwrite, [table])
    from tomoseg_tf.objects import read_table
    from tomoseg_tf.plots import figure_size, new_axes, plot_shapes, shape_data

    found = read_table(table)
    column = "sphericity" if sphericity == "faces" else f"sphericity_{sphericity}"
    ax = new_axes(size=figure_size(width, ratio=0.75 if width == "single" else 0.4))
    plot_shapes(found, sphericity=column, ax=ax)
    saving.save(ax, figure, overwrite, shape_data(found, sphericity=column))


@click.command(short_help="Draw grey level and class along z of objects.")
@click.argument("table", type=click.Path(path_type=Path))
@saving.figure
@click.option(
    "--label",
    "labels",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="Object to draw; may be repeated.  [default: those whose class changes most often]",
)
@click.option(
    "--most",
    type=click.IntRange(1, 30),
    default=6,
    show_default=True,
    metavar="N",
    help="Objects at most, if none is chosen.",
)
@saving.names
@saving.width
@options.overwrite
def profiles(table, figure, labels, most, names, width, overwrite):
    """Draw the mean grey level of each section along z, in the colour of its class.

    TABLE is what tomoseg-tf consistency wrote, with the profile beside it.

    \b
    Example:
      tomoseg-tf plot profiles changes.csv profiles.pdf --most 3
    """
    from tomoseg_tf.objects import profile_path, read_table

    beside = profile_path(table)
    profile = beside if beside.is_file() else table
    saving.check_outputs(figure, overwrite, [table, profile])
    from tomoseg_tf.plots import plot_profiles, profile_data

    try:
        found = read_table(profile)
    except ValueError:
        if profile == beside or not profile.is_file():
            raise
        raise ValueError(
            f"{table} is no profile, and {beside} does not exist; name the profile that "
            "tomoseg-tf consistency wrote beside its table"
        ) from None
    missing = [name for name in ("label", "z", "class", "share") if name not in found]
    if missing:
        raise ValueError(
            f"{profile} has no column {missing[0]}; give the profile of tomoseg-tf consistency"
        )
    chosen = {"labels": labels, "most": most}
    axes = plot_profiles(found, names=saving.parse_names(names), width=width, **chosen)
    saving.save(axes[0], figure, overwrite, profile_data(found, **chosen))
