"""Options of the commands that work on objects."""

import click

connectivity = click.option(
    "--connectivity",
    type=click.Choice(["6", "18", "26"]),
    default="26",
    show_default=True,
    callback=lambda context, parameter, value: int(value),
    help="Voxels are of one object that share a face (6), also an edge (18), also a corner (26).",
)
min_voxels = click.option(
    "--min-voxels",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Leave out smaller objects, and their partners.",
)
keep_border = click.option(
    "--keep-border",
    is_flag=True,
    help="Keep objects that touch a face of the volume, of which only a part is seen.",
)
overlap = click.option(
    "--overlap",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    metavar="SHARE",
    help="Least overlap of objects that are taken for the same.",
)
overlap_of = click.option(
    "--overlap-of",
    type=click.Choice(["iou", "truth"]),
    default="iou",
    show_default=True,
    help="Overlap as intersection over union, or as the share of the true object.",
)


def matching(command):
    """Add all options of matching objects to a command.

    Parameters
    ----------
    command : callable
        It gets ``overlap``, ``overlap_of``, ``connectivity``, ``min_voxels``, ``keep_border``.

    Returns
    -------
    callable
        The command.
    """
    for option in (keep_border, min_voxels, connectivity, overlap_of, overlap):
        command = option(command)
    return command
