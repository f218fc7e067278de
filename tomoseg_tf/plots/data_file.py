"""The data of a figure as CSV, so that others can draw it anew."""

import csv
import io
from itertools import zip_longest
from pathlib import Path


def data_path(path):
    """Name the file for the data of a figure.

    Parameters
    ----------
    path : str or Path
        File of the figure.

    Returns
    -------
    Path
        The same with the suffix .csv.
    """
    return Path(path).with_suffix(".csv")


def format_data(columns):
    """Write columns as CSV.

    Parameters
    ----------
    columns : dict from str to sequence
        Numbers or texts; columns may end early.

    Returns
    -------
    str
        A line of names, then the rows. Floats have ten digits; NaN and None are empty cells.

    Examples
    --------
    >>> print(format_data({"radius_um": [0.5, 1.25], "objects": [3, None]}), end="")
    radius_um,objects
    0.5,3
    1.25,
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    rows = zip_longest(*columns.values())
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value):
    """Text of a cell."""
    if value is None or value != value:
        return ""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind == "b" or isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.10g}" if kind == "f" or isinstance(value, float) else str(value)
