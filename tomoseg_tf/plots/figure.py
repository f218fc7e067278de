"""Figures of their own, outside the state of pyplot, and their files."""

import io
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tomoseg_tf.volume import check_destination, staged_file

FORMATS = (".png", ".pdf", ".svg", ".eps", ".tif", ".tiff", ".jpg", ".jpeg")


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


def check_figure(path, overwrite=False):
    """Check that a figure may be saved at a path, before any work is done.

    Parameters
    ----------
    path : str or Path
        Where the figure will be.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    ValueError
        If the suffix is none of `FORMATS`, the file exists and may not be replaced, or
        its folder does not exist.
    """
    _format(path)
    check_destination(path, overwrite)


def save_figure(figure, path, overwrite=False, *, dpi=300):
    """Save a figure; the file appears only when it is complete.

    Parameters
    ----------
    figure : Figure or Axes
        What to save; of an Axes its whole figure.
    path : str or Path
        File, with the suffix of its format, one of `FORMATS`.
    overwrite : bool
        Whether an existing file may be replaced.
    dpi : float
        Dots per inch of pixel formats.

    Raises
    ------
    ValueError
        If the file cannot be written (see `check_figure`).
    """
    figure = figure if isinstance(figure, Figure) else figure.figure
    check_figure(path, overwrite)
    content = io.BytesIO()  # the writers of some formats do not survive a full disk
    figure.savefig(content, format=_format(path), dpi=dpi, bbox_inches="tight", pad_inches=0.04)
    with staged_file(path, overwrite=overwrite) as partial:
        partial.write_bytes(content.getbuffer())


def _format(path):
    """Format of a figure by its suffix; ValueError for one that cannot be written."""
    suffix = Path(path).suffix
    if suffix.lower() not in FORMATS:
        raise ValueError(
            f"{path}: no figure format has the suffix {suffix!r}; use one of {', '.join(FORMATS)}"
        )
    return suffix.lower()[1:]
