"""How several ways to segment compare: times and scores, side by side."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from tomoseg_tf.class_colours import class_colours
from tomoseg_tf.plots.figure import new_axes

MARKERS = "osD^vP*X"


def plot_comparison(labels, minutes, seconds, ious, mious, classes):
    """Draw the time of training, the time of prediction and the IoU of each way to segment.

    After Fig. 4 of Torbati-Sarraf et al. [1]_, with the IoU of each class as a point beside the
    bar of their mean.

    Parameters
    ----------
    labels : (N,) sequence of str
        Names, drawn downwards.
    minutes : (N,) sequence of float or None
        Time of training; None where there was none.
    seconds : (N,) sequence of float or None
        Time to predict a slice.
    ious : (N,) sequence of (C,) sequence of float or None
        IoU of each class, the background first.
    mious : (N,) sequence of float or None
        Their means.
    classes : (C,) sequence of str
        Names of the classes.

    Returns
    -------
    (3,) ndarray of Axes
        Training, prediction, IoU.

    References
    ----------
    .. [1] H. Torbati-Sarraf, S. Niverty, R. Singh, D. Barboza, V. De Andrade, P. Turaga and
       N. Chawla, "Machine-learning-based algorithms for automated image segmentation techniques of
       transmission x-ray microscopy (TXM)", JOM 73, 2021. doi:10.1007/s11837-021-04706-x
    """
    height = 1.2 + 0.32 * max(len(labels), 2)
    axes = new_axes(1, 3, size=(7.2, height))
    places = np.arange(len(labels))
    _times(axes[0], places, minutes, "Training (min)")
    _times(axes[1], places, seconds, "Prediction of a slice (s)")
    axes[2].barh(places, _values(mious), height=0.62, color="#c9c9c9", label="mean")
    for index, (name, colour) in enumerate(zip(classes, class_colours(len(classes)), strict=True)):
        look = {"color": colour, "marker": MARKERS[index % len(MARKERS)], "ms": 5.5, "ls": "none"}
        look |= {"mew": 0.5, "mec": "white", "clip_on": False}
        axes[2].plot(_values([row[index] for row in ious]), places, label=name, **look)
    axes[2].set_xlim(0, 1)
    axes[2].set_xlabel("IoU", size=8.5)
    for ax in axes:
        ax.set_ylim(len(labels) - 0.5, -0.5)
        ax.set_yticks(places, labels if ax is axes[0] else [""] * len(labels), size=8)
        ax.tick_params(axis="y", length=0)
        ax.tick_params(axis="x", labelsize=7.5)
        ax.xaxis.set_major_locator(MaxNLocator(3 if ax is not axes[2] else 5))
        ax.grid(axis="x", alpha=0.3, lw=0.5)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
    handles, names = axes[2].get_legend_handles_labels()
    axes[0].figure.legend(
        handles, names, loc="outside lower right", ncols=4, fontsize=7.5, frameon=False
    )
    return axes


def _times(ax, places, times, title):
    """Draw bars of times, each with its number; a dash where there is none."""
    values = _values(times)
    known = values[np.isfinite(values)]
    ax.barh(places, np.nan_to_num(values), height=0.62, color="#4c78a8")
    longest = known.max() if len(known) else 0
    ax.set_xlim(0, 1.32 * longest or 1)
    for place, value in zip(places, values, strict=True):
        text, end = (f"{value:.3g}", value) if np.isfinite(value) else ("—", 0)
        ax.annotate(
            text, (end, place), xytext=(3, 0), textcoords="offset points", va="center", size=7.5
        )
    ax.set_xlabel(title, size=8.5)


def _values(numbers):
    return np.array([np.nan if number is None else number for number in numbers], float)
