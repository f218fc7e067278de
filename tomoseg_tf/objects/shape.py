"""Shapes of objects from their sums: closed forms, each of arrays."""

import numpy as np


def equivalent_radius(volume):
    r"""Radius of the ball of the same volume.

    .. math:: r = (3 V / 4 \pi)^{1/3}

    Parameters
    ----------
    volume : (N,) array_like of float
        Volumes.

    Returns
    -------
    (N,) ndarray of float64
        Radii, in the unit of which the volumes are cubes.
    """
    return np.cbrt(3 * np.asarray(volume, float) / (4 * np.pi))


def sphericity(volume, surface_area):
    r"""Sphericity of an object: the surface of the ball of its volume over its own.

    .. math:: \Psi = \pi^{1/3} (6V)^{2/3} / A

    Parameters
    ----------
    volume : (N,) array_like of float
        Volumes, each positive.
    surface_area : (N,) array_like of float
        Surface areas, each positive, in the square of the same unit.

    Returns
    -------
    (N,) ndarray of float64
        Sphericities, dimensionless; 1 for a ball and less for any other solid, if the area is
        exact. By voxel faces that of a ball tends to 2/3, and a cube has 0.806. By Crofton's
        formula few voxels have more than 1.

    Raises
    ------
    ValueError
        If the shapes differ, or a volume or surface area is not positive.

    References
    ----------
    .. [1] H. Wadell, "Volume, shape, and roundness of quartz particles", J. Geol. 43(3),
       250-280, 1935. doi:10.1086/624298

    Examples
    --------
    A cube of side 2:

    >>> sphericity([8.0], [24.0]).round(3)
    array([0.806])
    """
    volume, surface_area = np.asarray(volume, float), np.asarray(surface_area, float)
    if volume.shape != surface_area.shape:
        raise ValueError(
            f"volume has shape {volume.shape}, surface_area {surface_area.shape}; both must agree"
        )
    if not ((volume > 0).all() and (surface_area > 0).all()):
        raise ValueError("sphericity: volumes and surface areas must be positive")
    return np.cbrt(np.pi) * np.cbrt(6 * volume) ** 2 / surface_area


def covariance(sums, spacing=(1.0, 1.0, 1.0)):
    """Covariance matrix of the points of each object, whose voxels are full boxes.

    Parameters
    ----------
    sums : (N, 10) ndarray of float64
        Voxels, sums of z, y, x, of zz, yy, xx, and of zy, zx, yx.
    spacing : tuple of three float
        Size of a voxel along (z, y, x).

    Returns
    -------
    (N, 3, 3) ndarray of float64
        Matrices over (z, y, x), in the square of the unit of the spacing.
    """
    means = sums[:, 1:10] / sums[:, :1]
    matrix = np.empty((len(sums), 3, 3))
    for axis in range(3):
        variance = means[:, 3 + axis] - means[:, axis] ** 2
        matrix[:, axis, axis] = np.maximum(variance, 0) + 1 / 12  # that of a voxel itself
    for column, (one, other) in enumerate(((0, 1), (0, 2), (1, 2)), start=6):
        product = means[:, column] - means[:, one] * means[:, other]
        matrix[:, one, other] = matrix[:, other, one] = product
    return matrix * np.outer(spacing, spacing)


def principal_axes(matrix):
    """Ellipsoid with the covariance of each object.

    Parameters
    ----------
    matrix : (N, 3, 3) ndarray of float64
        As `covariance` gives it.

    Returns
    -------
    lengths : (N, 3) ndarray of float64
        Full axes, the longest first, in the unit of the spacing.
    direction : (N, 3) ndarray of float64
        Unit vector (z, y, x) of the longest axis, which points up in z; in y where it is level.
    """
    values, vectors = np.linalg.eigh(matrix)
    lengths = 2 * np.sqrt(5 * np.maximum(values[:, ::-1], 0))
    direction = vectors[:, :, 2]
    rounded = np.round(direction, 9)
    leading = (rounded != 0).argmax(axis=1)
    signs = np.sign(np.take_along_axis(rounded, leading[:, None], axis=1))
    return lengths, direction * signs
