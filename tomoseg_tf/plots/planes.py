"""Planes of volumes, cut across any axis, and the one that shows most objects."""

import numpy as np

from tomoseg_tf.evaluation import open_classes
from tomoseg_tf.volume import IGNORE

ACROSS = {"xy": 0, "xz": 1, "yz": 2}  # axis of (Z, Y, X) that a plane is cut across


def read_plane(volume, plane, index):
    """Read one plane of a volume, in slabs of little memory.

    Parameters
    ----------
    volume : Volume
        Voxels.
    plane : {"xy", "xz", "yz"}
        Axes to the right and downwards, x or y first.
    index : int
        Place along the third axis.

    Returns
    -------
    (Y, X), (Z, X) or (Z, Y) ndarray
        The plane.

    Raises
    ------
    ValueError
        If there is no such plane.
    """
    axis = check_place(volume, plane, index)
    if axis == 0:
        return volume.read(index, index + 1)[0]
    box = [(0, size) for size in volume.shape]
    box[axis] = (index, index + 1)
    return volume.read_box(box).squeeze(axis)


def plane_spacing(spacing, plane):
    """Spacing within a plane.

    Parameters
    ----------
    spacing : sequence of three float, or None
        (z, y, x) in µm per voxel.
    plane : {"xy", "xz", "yz"}
        The plane.

    Returns
    -------
    tuple of two float, or None
        Downwards and to the right.
    """
    if spacing is None:
        return None
    axis = check_plane(plane)
    return tuple(side for index, side in enumerate(spacing) if index != axis)


def busiest_plane(truth, plane="xy"):
    """Index of the plane with most object voxels, the first of equals; streamed.

    Parameters
    ----------
    truth : path, (Z, Y, X) ndarray of int or Volume
        Classes; 0 and `IGNORE` (255) are no objects.
    plane : {"xy", "xz", "yz"}
        The plane.

    Returns
    -------
    int
        Place along the third axis.
    """
    truth, axis = open_classes(truth), check_plane(plane)
    others = tuple(index for index in range(3) if index != axis)
    counts = []
    for _, slab in truth.slabs():
        counts.append(np.count_nonzero((slab != 0) & (slab != IGNORE), axis=others))
    counts = np.concatenate(counts) if axis == 0 else np.sum(counts, axis=0)
    return int(np.argmax(counts))


def check_place(volume, plane, index):
    """Check that a plane is one of a volume.

    Parameters
    ----------
    volume : Volume
        Voxels.
    plane : {"xy", "xz", "yz"}
        Axes to the right and downwards, x or y first.
    index : int
        Place along the third axis.

    Returns
    -------
    int
        The third axis.

    Raises
    ------
    ValueError
        If there is no such plane.
    """
    axis = check_plane(plane)
    side = volume.shape[axis]
    if not 0 <= index < side:
        raise ValueError(
            f"slice {index} is outside {volume.name}; it has 0 to {side - 1} across the {plane} "
            "plane"
        )
    return axis


def check_plane(plane):
    """Check the name of a plane.

    Parameters
    ----------
    plane : str
        Its name.

    Returns
    -------
    int
        Axis of (Z, Y, X) that it is cut across.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if plane not in ACROSS:
        raise ValueError(f"plane {plane!r} is not known; use {', '.join(ACROSS)}")
    return ACROSS[plane]
