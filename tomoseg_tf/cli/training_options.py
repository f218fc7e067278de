"""Options and messages of the commands that train networks, each declared once."""

import contextlib
from pathlib import Path

import click

from tomoseg_tf.cli import options

epochs = click.option(
    "--epochs", type=click.IntRange(min=1), help="Short for --set schedule.epochs=N."
)
changes = click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replace a setting of the recipe, as in optimiser.learning_rate=0.001; repeatable.",
)


def output(name, metavar, text):
    """Make the option ``-o`` for the folder of what is trained.

    Parameters
    ----------
    name : str
        Name of the parameter.
    metavar : str
        What the help calls the folder.
    text : str
        Help.

    Returns
    -------
    callable
        A decorator.
    """
    path = click.Path(path_type=Path)
    return click.option(
        "-o", "--output", name, required=True, type=path, metavar=metavar, help=text
    )


def recipe(default, text):
    """Make the option ``--recipe``.

    Parameters
    ----------
    default : str
        Name of a shipped recipe.
    text : str
        Help.

    Returns
    -------
    callable
        A decorator.
    """
    return click.option(
        "--recipe", default=default, show_default=True, metavar="NAME|FILE", help=text
    )


def with_budget(changes, **budget):
    """Add the short options of the budget to the changes of a recipe.

    Parameters
    ----------
    changes : tuple of str
        What ``--set`` gave.
    **budget
        Settings of the section ``schedule``; None for those not given.

    Returns
    -------
    tuple of str
        All changes.
    """
    given = {key: value for key, value in budget.items() if value is not None}
    return (*changes, *(f"schedule.{key}={value}" for key, value in given.items()))


def again(overwrite):
    """Name the command that goes on with a study.

    Parameters
    ----------
    overwrite : bool
        Whether this one replaces what an earlier one left.

    Returns
    -------
    str
        The command, in words.
    """
    return "the same command without --overwrite" if overwrite else "the same command"


@contextlib.contextmanager
def training(folder, command="the same command"):
    """Show the progress of a training; say how to go on when it is interrupted.

    Parameters
    ----------
    folder : Path
        What is gone on with.
    command : str
        What goes on with it, see `again`.

    Yields
    ------
    callable or None
        As `tomoseg_tf.cli.options.progress` gives it.
    """
    try:
        with options.progress("Training") as progress:
            yield progress
    except KeyboardInterrupt:
        raise ValueError(
            f"interrupted; {command} goes on with {folder} after its last whole epoch"
        ) from None


def epoch_line(row, total):
    """Sum an epoch up in one line.

    Parameters
    ----------
    row : dict
        Scores of the epoch.
    total : int or None
        Epochs of the training, None where networks may have different ones.

    Returns
    -------
    str
        The line.
    """
    of_total = "" if total is None else f"/{total}"
    return (
        f"epoch {row['epoch']}{of_total}  loss {row['loss']:.4f}  val loss {row['val_loss']:.4f}  "
        f"val accuracy {row['val_accuracy']:.4f}  val dice {row['val_dice']:.4f}  "
        f"lr {row['learning_rate']:.2e}  {row['seconds']:.1f} s"
    )
