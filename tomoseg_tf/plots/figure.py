"""Figures of their own, outside the state of pyplot, their files, and their data beside them."""

import io
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tomoseg_tf.plots.data_file import data_path, format_data
from tomoseg_tf.volume import check_destination, staged_file
from tomoseg_tf.volume.storage.staging import staged_files

FORMATS = (".png", ".pdf", ".svg", ".eps", ".tif", ".tiff", ".jpg", ".jpeg")
MILLIMETRE = 1 / 25.4  # inches
WIDTHS = {"single": 85 * MILLIMETRE, "double": 180 * MILLIMETRE}  # columns of journals
LABEL_SIZE, TICK_SIZE, LEGEND_SIZE = 8, 7, 7  # points, in print
# journals want letters as letters, in fonts that are embedded whole
_EMBEDDED = {"pdf.fonttype": 42, "ps.fonttype": 42}


def new_axes(rows=1, columns=1, *, size=(3.4, 3.2)):
    """Axes in a figure of their own.

    Parameters
    ----------
    rows, columns : int
        Number of Axes.
    size : (float, float)
        Width and height of the figure in inches; 3.4 is the width of a journal's column.

    Returns
    -------
    Axes or (rows, columns) ndarray of Axes
        One Axes when there is only one; the figure is `ax.figure`.
    """
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots(rows, columns)


def figure_size(width="single", *, ratio=0.75):
    """Size of a figure that is as wide as one or two columns of a journal.

    Parameters
    ----------
    width : {"single", "double"}
        85 or 180 mm.
    ratio : float
        Height over width.

    Returns
    -------
    (float, float)
        Width and height in inches.

    Raises
    ------
    ValueError
        If there is no such width.
    """
    if width not in WIDTHS:
        raise ValueError(f"width {width!r} is not known; use {' or '.join(WIDTHS)}")
    return WIDTHS[width], ratio * WIDTHS[width]


def label_axes(ax, xlabel, ylabel):
    """Name the axes, in letters that can be read in print, and leave out the box.

    Parameters
    ----------
    ax : Axes
        What to label.
    xlabel, ylabel : str
        Quantities with their units.
    """
    ax.set_xlabel(xlabel, size=LABEL_SIZE)
    ax.set_ylabel(ylabel, size=LABEL_SIZE)
    ax.tick_params(labelsize=TICK_SIZE)
    ax.spines[["top", "right"]].set_visible(False)


def check_figure(path, overwrite=False, *, data=False):
    """Check that a figure may be saved at a path, before any work is done.

    Parameters
    ----------
    path : str or Path
        Where the figure will be.
    overwrite : bool
        Whether an existing file may be replaced.
    data : bool
        Whether its data will lie beside it.

    Raises
    ------
    ValueError
        If the suffix is none of `FORMATS`, a file exists and may not be replaced, or
        its folder does not exist.
    """
    _format(path)
    check_destination(path, overwrite)
    if data:
        check_destination(data_path(path), overwrite)


def save_figure(figure, path, overwrite=False, *, dpi=300, data=None):
    """Save a figure, and its data beside it; files appear only when they are complete.

    Parameters
    ----------
    figure : Figure or Axes
        What to save; of an Axes its whole figure.
    path : str or Path
        File, with the suffix of its format, one of `FORMATS`.
    overwrite : bool
        Whether existing files may be replaced.
    dpi : float
        Dots per inch of pixel formats, and of the pixels in others.
    data : dict from str to sequence, optional
        What the figure shows, as columns; written as CSV under the name of the figure with the
        suffix .csv.

    Raises
    ------
    ValueError
        If a file cannot be written (see `check_figure`).
    """
    figure = figure if isinstance(figure, Figure) else figure.figure
    check_figure(path, overwrite, data=data is not None)
    content = io.BytesIO()  # the writers of some formats do not survive a full disk
    with matplotlib.rc_context(_EMBEDDED):
        figure.savefig(content, format=_format(path), dpi=dpi, **_margins(figure))
    if data is None:
        with staged_file(path, overwrite=overwrite) as partial:
            partial.write_bytes(content.getbuffer())
        return
    with staged_files(path, data_path(path), overwrite=overwrite) as (picture, table):
        picture.write_bytes(content.getbuffer())
        table.write_text(format_data(data), encoding="utf-8")


def _margins(figure):
    """Cut margins where a layout engine places the Axes; keep what was placed by hand."""
    if figure.get_layout_engine() is None:
        return {}
    return {"bbox_inches": "tight", "pad_inches": 0.04}


def _format(path):
    """Format of a figure by its suffix; ValueError for one that cannot be written."""
    suffix = Path(path).suffix
    if suffix.lower() not in FORMATS:
        raise ValueError(
            f"{path}: no figure format has the suffix {suffix!r}; use one of {', '.join(FORMATS)}"
        )
    return suffix.lower()[1:]
