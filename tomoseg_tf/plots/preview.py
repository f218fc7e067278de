"""A preview of the truth: slices of the scan, their classes, and outlines over the grey levels."""

from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from tomoseg_tf.evaluation import open_classes
from tomoseg_tf.plots.choosing import AXES, choose_slices, profile_classes
from tomoseg_tf.plots.figure import new_axes
from tomoseg_tf.plots.legend import (
    HATCH,
    HATCH_COLOUR,
    colour_of,
    describe_classes,
    explain_classes,
)
from tomoseg_tf.plots.slices import draw, grey_range
from tomoseg_tf.volume import IGNORE, as_volume

SIDE = 1200  # pixels per panel; larger slices are reduced
MOST_ROWS = 8


@dataclass(frozen=True)
class Preview:
    """A preview and what it shows.

    Attributes
    ----------
    figure : Figure
        To be saved with `save_figure`.
    slices : list of int
        Indices of the slices, a row each.
    classes : list of dict
        ``class``, ``name``, ``voxels`` and ``fraction`` of each class that occurs in the whole
        truth: of class 255, ignored, the fraction of all voxels, of others that of the labelled.
    """

    figure: Figure
    slices: list
    classes: list


def plot_preview(volume, truth, *, slices=None, axis="z", number=3, names=None, progress=None):
    """Draw the truth, or a segmentation, beside and over its volume.

    Parameters
    ----------
    volume : path, (Z, Y, X) array_like or Volume
        Grey levels; its spacing gives proportions and a scale bar.
    truth : path, (Z, Y, X) array_like or Volume
        Classes of type uint8, as `tomoseg_tf.volume.open_truth` gives them; a path is opened with
        the automatic palette.
    slices : sequence of int, optional
        Slices to draw, at most 8; by default those with most of the rarest classes.
    axis : {"z", "y", "x"}
        Axis along which slices are cut.
    number : int
        How many slices are chosen.
    names : sequence of str, optional
        Names of the classes, background first.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of slices.

    Returns
    -------
    Preview
        The figure, its slices and the counts of the classes.

    Raises
    ------
    ValueError
        If the shapes differ, the type is no class, a slice is outside, or a name is missing.
    """
    volume, truth = as_volume(volume), open_classes(truth)
    if volume.shape != truth.shape:
        raise ValueError(
            f"{truth.name}: the truth has shape {truth.shape}, but its volume {volume.name} has "
            f"{volume.shape}; give each volume its own truth"
        )
    slices = None if slices is None else _check_slices(slices, axis, volume)
    profile = profile_classes(truth, axis, progress=progress)
    slices = choose_slices(profile, number) if slices is None else slices
    counts = profile.sum(axis=0)
    classes = describe_classes(counts, names, truth.name)
    spacing = _plane(volume.spacing or (1, 1, 1), axis)
    cut = _read_slice(volume, axis, slices[0])
    axes = new_axes(len(slices), 3, size=_size(cut.shape, spacing, len(slices), len(classes)))
    for row, index in zip(np.reshape(axes, (-1, 3)), slices, strict=True):
        grey, labels = (_read_slice(one, axis, index) for one in (volume, truth))
        _draw_row(row, grey, labels, counts, spacing if volume.spacing else None)
        row[0].set_ylabel(f"{axis} = {index}", size=8.5)
    for ax, title in zip(
        np.reshape(axes, (-1, 3))[0], ("Scan", "Classes", "Outlines"), strict=True
    ):
        ax.set_title(title, size=9.5, pad=4)
    figure = row[0].figure
    figure.get_layout_engine().set(h_pad=0.03, hspace=0.02)
    explain_classes(figure, classes)
    return Preview(figure, list(slices), classes)


def reduce_classes(classes, factor, counts):
    """Reduce a slice of classes by a whole factor; rare classes survive.

    Parameters
    ----------
    classes : (Y, X) ndarray of uint8
        Classes.
    factor : int
        Voxels per side that become one; the last blocks may be smaller.
    counts : (256,) array_like of int
        Voxels of each class in all; of several classes in a block the rarest stands for it.

    Returns
    -------
    (ceil(Y / factor), ceil(X / factor)) ndarray of uint8
        Classes.

    Examples
    --------
    >>> counts = np.bincount([0, 0, 0, 1], minlength=256)
    >>> reduce_classes(np.array([[0, 0, 0], [0, 1, 0]], np.uint8), 2, counts).tolist()
    [[1, 0]]
    """
    order = np.lexsort((np.arange(256), -np.asarray(counts))).astype(np.uint8)
    rank = np.empty(256, np.uint8)
    rank[order] = np.arange(256, dtype=np.uint8)
    ranks = rank[classes]
    for axis in (0, 1):
        starts = np.arange(0, ranks.shape[axis], factor)
        ranks = np.maximum.reduceat(ranks, starts, axis=axis)
    return order[ranks]


def _draw_row(row, grey, labels, counts, spacing):
    """Draw the panels of one slice."""
    factor = -(-max(grey.shape) // SIDE)
    if factor > 1:
        labels = reduce_classes(labels, factor, counts)
        grey = grey[::factor, ::factor]
        spacing = spacing and tuple(side * factor for side in spacing)
    seen = grey[np.isfinite(grey) & (labels != IGNORE)]
    low, high = grey_range(seen if seen.size else grey)
    look = {"cmap": "gray", "vmin": low, "vmax": high, "spacing": spacing}
    draw(grey, ax=row[0], **look)
    colours = np.array([to_rgb(colour_of(number)) for number in range(256)])
    draw(colours[labels], ax=row[1], spacing=spacing)
    draw(grey, ax=row[2], **look)
    for number in np.unique(labels).tolist():
        if number not in (0, IGNORE):
            _outline(row[2], labels == number, colour_of(number))
    if (labels == IGNORE).any():
        for ax in row[1:]:
            _hatch(ax, labels == IGNORE)


def _outline(ax, mask, colour):
    """Draw the border of a mask, closed at the edges of the image."""
    height, width = mask.shape
    x, y = np.arange(-1, width + 1), np.arange(-1, height + 1)
    ax.contour(x, y, np.pad(mask, 1).astype(np.float32), [0.5], colors=[colour], linewidths=0.7)
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def _hatch(ax, mask):
    """Hatch a mask."""
    height, width = mask.shape
    x, y = np.arange(-1, width + 1), np.arange(-1, height + 1)
    field = np.pad(mask, 1).astype(np.float32)
    hatched = ax.contourf(x, y, field, [0.5, 1.5], colors="none", hatches=[HATCH])
    hatched.set_edgecolor(HATCH_COLOUR)
    hatched.set_linewidth(0)
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def _read_slice(volume, axis, index):
    """Read one slice across an axis."""
    box = [(0, side) for side in volume.shape]
    box[AXES[axis]] = index, index + 1
    return volume.read_box(box).squeeze(AXES[axis])


def _plane(triple, axis):
    """Leave out the entry of an axis."""
    return tuple(value for place, value in enumerate(triple) if place != AXES[axis])


def _check_slices(slices, axis, volume):
    """Check that slices are inside and not too many."""
    size = volume.shape[AXES[axis]]
    outside = [index for index in slices if not 0 <= index < size]
    if outside:
        raise ValueError(
            f"slice {outside[0]} is outside {volume.name}; along {axis} it has 0 to {size - 1}"
        )
    if not 1 <= len(slices) <= MOST_ROWS:
        raise ValueError(f"{len(slices)} slices to draw; a preview has 1 to {MOST_ROWS}")
    return slices


def _size(shape, spacing, rows, entries):
    """Width and height of the figure in inches."""
    ratio = shape[0] * spacing[0] / (shape[1] * spacing[1])
    width, panel = 7.2, 2.24
    height = rows * (panel * min(max(ratio, 0.2), 2.5) + 0.07)
    return width, height + 0.65 + 0.18 * -(-entries // 2)
