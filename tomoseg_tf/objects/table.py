"""The table of objects: one row each, columns with their units."""

import numpy as np

from tomoseg_tf.objects.shape import covariance, equivalent_radius, principal_axes, sphericity
from tomoseg_tf.objects.sums import EXTREMES, SUMS
from tomoseg_tf.objects.surface import crofton_area, face_area

VOXEL = (1.0, 1.0, 1.0)


def object_columns(sums, extremes, shape, *, spacing=None, pivot=None):
    """Compute the columns of the table of objects.

    Lengths, areas and volumes are in voxels, and where the spacing is known also in µm. Centroids
    count from the centre of the first voxel. What has no unit is that of the object in µm, where
    the spacing is known.

    Parameters
    ----------
    sums : (N, 21) ndarray of float64
        As `SlabObjects` has them.
    extremes : (N, 10) ndarray of float64
        As `SlabObjects` has them.
    shape : tuple of three int
        Shape (Z, Y, X) of the volume.
    spacing : tuple of three float, optional
        Size of a voxel along (z, y, x) in µm.
    pivot : float, optional
        Grey level that was taken off; None without grey levels.

    Returns
    -------
    dict from str to (N,) ndarray
        Columns by name.
    """
    columns = {"label": np.arange(1, len(sums) + 1), "class": extremes[:, -1].astype(np.int64)}
    columns |= _sizes(sums[:, 0], spacing) | _places(sums, extremes, shape, spacing)
    columns |= _surfaces(sums, spacing) | _axes(sums, spacing)
    if pivot is not None:
        columns |= _grey(sums, extremes, pivot)
    return columns


def _sizes(voxels, spacing):
    """Volume and equivalent radius and diameter."""
    columns = {"voxels": voxels.astype(np.int64)}
    if spacing is not None:
        columns["volume_um3"] = voxels * np.prod(spacing)
    for unit, scale in (("voxels", 1.0), ("um", spacing and np.cbrt(np.prod(spacing)))):
        if scale is not None:
            radius = scale * equivalent_radius(voxels)
            columns[f"equivalent_radius_{unit}"] = radius
            columns[f"equivalent_diameter_{unit}"] = 2 * radius
    return columns


def _places(sums, extremes, shape, spacing):
    """Centroid, bounding box, and whether it touches a face of the volume."""
    columns = {
        f"centroid_{name}": sums[:, 1 + axis] / sums[:, 0] for axis, name in enumerate("zyx")
    }
    if spacing is not None:
        for name, size in zip("zyx", spacing, strict=True):
            columns[f"centroid_{name}_um"] = size * columns[f"centroid_{name}"]
    touches = np.zeros(len(sums), bool)
    for name, side in zip("zyx", shape, strict=True):
        start = extremes[:, EXTREMES.index(name)].astype(np.int64)
        stop = 1 - extremes[:, EXTREMES.index(f"-{name}")].astype(np.int64)
        columns |= {f"{name}_start": start, f"{name}_stop": stop}
        touches |= (start == 0) | (stop == side)
    return columns | {"touches_border": touches}


def _surfaces(sums, spacing):
    """Surface areas by faces, by Crofton's formula and of the mesh, and the sphericity of each."""
    chords, (cubes, boxes) = sums[:, len(SUMS) : -2], sums[:, -2:].T
    size = spacing or VOXEL
    columns, names = {}, ("", "_crofton", "_mesh")
    for name, area in zip(names, (face_area(chords), crofton_area(chords), cubes), strict=True):
        columns[f"surface{name}_voxels"] = area
    areas = face_area(chords, size), crofton_area(chords, size), boxes * np.prod(size) ** (2 / 3)
    if spacing is not None:
        columns |= {f"surface{name}_um2": area for name, area in zip(names, areas, strict=True)}
    volumes = sums[:, 0] * np.prod(size)
    for name, area in zip(names, areas, strict=True):
        columns[f"sphericity{name}"] = sphericity(volumes, area)
    return columns


def _axes(sums, spacing):
    """Axes of the ellipsoid of the same inertia, their ratios and the direction of the longest."""
    lengths, direction = principal_axes(covariance(sums[:, :10], spacing or VOXEL))
    unit = "voxels" if spacing is None else "um"
    names = ("long", "middle", "short")
    columns = {f"axis_{name}_{unit}": lengths[:, i] for i, name in enumerate(names)}
    columns["elongation"] = lengths[:, 0] / lengths[:, 1]
    columns["flatness"] = lengths[:, 1] / lengths[:, 2]
    return columns | {f"direction_{name}": direction[:, i] for i, name in enumerate("zyx")}


def _grey(sums, extremes, pivot):
    """Mean, extremes and standard deviation of the grey levels."""
    mean, squares = sums[:, 10] / sums[:, 0], sums[:, 11] / sums[:, 0]
    with np.errstate(invalid="ignore"):  # of an infinite mean
        variance = np.maximum(squares - mean**2, 0)
    return {
        "grey_mean": pivot + mean,
        "grey_min": extremes[:, 7],
        "grey_max": -extremes[:, 8],
        "grey_std": np.sqrt(variance),
    }
