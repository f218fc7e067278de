"""Figures as pictures in the page: SVG where that is small, else PNG."""

import base64
import io
import re
from pathlib import Path

import matplotlib
from PIL import Image, UnidentifiedImageError

from tomoseg_tf.plots import format_data
from tomoseg_tf.report.content import Picture

LARGEST_SVG = 250_000  # bytes; of thousands of points a PNG is smaller and drawn faster
LARGEST_DATA = 400_000  # bytes; of more, as of very many objects, the table of the page has it
DPI = 170
WIDEST = 2400  # pixels of pictures from files
_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def picture_of(axes, title, alt, *, data=None, wide=False, vector=True):
    """Turn a figure into a picture.

    Parameters
    ----------
    axes : Axes
        Any one of the figure.
    title : str
        Caption.
    alt : str
        What it shows.
    data : dict from str to sequence, optional
        What it shows as columns, which the page offers as CSV.
    wide : bool
        Whether it takes the whole width.
    vector : bool
        Whether SVG is tried; not for photographs.

    Returns
    -------
    Picture
        The picture.
    """
    figure = axes.figure
    table = "" if data is None else format_data(data)
    known = {"wide": wide}
    if 0 < len(table) <= LARGEST_DATA:
        address = data_address("text/csv", table.encode("utf-8"))
        known |= {"data": address, "file": f"{_file_name(title)}.csv"}
    if vector:
        content = io.BytesIO()
        with matplotlib.rc_context({"svg.hashsalt": "tomoseg-tf"}):
            figure.savefig(
                content, format="svg", bbox_inches="tight", pad_inches=0.04, metadata=_METADATA
            )
        if content.tell() <= LARGEST_SVG:
            return Picture(title, alt, data_address("image/svg+xml", content.getvalue()), **known)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.04)
    return Picture(title, alt, data_address("image/png", content.getvalue()), **known)


def picture_from(path, title, alt, *, wide=False):
    """Read a picture from a file, made smaller where it is larger than a page shows.

    Parameters
    ----------
    path : str or Path
        PNG file.
    title, alt, wide
        As for `picture_of`.

    Returns
    -------
    Picture
        The picture.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    content = io.BytesIO()
    try:
        with Image.open(Path(path), formats=["PNG"]) as image:
            image.thumbnail((WIDEST, 4 * WIDEST))
            image.save(content, "PNG", optimize=True)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: cannot be read as a PNG figure ({error})") from error
    return Picture(title, alt, data_address("image/png", content.getvalue()), wide)


def data_address(kind, content):
    """Write bytes as an address that holds them.

    Parameters
    ----------
    kind : str
        Their media type.
    content : bytes
        What they are.

    Returns
    -------
    str
        ``data:...``
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _file_name(title):
    """Name a file after a figure."""
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:60] or "figure"
