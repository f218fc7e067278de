"""What all figures of the command line share: their width, their checks and their files."""

from pathlib import Path

import click

from tomoseg_tf.cli import options

figure = click.argument("figure", type=click.Path(path_type=Path))
width = click.option(
    "--width",
    type=click.Choice(["single", "double"]),
    default="single",
    show_default=True,
    help="Width of one column of a journal, 85 mm, or of two, 180 mm.",
)
names = click.option(
    "--names", metavar="A,B,...", help="Names of the classes, one each, background first."
)


def parse_names(text):
    """Take names apart.

    Parameters
    ----------
    text : str or None
        Separated by commas.

    Returns
    -------
    list of str or None
        The names.
    """
    return None if text is None else [name.strip() for name in text.split(",")]


def check_outputs(path, overwrite, inputs):
    """Refuse a figure that cannot be written, or that would replace an input, before any work.

    Parameters
    ----------
    path : Path
        The figure.
    overwrite : bool
        Whether existing files may be replaced.
    inputs : sequence of Path or None
        What is read.

    Raises
    ------
    ValueError
        If so.
    """
    from tomoseg_tf.plots import check_figure, data_path

    taken = [one.resolve() for one in inputs if one is not None]
    for output in (path, data_path(path)):
        if output.resolve() in taken:
            which = "the figure" if output == path else f"the data of {path.name}"
            raise ValueError(f"{output} is an input; {which} must not replace it: name another one")
    check_figure(path, overwrite, data=True)


def save(axes, path, overwrite, data):
    """Save a figure with its data, and say where.

    Parameters
    ----------
    axes : Axes
        One of its Axes.
    path : Path
        The figure.
    overwrite : bool
        Whether existing files may be replaced.
    data : dict from str to sequence, or None
        What it shows.
    """
    from tomoseg_tf.plots import data_path, save_figure

    save_figure(axes, path, overwrite, data=data)
    beside = "" if data is None else f", its data in {data_path(path)}"
    click.echo(f"{path}{beside}")


def notify(*volumes):
    """Say how volumes were read.

    Parameters
    ----------
    *volumes : Volume or None
        What was read.
    """
    for volume in volumes:
        for notice in [] if volume is None else volume.named_notices():
            options.notify(notice)
