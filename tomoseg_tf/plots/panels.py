"""Four panels of one slice: scan, truth, segmentation and hit map."""

import numpy as np

from tomoseg_tf.evaluation import open_classes
from tomoseg_tf.plots.figure import new_axes
from tomoseg_tf.plots.hit_map import plot_hit_map
from tomoseg_tf.plots.slices import plot_classes, plot_slice
from tomoseg_tf.volume import IGNORE, as_volume


def plot_panels(volume, truth, segmentation, z=None, *, names=("Scan", "Truth", "Segmentation")):
    """Draw a slice of a scan, its truth, its segmentation and the hit map of both.

    Only that slice is kept in memory, and of the truth one slab at a time.

    Parameters
    ----------
    volume : path, (Z, Y, X) ndarray or Volume
        Grey levels; its spacing gives the scale bar.
    truth : path, (Z, Y, X) ndarray of int or Volume
        True classes; a path is opened with the automatic palette.
    segmentation : path, (Z, Y, X) ndarray of int or Volume
        Predicted classes; likewise.
    z : int, optional
        The slice; by default the one with most object voxels in the truth.
    names : (str, str, str)
        Titles of the first three panels.

    Returns
    -------
    (4,) ndarray of Axes
        Scan, truth, segmentation, hit map, in a figure of their own.

    Raises
    ------
    ValueError
        If the shapes differ or the slice is outside.
    """
    volume, truth, segmentation = as_volume(volume), open_classes(truth), open_classes(segmentation)
    shapes = [tuple(one.shape) for one in (volume, truth, segmentation)]
    if len(set(shapes)) > 1:
        raise ValueError(
            "scan {}, truth {} and segmentation {} must be of one shape".format(*shapes)
        )
    z = busiest_slice(truth) if z is None else z
    if not 0 <= z < volume.shape[0]:
        raise ValueError(f"slice {z} is outside {volume.name}; it has 0 to {volume.shape[0] - 1}")
    grey, true, found = (one.read(z, z + 1)[0] for one in (volume, truth, segmentation))
    axes = new_axes(2, 2, size=_size(grey.shape, volume.spacing)).ravel()
    plot_slice(grey, spacing=volume.spacing, title=f"{names[0]}, slice {z}", ax=axes[0])
    plot_classes(true, title=names[1], ax=axes[1])
    plot_classes(found, title=names[2], ax=axes[2])
    plot_hit_map(true, found, title="Hit map", ax=axes[3])
    for ax in axes[1:]:
        ax.set_aspect(axes[0].get_aspect())
    return axes


def busiest_slice(truth):
    """Index of the slice with most object voxels, the first of equals; streamed.

    Parameters
    ----------
    truth : path, (Z, Y, X) ndarray of int or Volume
        True classes; 0 and `IGNORE` (255) are no objects.

    Returns
    -------
    int
        The slice.
    """
    objects = []
    for _, slab in open_classes(truth).slabs():
        objects.extend(np.count_nonzero((slab != 0) & (slab != IGNORE), axis=(1, 2)).tolist())
    return int(np.argmax(objects))


def _size(shape, spacing):
    """Size of the figure in inches, two panels wide at the width of a page."""
    dy, dx = (1, 1) if spacing is None else spacing[-2:]
    ratio = shape[0] * dy / (shape[1] * dx)
    return 6.4, 6.3 * min(max(ratio, 0.3), 2.0) + 0.9
