"""Where objects lie: their neighbours, and the weights that make up for cut ones."""

import numpy as np


def nearest_neighbours(centres, classes):
    """Distance of each object to the nearest other of its class, from centre to centre.

    Parameters
    ----------
    centres : (N, 3) array_like of float
        Centres, in any unit.
    classes : (N,) array_like of int
        Classes.

    Returns
    -------
    (N,) ndarray of float64
        Distances in that unit; NaN for an object that is alone.
    """
    from scipy.spatial import cKDTree  # takes long to import

    centres, classes = np.asarray(centres, float), np.asarray(classes)
    distances = np.full(len(centres), np.nan)
    for index in np.unique(classes):
        chosen = classes == index
        if chosen.sum() > 1:
            found, _ = cKDTree(centres[chosen]).query(centres[chosen], k=2)
            distances[chosen] = found[:, 1]
    return distances


def random_neighbour_distance(number_density):
    r"""Mean distance to the nearest neighbour of points that lie at random.

    .. math:: \Gamma(4/3) (4 \pi \lambda / 3)^{-1/3}

    Parameters
    ----------
    number_density : float
        Points per volume, positive.

    Returns
    -------
    float
        Distance, in the unit of which the volume is a cube.
    """
    return 0.8929795115692492 * (4 * np.pi * number_density / 3) ** (-1 / 3)


def edge_weights(columns, shape):
    r"""Weights of Miles and Lantuéjoul: large objects are cut by the faces more often.

    An object whose box has the sides d can be moved to :math:`\prod (s - 1 - d)` places where it
    touches no face of a box of sides s, out of :math:`\prod s`. The inverse of that share is
    its weight: sums of weights over the objects that touch no face, divided by the volume, are
    numbers per volume without bias.

    Parameters
    ----------
    columns : dict from str to (N,) ndarray
        Table of the objects.
    shape : tuple of three int
        Shape (Z, Y, X) of the volume.

    Returns
    -------
    (N,) ndarray of float64
        Weights of at least 1; NaN for objects that touch a face.

    References
    ----------
    .. [1] C. Lantuéjoul, "On the estimation of mean values in individual analysis of particles",
       Microsc. Acta S5, 266-273, 1980.
    """
    weights = np.ones(len(columns["label"]))
    for name, side in zip("zyx", shape, strict=True):
        places = side - 1 - (columns[f"{name}_stop"] - columns[f"{name}_start"])
        weights *= side / np.maximum(places, 1)
    return np.where(columns["touches_border"], np.nan, weights)
