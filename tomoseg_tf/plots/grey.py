"""Grey histograms of the classes, each on axes of its own."""

import numpy as np

from tomoseg_tf.plots.figure import LABEL_SIZE, TICK_SIZE, WIDTHS, label_axes, new_axes
from tomoseg_tf.plots.sizes import SERIES

BACKGROUND_COLOUR = "#333333"
OBJECT_COLOURS = (SERIES[1], SERIES[0], *SERIES[2:])
BARS = 256  # of a histogram, at most


def plot_grey_histograms(histograms, *, names=None, width="single", ax=None):
    """Draw how many voxels of each class have which grey level, as in Fig. 3(a) of [1]_.

    Objects are so few that background and objects have scales of their own: one at the left, the
    other at the right; three and more classes have Axes above one another.

    Parameters
    ----------
    histograms : GreyHistograms
        As `class_histograms` counts them.
    names : sequence of str, optional
        Names of the classes by their index, background first.
    width : {"single", "double"}
        Width of a new figure, see `figure_size`.
    ax : Axes, optional
        Where to draw background and objects of two classes; a new figure when None.

    Returns
    -------
    Axes or (C,) ndarray of Axes
        Of two classes the left Axes, which shares its grey levels with that at the right.

    Raises
    ------
    ValueError
        If a class has no name, or an Axes is given for other than two classes.

    References
    ----------
    .. [1] S. Gaudez, M. Ben Haj Slama, A. Kaestner and M. V. Upadhyay, "3D deep convolutional
       neural network segmentation model for precipitate and porosity identification in
       synchrotron X-ray tomograms", J. Synchrotron Rad. 29, 2022.
    """
    classes, middles, counts = histograms.classes, *_reduced(histograms)
    labels = _labels(classes, names)
    if len(classes) == 2:
        ax = new_axes(size=(WIDTHS[width], 2.5)) if ax is None else ax
        _draw_pair(ax, middles, counts, labels)
        return ax
    if ax is not None:
        raise ValueError(f"{len(classes)} classes need Axes of their own; leave ax out")
    size = (WIDTHS[width], 0.9 + 1.15 * len(classes))
    axes = np.atleast_1d(new_axes(len(classes), 1, size=size))
    for index, (one, label) in enumerate(zip(axes, labels, strict=True)):
        _draw_class(one, middles, counts[index], _colour(classes[index]))
        label_axes(one, "", "Voxels")
        place = {"xycoords": "axes fraction", "ha": "right", "va": "top", "size": LABEL_SIZE}
        one.annotate(label, (0.99, 0.97), color=_colour(classes[index]), **place)
        one.set_xlim(*_range(middles, counts))
        if one is not axes[-1]:
            one.set_xticklabels([])
    axes[-1].set_xlabel("Grey level", size=LABEL_SIZE)
    return axes


def grey_data(histograms, *, names=None):
    """Collect the data of `plot_grey_histograms`.

    Parameters
    ----------
    histograms : GreyHistograms
        As for `plot_grey_histograms`.
    names : sequence of str, optional
        Likewise.

    Returns
    -------
    dict from str to (N,) ndarray
        ``grey_from`` and ``grey_to``, then the voxels of each class, ``voxels_NAME``; all that is
        counted, in the bins in which it is.
    """
    labels = _labels(histograms.classes, names)
    data = {"grey_from": histograms.edges[:-1], "grey_to": histograms.edges[1:]}
    return data | {
        f"voxels_{label.replace(' ', '_')}": counts
        for label, counts in zip(labels, histograms.counts, strict=True)
    }


def _draw_pair(ax, middles, counts, labels):
    """Draw the background with the scale at the left, the objects with that at the right."""
    other = ax.twinx()
    colours = BACKGROUND_COLOUR, OBJECT_COLOURS[0]
    label_axes(ax, "Grey level", f"Voxels, {labels[0]}")
    other.set_ylabel(f"Voxels, {labels[1]}", size=LABEL_SIZE)
    other.tick_params(labelsize=TICK_SIZE)
    other.spines[["top", "left"]].set_visible(False)
    sides = zip((ax, other), counts, colours, ("left", "right"), strict=True)
    for one, voxels, colour, side in sides:
        _draw_class(one, middles, voxels, colour)
        one.yaxis.label.set_color(colour)
        one.tick_params(axis="y", colors=colour)
        one.spines[side].set_color(colour)
    ax.set_xlim(*_range(middles, counts))


def _draw_class(ax, middles, counts, colour):
    """Draw one histogram as a filled outline."""
    ax.fill_between(middles, counts, step="mid", color=colour, alpha=0.18, lw=0)
    ax.step(middles, counts, where="mid", color=colour, lw=1.0)
    ax.set_ylim(bottom=0)
    ax.ticklabel_format(axis="y", style="sci", scilimits=(-2, 4), useMathText=True)
    ax.yaxis.get_offset_text().set_size(TICK_SIZE)
    ax.yaxis.get_offset_text().set_color(colour)


def _reduced(histograms):
    """Middles of at most `BARS` bars within the grey levels that occur, and their counts."""
    occurs = np.flatnonzero(histograms.counts.any(axis=0))
    first, last = (occurs[0], occurs[-1] + 1) if len(occurs) else (0, 1)
    factor = -(-(last - first) // BARS)
    starts = np.arange(first, last, factor)
    counts = np.add.reduceat(histograms.counts[:, :last], starts, axis=1)
    end = min(starts[-1] + factor, len(histograms.edges) - 1)
    edges = histograms.edges[[*starts, end]]
    middles = (edges[:-1] + edges[1:]) / 2
    return middles - (0.5 if histograms.whole and factor == 1 else 0), counts


def _range(middles, counts):
    """Grey levels between which a histogram is drawn: a few stray ones are left out."""
    total = np.cumsum(counts.sum(axis=0)) / max(counts.sum(), 1)
    inside = np.flatnonzero((total > 2e-5) & (total < 1 - 2e-5))
    low, high = (inside[0], inside[-1]) if len(inside) else (0, len(middles) - 1)
    rare = np.flatnonzero(counts[1:].sum(axis=0)) if len(counts) > 1 else []
    if len(rare):  # those of the objects all count
        low, high = min(low, rare[0]), max(high, rare[-1])
    margin = 0.02 * (middles[high] - middles[low]) or 0.5
    return middles[low] - margin, middles[min(high + 1, len(middles) - 1)] + margin


def _labels(classes, names):
    """Name the classes."""
    if names is not None and len(names) <= max(classes):
        raise ValueError(f"{len(names)} names, but there is a class {max(classes)}; name all")
    if names is not None:
        return [names[index] for index in classes]
    if tuple(classes) == (0, 1):
        return ["background", "objects"]
    return ["background" if index == 0 else f"class {index}" for index in classes]


def _colour(index):
    """Colour of a class."""
    return BACKGROUND_COLOUR if index == 0 else OBJECT_COLOURS[(index - 1) % len(OBJECT_COLOURS)]
