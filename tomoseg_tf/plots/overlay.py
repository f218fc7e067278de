"""Overlays of a segmentation on the truth in the xy and xz planes, as James et al. draw them."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from tomoseg_tf.evaluation import open_classes
from tomoseg_tf.plots.figure import new_axes
from tomoseg_tf.plots.hit_map import hit_map
from tomoseg_tf.plots.slices import draw
from tomoseg_tf.volume import IGNORE

OVERLAY_COLOURS = {
    "true positive": "#ffffff",
    "true negative": "#000000",
    "false positive": "#19b219",
    "false negative": "#ff69b4",
    "wrong class": "#e69f00",
    "ignored": "#7f7f7f",
}
_WIDTH = 5.2  # inches of the panels


def overlay_image(truth, segmentation, *, object_class=None):
    """Colour the outcomes of voxels.

    Parameters
    ----------
    truth, segmentation : (Y, X) array_like of int
        Classes; 255 in either is left out.
    object_class : int, optional
        Look at this class against all others; by default at all objects against class 0.

    Returns
    -------
    (Y, X, 3) ndarray of float64
        Colours from 0 to 1: true positives white, true negatives black, false positives green,
        false negatives pink, objects of another class orange, ignored voxels grey.
    """
    truth, segmentation = np.asarray(truth), np.asarray(segmentation)
    ignored = (truth == IGNORE) | (segmentation == IGNORE)
    if object_class is not None:
        truth, segmentation = truth == object_class, segmentation == object_class
    outcome = hit_map(np.where(ignored, IGNORE, truth), np.where(ignored, 0, segmentation))
    return np.array([to_rgb(colour) for colour in OVERLAY_COLOURS.values()])[outcome]


def plot_overlay(truth, segmentation, *, z=None, y=None, object_class=None, spacing=None):
    """Draw where a segmentation errs, in one slice and in one plane across all slices.

    A 2D network that does well in each slice may still be ragged along z, which only the second
    plane shows [1]_. Read slab by slab.

    Parameters
    ----------
    truth, segmentation : path, (Z, Y, X) ndarray of int or Volume
        Classes; a path is opened with the automatic palette.
    z, y : int, optional
        Slice of the xy plane and row of the xz plane; by default those with most object voxels in
        the truth.
    object_class : int, optional
        Look at this class against all others; by default at all objects against class 0.
    spacing : sequence of three float, optional
        (z, y, x) in µm per voxel, for proportions and scale bars; by default that of the truth,
        or else of the segmentation.

    Returns
    -------
    (2,) ndarray of Axes
        The xy and the xz plane, z downwards, in a figure of their own.

    Raises
    ------
    ValueError
        If the shapes differ or a plane is outside.

    References
    ----------
    .. [1] J. James et al., "3D convolutional neural networks for dendrite segmentation using
       fine-tuning and hyperparameter optimization", arXiv:2205.02334, 2022, Figs. 4 to 6.
    """
    volumes = open_classes(truth), open_classes(segmentation)
    shape, other = (tuple(volume.shape) for volume in volumes)
    if shape != other:
        raise ValueError(f"truth has shape {shape}, segmentation {other}; both must be of one")
    spacing = spacing or volumes[0].spacing or volumes[1].spacing
    if z is None or y is None:
        busy_z, busy_y = busiest_planes(volumes[0], object_class)
        z, y = busy_z if z is None else z, busy_y if y is None else y
    check_planes(shape, z, y)
    planes = [_slice(volume, z) for volume in volumes], [_across(volume, y) for volume in volumes]
    sides = spacing or (1.0, 1.0, 1.0)
    heights = shape[1] * sides[1], shape[0] * sides[0]
    axes = _axes(heights, shape[2] * sides[2])
    pairs = [None, None] if spacing is None else [spacing[1:], (spacing[0], spacing[2])]
    titles = f"xy plane, z = {z}", f"xz plane, y = {y}"
    for ax, (true, found), pair, title in zip(axes, planes, pairs, titles, strict=True):
        image = overlay_image(true, found, object_class=object_class)
        draw(image, spacing=pair, title=title, ax=ax)
    _explain(axes[0].figure, planes, object_class)
    return axes


def check_planes(shape, z, y):
    """Check that planes are in a volume.

    Parameters
    ----------
    shape : (int, int, int)
        Shape (Z, Y, X) of the volume.
    z, y : int
        Slice and row.

    Raises
    ------
    ValueError
        If one is outside.
    """
    for name, index, side in (("z", z, shape[0]), ("y", y, shape[1])):
        if not 0 <= index < side:
            raise ValueError(f"{name} = {index} is outside the volume; it has 0 to {side - 1}")


def busiest_planes(truth, object_class=None):
    """Slice and row with most object voxels, the first of equals; streamed.

    Parameters
    ----------
    truth : Volume
        Classes; 0 and `IGNORE` (255) are no objects.
    object_class : int, optional
        Only this class is.

    Returns
    -------
    z, y : int
        The slice and the row.
    """
    slices, rows = [], np.zeros(truth.shape[1], np.int64)
    for _, slab in truth.slabs():
        anything = (slab != 0) & (slab != IGNORE)
        objects = anything if object_class is None else slab == object_class
        counts = np.count_nonzero(objects, axis=2)
        slices.extend(counts.sum(axis=1).tolist())
        rows += counts.sum(axis=0)
    return int(np.argmax(slices)), int(np.argmax(rows))


def _slice(volume, z):
    """Read a slice."""
    return volume.read(z, z + 1)[0]


def _across(volume, y):
    """Read a row of every slice, slab by slab."""
    return np.concatenate([slab[:, y].copy() for _, slab in volume.slabs()])


def _axes(heights, width):
    """Two Axes above each other, their heights in proportion."""
    shares = [min(max(height / width, 0.08), 2.5) for height in heights]
    axes = new_axes(2, 1, size=(_WIDTH, _WIDTH * sum(shares) + 1.1))
    axes[0].get_gridspec().set_height_ratios(shares)
    return axes


def _explain(figure, planes, object_class):
    """Draw the legend: the four outcomes, and the others where they occur."""
    names = list(OVERLAY_COLOURS)[:4]
    pairs = [np.stack(pair) for pair in planes]
    if object_class is None and any(pair[(pair != IGNORE)].max(initial=0) > 1 for pair in pairs):
        names.append("wrong class")
    if any((pair == IGNORE).any() for pair in pairs):
        names.append("ignored")
    handles = [
        Patch(facecolor=OVERLAY_COLOURS[name], edgecolor="black", linewidth=0.4, label=name)
        for name in names
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=4 if len(names) == 4 else 3,
        fontsize=7.5,
        frameon=False,
        handlelength=1.1,
        handleheight=1.1,
    )
