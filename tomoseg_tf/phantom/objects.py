"""Slightly irregular balls: placing them and voxelising them exactly."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

SUBSAMPLES = 4  # per voxel side: a voxel is object if more than half of its 4³ are
# means over all directions of a surface: half the mean square distance from the middle of the
# section of a unit cube through its middle, and how far inside the 33rd of the sub-samples lies
CURVATURE_SHIFT, MAJORITY_SHIFT = 0.1001, 0.0139


@dataclass(frozen=True)
class Objects:
    """Objects of a phantom: a ball each, stretched and dented a little.

    Attributes
    ----------
    centres : (N, 3) ndarray of float64
        Centres (z, y, x) in voxels; voxel i covers [i, i + 1).
    radii : (N,) ndarray of float64
        Radii of the equal balls, in voxels.
    stretches : (N, 3, 3) ndarray of float64
        Volume-preserving maps from the ball to the ellipsoid, inverted.
    dents : (N, 2, 4) ndarray of float64
        Direction (z, y, x) and amplitude of a second and a third harmonic of
        the radius.
    """

    centres: np.ndarray
    radii: np.ndarray
    stretches: np.ndarray
    dents: np.ndarray

    def __len__(self):
        return len(self.radii)

    @property
    def reach(self):
        """Half side, in voxels, of a box that surely holds each object."""
        return 1.35 * self.radii + 1

    @property
    def equivalent_radii(self):
        """(N,) ndarray of float64: radii in voxels of balls of the same volume, with the dents.

        The mean of the cube of 1 + a P2 + b P3 over all directions, to the second power of a, b.
        """
        squares = np.square(self.dents[:, :, 3]) / (5, 7)
        return self.radii * np.cbrt(1 + 3 * squares.sum(axis=1))


def draw_radii(rng, count, *, mean=3.3, std=1.1, smallest=1.25, largest=8.0):
    """Draw equivalent radii, log-normal between two bounds.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    count : int
        How many.
    mean, std, smallest, largest : float
        Mean, standard deviation and bounds of the radii, in voxels.

    Returns
    -------
    (count,) ndarray of float64
        Radii in voxels.
    """
    sigma = np.sqrt(np.log1p((std / mean) ** 2))
    mu = np.log(mean) - sigma**2 / 2
    radii = np.empty(0)
    while len(radii) < count:
        drawn = rng.lognormal(mu, sigma, size=2 * count + 16)
        radii = np.concatenate([radii, drawn[(drawn >= smallest) & (drawn <= largest)]])
    return radii[:count]


def draw_shapes(rng, centres, radii, *, irregularity=1.0):
    """Give each ball its stretch and its dents.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    centres : (N, 3) array_like of float
        Centres (z, y, x) in voxels.
    radii : (N,) array_like of float
        Radii in voxels.
    irregularity : float
        0 for exact balls, 1 for slightly irregular objects.

    Returns
    -------
    Objects
        The objects.
    """
    count = len(radii)
    axes = np.exp(0.10 * irregularity * rng.standard_normal((count, 3)).clip(-2, 2))
    axes /= np.prod(axes, axis=1, keepdims=True) ** (1 / 3)
    rotations = np.linalg.qr(rng.standard_normal((count, 3, 3)))[0]
    stretches = (rotations / axes[:, None, :]) @ rotations.transpose(0, 2, 1)
    directions = rng.standard_normal((count, 2, 3))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    amplitudes = irregularity * rng.uniform(-0.07, 0.07, size=(count, 2, 1))
    dents = np.concatenate([directions, amplitudes], axis=2)
    return Objects(np.asarray(centres, float), np.asarray(radii, float), stretches, dents)


def keep_apart(centres, radii, *, gap=2.0):
    """Mark the objects to keep so that none comes closer to another than a gap.

    Parameters
    ----------
    centres : (N, 3) ndarray of float
        Centres in voxels.
    radii : (N,) ndarray of float
        Radii in voxels.
    gap : float
        Smallest distance between two surfaces of unstretched balls, in voxels.

    Returns
    -------
    (N,) ndarray of bool
        True for those kept; of two that come too close the earlier stays.
    """
    keep = np.ones(len(radii), bool)
    if len(radii) < 2:
        return keep
    pairs = cKDTree(centres).query_pairs(2.5 * radii.max() + gap, output_type="ndarray")
    distances = np.linalg.norm(centres[pairs[:, 0]] - centres[pairs[:, 1]], axis=1)
    close = pairs[distances < 1.25 * (radii[pairs[:, 0]] + radii[pairs[:, 1]]) + gap]
    for first, second in close[np.lexsort((close[:, 1], close[:, 0]))]:
        if keep[first]:
            keep[second] = False
    return keep


def coverage(objects, start, stop, plane):
    """Share of each voxel that lies inside an object, from 4³ sub-samples.

    Parameters
    ----------
    objects : Objects
        The objects.
    start, stop : int
        First slice, and the slice after the last; may lie outside the volume.
    plane : tuple of int
        Sides (Y, X).

    Returns
    -------
    (stop - start, Y, X) ndarray of float32
        Covered shares in [0, 1]; above 0.5 a voxel belongs to an object.
    """
    shares = np.zeros((stop - start, *plane), np.float32)
    near = (objects.centres[:, 0] + objects.reach > start) & (
        objects.centres[:, 0] - objects.reach < stop
    )
    lower, upper = np.array([start, 0, 0]), np.array([stop, *plane])
    for index in np.flatnonzero(near):
        low = np.maximum(np.floor(objects.centres[index] - objects.reach[index]), lower)
        high = np.minimum(np.ceil(objects.centres[index] + objects.reach[index]), upper)
        if np.all(low < high):
            low, high = low.astype(int), high.astype(int)
            box = tuple(slice(a, b) for a, b in zip(low - lower, high - lower, strict=True))
            np.maximum(shares[box], _object_coverage(objects, index, low, high), out=shares[box])
    return shares


def truth_radii(radii):
    """Equivalent radii that the truth has on average, of bodies of known radius.

    A truth voxel is object if more than half of its sub-samples are covered. Where a surface is
    curved by 1/r, half coverage lies CURVATURE_SHIFT / r inside it, and since 32 of 64 are not
    more than half, MAJORITY_SHIFT more. Voxels whose centre is covered have no such shift.

    Parameters
    ----------
    radii : (N,) array_like of float
        Equivalent radii of bodies that are no less than a voxel, in voxels.

    Returns
    -------
    (N,) ndarray of float64
        Mean equivalent radii over all places of the bodies in the grid, in voxels.
    """
    radii = np.asarray(radii, float)
    return radii - CURVATURE_SHIFT / radii - MAJORITY_SHIFT


def _object_coverage(objects, index, low, high):
    """Covered shares of one object in the box [low, high)."""
    grids = [
        low_side + (np.arange((high_side - low_side) * SUBSAMPLES) + 0.5) / SUBSAMPLES - centre
        for low_side, high_side, centre in zip(low, high, objects.centres[index], strict=True)
    ]
    inside = covered(objects, index, grids)
    sides = [side for n in inside.shape for side in (n // SUBSAMPLES, SUBSAMPLES)]
    return inside.reshape(sides).mean(axis=(1, 3, 5), dtype=np.float32)


def covered(objects, index, grids):
    """Tell which points are in an object.

    Parameters
    ----------
    objects : Objects
        The objects.
    index : int
        Which one.
    grids : sequence of three (N,) ndarray of float
        Places along z, y and x of a grid of points, from its centre on, in voxels.

    Returns
    -------
    (N, M, L) ndarray of bool
        Whether each is in it.
    """
    points = np.stack(np.meshgrid(*grids, indexing="ij"), axis=-1) @ objects.stretches[index].T
    distance = np.linalg.norm(points, axis=-1)
    radius = np.ones_like(distance)
    cosines = points @ objects.dents[index, :, :3].T / np.maximum(distance, 1e-9)[..., None]
    second, third = cosines[..., 0], cosines[..., 1]
    radius += objects.dents[index, 0, 3] * (1.5 * second**2 - 0.5)
    radius += objects.dents[index, 1, 3] * (2.5 * third**3 - 1.5 * third)
    return distance <= objects.radii[index] * radius
