"""Options that several commands share, each declared once."""

import contextlib
import math
import sys
from pathlib import Path

import click

from tomoseg_tf.cli.weights_source import WEIGHTS

overwrite = click.option("--overwrite", is_flag=True, help="Replace an existing output.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
weights = click.option(
    "-w",
    "--weights",
    required=True,
    type=WEIGHTS,
    metavar="NAME|FOLDER|URL",
    help="Weights: a name (see: tomoseg-tf weights list), a folder, a zip archive or its address.",
)
seed = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed."
)
palette = click.option(
    "--palette",
    default="auto",
    show_default=True,
    metavar="NAME|V:C,...",
    help="How label values map to classes: auto (0 to 31 are classes and 255 is ignored, but 0 and "
    "255 alone are a mask), classes (all of 0 to 254), mask, inverted, ilastik (1 is class 0, 2 is "
    "class 1, ..., and 0 is ignored), levels (the distinct values in order), pairs such as "
    "0:0,127:1,255:2 or colours such as '#ff0000:1,grey:0'. After pairs: nearest or nearest=20 for "
    "stray values, hue for colours blended over grey, other:ignore for all else.",
)


class Numbers(click.ParamType):
    """Comma-separated numbers of a fixed count, such as ``192,192,192``."""

    def __init__(self, kind=int, count=3, minimum=None, *, positive=False):
        self.kind, self.count, self.minimum, self.positive = kind, count, minimum, positive
        self.name = ",".join(["N"] * count)

    def convert(self, value, param, ctx):
        """Turn the text into a tuple of numbers."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(self.kind(part) for part in value.split(","))
        except ValueError:
            numbers = ()
        if len(numbers) != self.count:
            self.fail(f"{value!r} is not {self.count} numbers separated by commas", param, ctx)
        if self.minimum is not None and min(numbers) < self.minimum:
            self.fail(f"{value!r}: each number must be at least {self.minimum}", param, ctx)
        if self.positive and not all(math.isfinite(number) and number > 0 for number in numbers):
            self.fail(f"{value!r}: each number must be positive and finite", param, ctx)
        return numbers


spacing = click.option(
    "--spacing",
    type=Numbers(float, positive=True),
    metavar="Z,Y,X",
    help="Voxel size in µm, in place of what the file says.",
)

shape = click.option(
    "--shape",
    type=Numbers(int, minimum=1),
    metavar="Z,Y,X",
    help="Shape of a RAW volume, which its file does not state.",
)
dtype = click.option(
    "--dtype",
    metavar="TYPE",
    help="Type of a RAW volume, such as uint16, >u2 (big-endian) or float32.",
)

filters = click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME:VALUE,...",
    help="Filter the scan as it is read: median:3, gaussian:1.5, unsharp:1,0.5, nonlocal:h=10, "
    "local, invert (tomoseg-tf filter --help explains them); may be repeated, in their order.",
)

VOLUME = click.Path(path_type=Path)
TURNS = click.Choice(["none", "flips", "quarter-turns", "square", "cube"])


class Mask(click.ParamType):
    """A label volume, or one of the words auto and none, which stay texts."""

    name = "mask"

    def convert(self, value, param, ctx):
        """Turn the name of a file into a path."""
        return value if value in ("auto", "none") else Path(value)


MASK = Mask()


def notify(text):
    """Print a notice on standard error."""
    click.echo(text, err=True)


@contextlib.contextmanager
def progress(title):
    """Show a progress bar on standard error, only on a terminal.

    Parameters
    ----------
    title : str
        What is being done.

    Yields
    ------
    callable or None
        ``progress(done, total)`` for a library function; None when standard
        error is not a terminal.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def update(done, total):
            bar.update(task, completed=done, total=total)

        yield update
