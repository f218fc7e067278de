"""Grey level and class along z of objects whose class changes from slice to slice."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tomoseg_tf.class_colours import class_colours
from tomoseg_tf.plots.figure import LEGEND_SIZE, TICK_SIZE, WIDTHS, label_axes, new_axes

ACROSS = 3
HEIGHT = 1.9  # inches of a row
MIXED = "#7f7f7f"
MARKERS = "osD^v"


def plot_profiles(profile, *, labels=None, most=6, names=None, width="double"):
    """Draw the mean grey level of each section of some objects along z, as in Fig. 9 of [1]_.

    Parameters
    ----------
    profile : dict from str to (S,) ndarray
        A row per section, as `tomoseg_tf.objects.profile_columns` gives it.
    labels : sequence of int, optional
        Objects to draw; by default those whose class changes most often, then the longest.
    most : int
        Objects at most if none are chosen.
    names : sequence of str, optional
        Names of the classes, background first.
    width : {"single", "double"}
        Width of the figure, see `figure_size`.

    Returns
    -------
    (N,) ndarray of Axes
        One for each object: slices z to the right, grey levels upwards, or without grey levels the
        share of the most frequent class; the marks have the colour of the class.

    Raises
    ------
    ValueError
        If an object is not in the profile, or no class changes.

    References
    ----------
    .. [1] H. Torbati-Sarraf et al., JOM 73, 2021. doi:10.1007/s11837-021-04706-x
    """
    drawn = choose_profiles(profile, labels, most)
    columns = min(ACROSS if width == "double" else 2, len(drawn))
    rows = -(-len(drawn) // columns)
    axes = np.atleast_1d(new_axes(rows, columns, size=(WIDTHS[width], HEIGHT * rows + 0.35)))
    axes = axes.ravel()
    for ax in axes[len(drawn) :]:
        ax.set_visible(False)
    highest = int(profile["class"].max(initial=1))
    colours = class_colours(highest + 1)
    for ax, label in zip(axes, drawn, strict=False):
        _draw(ax, profile, label, colours)
    present = np.unique(profile["class"][np.isin(profile["label"], drawn)]).tolist()
    handles = [_mark(index, colours, _name(index, names)) for index in present]
    look = {"fontsize": LEGEND_SIZE, "frameon": False, "ncols": 4}
    axes[0].figure.legend(handles=handles, loc="outside lower center", **look)
    return axes[: len(drawn)]


def profile_data(profile, *, labels=None, most=6):
    """Collect the data of `plot_profiles`.

    Parameters
    ----------
    profile, labels, most
        As for `plot_profiles`.

    Returns
    -------
    dict from str to (K,) ndarray
        The rows of the objects that are drawn.
    """
    chosen = np.isin(profile["label"], choose_profiles(profile, labels, most))
    return {name: column[chosen] for name, column in profile.items()}


def choose_profiles(profile, labels=None, most=6):
    """Choose which objects are drawn.

    Parameters
    ----------
    profile, labels, most
        As for `plot_profiles`.

    Returns
    -------
    list of int
        Labels of the objects.

    Raises
    ------
    ValueError
        As `plot_profiles`.
    """
    present = np.unique(profile["label"])
    if labels:
        missing = [label for label in labels if label not in present]
        if missing:
            raise ValueError(
                f"object {missing[0]} is not in the profile, which has objects of several classes"
            )
        return list(labels)
    counted = []
    for label in present.tolist():
        own = profile["class"][profile["label"] == label]
        clear = own[own > 0]  # mixed sections are passed over
        changes = np.count_nonzero(np.diff(clear))
        if changes:
            counted.append((-changes, -len(own), label))
    if not counted:
        raise ValueError("no object of the profile changes its class along z; nothing to draw")
    return [label for *_, label in sorted(counted)[:most]]


def _draw(ax, profile, label, colours):
    """Draw one object."""
    own = profile["label"] == label
    order = np.argsort(profile["z"][own])
    z, index = profile["z"][own][order], profile["class"][own][order]
    grey = "grey_mean" in profile
    values = profile["grey_mean" if grey else "share"][own][order]
    ax.plot(z, values, color="#b0b0b0", lw=0.9, zorder=1)
    for one in np.unique(index):
        at = index == one
        look = {"color": _colour(one, colours), "marker": _marker(one), "ls": "none", "ms": 3.6}
        ax.plot(z[at], values[at], zorder=2, clip_on=False, **look)
    label_axes(ax, "Slice z", "Mean grey level" if grey else "Share of the class")
    ax.set_title(f"Object {label}", size=TICK_SIZE + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _mark(index, colours, name):
    """Entry of the legend."""
    look = {"color": _colour(index, colours), "marker": _marker(index), "ls": "none", "ms": 4}
    return Line2D([], [], label=name, **look)


def _colour(index, colours):
    """Colour of a class; grey of mixed sections."""
    return colours[index] if index else MIXED


def _marker(index):
    """Mark of a class; a cross of mixed sections."""
    return MARKERS[(index - 1) % len(MARKERS)] if index else "x"


def _name(index, names):
    """Name of a class."""
    if not index:
        return "mixed"
    return names[index] if names is not None and index < len(names) else f"class {index}"
