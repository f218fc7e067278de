"""Surface areas from chords: by voxel faces, and by Crofton's formula."""

from functools import lru_cache

import numpy as np

from tomoseg_tf.objects.chords import DIRECTIONS, KINDS, kind_of


def face_area(chords, spacing=(1.0, 1.0, 1.0)):
    """Surface area by voxel faces.

    Each chord along an axis ends in two faces. Of a smooth surface this is too large by a factor
    that goes by its direction; of a ball by 1.5, however fine its voxels.

    Parameters
    ----------
    chords : (N, 7) array_like
        Chords by kind, as `count_chords` gives them.
    spacing : tuple of three float
        Size of a voxel along (z, y, x).

    Returns
    -------
    (N,) ndarray of float64
        Areas in the square of the unit of the spacing.

    Examples
    --------
    >>> face_area([[1, 1, 1, 1, 1, 1, 1]])
    array([6.])
    """
    z, y, x = spacing
    return 2 * np.asarray(chords, float)[:, :3] @ np.array([z * y, z * x, y * x])


def crofton_area(chords, spacing=(1.0, 1.0, 1.0)):
    r"""Surface area by Crofton's formula in thirteen directions.

    The area is four times the mean over all directions of the area of the projection, in which
    each chord counts. Lines in direction k through the centres of voxels of volume v are one per
    area :math:`v / d_k`, with the distance :math:`d_k` between two centres, so that

    .. math:: S = 4 v \sum_k c_k N_k / d_k

    with the share :math:`c_k` of the directions that are nearest to k. The area of digitised balls
    is too small, on average by 4 % at a radius of 2 voxels, by 2 % at 3, by 0.7 % at 5 and by less
    than 0.3 % from 8 on: their `sphericity_crofton` is too large by as much. That of 2 x 2 x 2
    voxels is 15 % smaller than of the ball of their volume, and flat faces along the sides of the
    voxels come out 7 % too small.

    Parameters
    ----------
    chords : (N, 7) array_like
        Chords by kind, as `count_chords` gives them.
    spacing : tuple of three float
        Size of a voxel along (z, y, x).

    Returns
    -------
    (N,) ndarray of float64
        Areas in the square of the unit of the spacing.

    References
    ----------
    .. [1] G. Lehmann and D. Legland, "Efficient N-dimensional surface estimation using Crofton
       formula and run-length encoding", Insight Journal, 2012. hdl:10380/3342
    """
    return np.asarray(chords, float) @ np.array(_weights(tuple(map(float, spacing))))


@lru_cache(maxsize=8)
def _weights(spacing):
    """Area that a chord of each kind stands for."""
    from scipy.spatial import SphericalVoronoi  # takes long to import

    steps = np.array(DIRECTIONS) * spacing
    lengths = np.linalg.norm(steps, axis=1)
    units = steps / lengths[:, None]
    sphere = SphericalVoronoi(np.concatenate([units, -units]))
    shares = sphere.calculate_areas()[: len(units)] / (2 * np.pi)
    weights = np.zeros(len(KINDS))
    for step, share, length in zip(DIRECTIONS, shares, lengths, strict=True):
        # chords of one kind are counted together, and alike in weight by symmetry
        weights[kind_of(step)] = 4 * np.prod(spacing) * share / length
    return tuple(weights.tolist())
