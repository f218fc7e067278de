"""Panels of one plane: scan, truth, segmentation and hit map."""

import numpy as np

from tomoseg_tf.evaluation import open_classes
from tomoseg_tf.plots.figure import WIDTHS, new_axes
from tomoseg_tf.plots.hit_map import HIT_COLOURS, explain_hits, hit_map, plot_hit_map
from tomoseg_tf.plots.planes import busiest_plane, check_plane, plane_spacing, read_plane
from tomoseg_tf.plots.slices import plot_classes, plot_slice
from tomoseg_tf.volume import as_volume

NAMES = ("Scan", "Truth", "Segmentation")
FLAT = 0.6  # height over width of planes that go above one another in one column
ACROSS_NAMES = {"xy": "z", "xz": "y", "yz": "x"}


def plot_panels(
    volume,
    truth=None,
    segmentation=None,
    z=None,
    *,
    plane="xy",
    spacing=None,
    names=NAMES,
    width="double",
):
    """Draw a plane of a scan, its truth, its segmentation and the hit map of both.

    Only that plane is kept in memory, and of the truth one slab at a time.

    Parameters
    ----------
    volume : path, (Z, Y, X) ndarray or Volume
        Grey levels.
    truth : path, (Z, Y, X) ndarray of int or Volume, optional
        True classes; a path is opened with the automatic palette.
    segmentation : path, (Z, Y, X) ndarray of int or Volume, optional
        Predicted classes; likewise.
    z : int, optional
        Where the plane is along the third axis; by default where the truth has most object
        voxels, else the segmentation, else in the middle.
    plane : {"xy", "xz", "yz"}
        Which plane: an axis to the right, then the one downwards.
    spacing : tuple of three float, optional
        Size of a voxel along (z, y, x) in µm, for the scale bar; by default that of the scan.
    names : (str, str, str)
        Titles of the first three panels.
    width : {"single", "double"}
        Width of the figure: 85 or 180 mm.

    Returns
    -------
    (N,) ndarray of Axes
        Scan, then truth, segmentation and hit map as far as they are given, in a figure of their
        own.

    Raises
    ------
    ValueError
        If the shapes differ or the plane is outside.
    """
    volumes = [as_volume(volume)]
    volumes += [None if one is None else open_classes(one) for one in (truth, segmentation)]
    check_shapes(volumes, names)
    index = _choose(volumes, plane) if z is None else z
    images = [None if one is None else read_plane(one, plane, index) for one in volumes]
    spacing = plane_spacing(spacing or volumes[0].spacing, plane)
    shown = [place for place, image in enumerate(images) if image is not None]
    both = len(shown) == 3
    axes = _axes(images[0].shape, spacing, len(shown) + both, width)
    place = f"slice {index}" if plane == "xy" else f"{ACROSS_NAMES[plane]} = {index}"
    plot_slice(images[0], spacing=spacing, title=f"{names[0]}, {place}", ax=axes[0])
    for ax, which in zip(axes[1:], shown[1:], strict=False):
        plot_classes(images[which], title=names[which], ax=ax)
    if both:
        plot_hit_map(images[1], images[2], title="Hit map", legend=False, ax=axes[3])
        columns = 4 if width == "double" else 2
        explain_hits(axes[3].figure, hit_map(images[1], images[2]), columns=columns)
    for ax in axes[1:]:
        ax.set_aspect(axes[0].get_aspect())
    return axes


def hit_data(truth, segmentation, index=None, *, plane="xy"):
    """Count the outcomes of the voxels of a plane: the data of a hit map.

    Parameters
    ----------
    truth, segmentation : path, (Z, Y, X) ndarray of int or Volume
        Classes.
    index, plane
        As `z` and `plane` of `plot_panels`.

    Returns
    -------
    dict from str to list
        ``plane``, ``index``, ``outcome`` and ``voxels``, a row for each of `HIT_COLOURS`.
    """
    truth, segmentation = open_classes(truth), open_classes(segmentation)
    index = busiest_plane(truth, plane) if index is None else index
    pair = (read_plane(one, plane, index) for one in (truth, segmentation))
    counts = np.bincount(hit_map(*pair).ravel(), minlength=len(HIT_COLOURS))
    rows = len(HIT_COLOURS)
    data = {"plane": [plane] * rows, "index": [index] * rows}
    return data | {"outcome": list(HIT_COLOURS), "voxels": counts.tolist()}


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
    return busiest_plane(truth)


def check_shapes(volumes, names=NAMES):
    """Refuse volumes of different shapes.

    Parameters
    ----------
    volumes : sequence of Volume or None
        A scan, its truth and a segmentation.
    names : (str, str, str)
        How to call them.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    shapes = {
        name.lower(): tuple(one.shape)
        for name, one in zip(names, volumes, strict=True)
        if one is not None
    }
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"{listed}: must be of one shape")


def _choose(volumes, plane):
    """Choose the plane with most objects, or the middle one."""
    axis = check_plane(plane)
    classes = next((one for one in volumes[1:] if one is not None), None)
    return volumes[0].shape[axis] // 2 if classes is None else busiest_plane(classes, plane)


def _axes(shape, spacing, number, width):
    """Axes for as many panels, their sides in proportion."""
    dy, dx = (1, 1) if spacing is None else spacing
    ratio = min(max(shape[0] * dy / (shape[1] * dx), 0.1), 2.5)
    if ratio < FLAT:
        columns = 1 if width == "single" else min(number, 2)
    else:
        columns = 3 if number == 3 else min(number, 2)
    rows = -(-number // columns)
    side = WIDTHS[width] / columns
    legend = 0.45 if number == 4 else 0.0
    axes = new_axes(rows, columns, size=(WIDTHS[width], rows * (side * ratio + 0.24) + legend))
    return np.atleast_1d(axes).ravel()
