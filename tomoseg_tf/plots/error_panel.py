"""Rows of slices: scan, truth and what several ways to segment made of them, errors marked."""

import textwrap

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from tomoseg_tf.class_colours import IGNORED
from tomoseg_tf.plots.figure import new_axes
from tomoseg_tf.plots.hit_map import HIT_COLOURS, dimmed, hit_map
from tomoseg_tf.plots.slices import colours_of_classes, draw, plot_classes, plot_slice
from tomoseg_tf.volume import IGNORE

WRONG_CLASS = "#ff4fd8"  # the orange of a hit map is the colour of a class here
WIDEST = 16.0  # inches
LETTERS = 12  # of a name, to the inch


def error_image(grey, truth, segmentation):
    """Colour a segmentation: its right objects by their class, its errors by their kind.

    Parameters
    ----------
    grey : (Y, X) array_like
        Grey levels, which show darkly through the background that is right.
    truth : (Y, X) array_like of int
        True classes; 255 is left out.
    segmentation : (Y, X) array_like of int
        Predicted classes.

    Returns
    -------
    (Y, X, 3) ndarray of float64
        Colours from 0 to 1. False positives are red, false negatives blue, objects of another
        class magenta, ignored voxels grey.
    """
    truth, segmentation = np.asarray(truth), np.asarray(segmentation)
    outcome = hit_map(truth, segmentation).astype(int)
    image = np.array([to_rgb(colour) for colour in error_colours().values()])[
        np.clip(outcome - 2, 0, None)
    ]
    right, background = outcome == 0, outcome == 1
    number = int(segmentation.max(initial=0)) + 1
    image[right] = np.array([to_rgb(c) for c in colours_of_classes(number)])[segmentation[right]]
    image[background] = dimmed(grey, outcome.shape)[background, None]
    return image


def error_colours():
    """Name the colours of errors and of what is ignored, in the order of `hit_map`."""
    return {
        "false positive": HIT_COLOURS["false positive"],
        "false negative": HIT_COLOURS["false negative"],
        "wrong class": WRONG_CLASS,
        "ignored": IGNORED,
    }


def plot_error_panel(grey, truth, segmentations, classes, *, spacing=None):
    """Draw slices in rows: the scan, the truth, and each segmentation with its errors.

    Parameters
    ----------
    grey : (N, Y, X) array_like
        Grey levels of the slices.
    truth : (N, Y, X) array_like of int
        True classes.
    segmentations : dict of str to (N, Y, X) array_like of int
        Predicted classes, by the name that stands above.
    classes : sequence of str
        Names of the classes, background first.
    spacing : sequence of float, optional
        (z, y, x) in µm per voxel, for a scale bar.

    Returns
    -------
    (N, 2 + M) ndarray of Axes
        In a figure of their own.
    """
    columns = 2 + len(segmentations)
    side = min(2.0, WIDEST / columns)
    dy, dx = (1, 1) if spacing is None else spacing[-2:]
    ratio = grey[0].shape[0] * dy / (grey[0].shape[1] * dx)
    size = (side * columns, side * len(grey) * min(max(ratio, 0.3), 3.0) + 0.6)
    axes = np.reshape(new_axes(len(grey), columns, size=size), (len(grey), columns))
    for index, row in enumerate(axes):
        names = [_wrap(name, side) for name in segmentations]
        above = ("Scan", "Truth", *names) if index == 0 else (None,) * columns
        plot_slice(grey[index], spacing=spacing, title=above[0], ax=row[0])
        plot_classes(truth[index], title=above[1], ax=row[1])
        for ax, title, found in zip(row[2:], above[2:], segmentations.values(), strict=True):
            draw(error_image(grey[index], truth[index], found[index]), title=title, ax=ax)
        for ax in row[1:]:
            ax.set_aspect(row[0].get_aspect())
    ignored = any((np.asarray(each) == IGNORE).any() for each in truth)
    _explain(axes[0, 0].figure, classes, columns, ignored=ignored)
    return axes


def _wrap(name, width):
    """Break a name at its underscores and spaces into lines of so many inches."""
    words = textwrap.wrap(name.replace("_", "_ "), int(width * LETTERS), break_long_words=False)
    return "\n".join(words).replace("_ ", "_")


def _explain(figure, classes, columns, *, ignored):
    """Draw the legend below: the classes, then the errors."""
    named = dict(zip(classes, colours_of_classes(len(classes)), strict=True)) | error_colours()
    if not ignored:
        del named["ignored"]
    handles = [
        Patch(facecolor=colour, edgecolor="black", linewidth=0.4, label=name)
        for name, colour in named.items()
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(len(handles), max(3, int(1.6 * columns))),
        fontsize=7.5,
        frameon=False,
        handlelength=1.1,
        handleheight=1.1,
    )
