"""The confusion matrix as a figure."""

import numpy as np

from tomoseg_tf.evaluation import Scores, scores
from tomoseg_tf.plots.figure import new_axes

_LAST = 1e-4  # last digit shown of a share


def plot_confusion_matrix(confusion, *, names=None, ax=None):
    """Draw a confusion matrix: the share of each true class, and the voxels under it.

    Shares are those of Fig. 4 of Gaudez et al. [1]_; one that would round to 0 or 1 without
    being it is shown as < 0.0001 or > 0.9999.

    Parameters
    ----------
    confusion : Scores or (C, C) array_like of int
        Voxels; rows are the truth, columns the prediction.
    names : sequence of str, optional
        One name per class, background first; those of the scores when not given.
    ax : Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    Axes
        The Axes, with the truth downwards.

    Raises
    ------
    ValueError
        If it is no confusion matrix or the number of names is another.

    References
    ----------
    .. [1] S. Gaudez, M. Ben Haj Slama, A. Kaestner and M. V. Upadhyay, "3D deep convolutional
       neural network segmentation model for precipitate and porosity identification in
       synchrotron X-ray tomograms", J. Synchrotron Rad. 29, 2022.
    """
    confusion = _scores(confusion, names)
    shares, voxels, names = confusion.normalised, confusion.confusion_matrix, confusion.names
    number = len(names)
    if ax is None:
        side = max(3.0, 0.85 * number + 1.3)
        ax = new_axes(size=(side + 0.4, side))
    image = ax.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(shares.shape):
        share, count = shares[row, column], voxels[row, column]
        colour = "white" if share > 0.55 else "#222222"
        ax.text(column, row, _share(share), color=colour, ha="center", va="bottom", size=10)
        ax.text(column, row + 0.04, f"{count:,}", color=colour, ha="center", va="top", size=7)
    _dress(ax, names)
    beside = ax.inset_axes((1.03, 0, 0.1 / number**0.5, 1))
    bar = ax.figure.colorbar(image, cax=beside, ticks=[0, 0.5, 1])
    bar.set_label("Share of the true class", size=8)
    bar.ax.tick_params(labelsize=7.5, length=2)
    bar.outline.set_linewidth(0.5)
    return ax


def confusion_data(confusion, *, names=None):
    """Collect the data of `plot_confusion_matrix`.

    Parameters
    ----------
    confusion, names
        As for `plot_confusion_matrix`.

    Returns
    -------
    dict from str to list
        ``truth`` and ``prediction``, the names of the classes; ``voxels``, and their ``share`` of
        the true class, NaN for a class that the truth has not: a row for each cell.
    """
    confusion = _scores(confusion, names)
    names = [str(name) for name in confusion.names]
    return {
        "truth": [name for name in names for _ in names],
        "prediction": names * len(names),
        "voxels": confusion.confusion_matrix.ravel().tolist(),
        "share": confusion.normalised.ravel().tolist(),
    }


def _scores(confusion, names):
    """Take a matrix, or scores, as scores with these names."""
    if not isinstance(confusion, Scores):
        return scores(confusion, names)
    return confusion if names is None else scores(confusion.confusion_matrix, names)


def _dress(ax, names):
    """Label the axes of a matrix and part its cells by white lines."""
    ticks = np.arange(len(names))
    turn = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if len(names) > 3 else {}
    ax.set_xticks(ticks, names, size=8.5, **turn)
    ax.set_yticks(
        ticks,
        names,
        size=8.5,
        **({} if turn else {"rotation": 90, "va": "center"}),
    )
    ax.set_xlabel("Prediction", size=9.5)
    ax.set_ylabel("Truth", size=9.5)
    ax.set_xticks(ticks[1:] - 0.5, minor=True)
    ax.set_yticks(ticks[1:] - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1.5)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_linewidth(0.5)


def _share(share):
    """Text of a share with four digits, honest about what is nearly 0 or 1."""
    if np.isnan(share):
        return "–"
    if 0 < share < _LAST:
        return f"< {_LAST:.4f}"
    if 1 - _LAST < share < 1:
        return f"> {1 - _LAST:.4f}"
    return f"{share:.4f}"
