"""Lobed ellipsoids of several classes, painted one over the other into a volume."""

from dataclasses import dataclass, fields

import numpy as np

LOBES = 5  # bulges and hollows of a body


@dataclass(frozen=True)
class Bodies:
    """Particles of a phantom, each an ellipsoid with bulges and hollows.

    A later body lies over the earlier ones, so that a rim is a body with a smaller one after it.

    Attributes
    ----------
    centres : (N, 3) ndarray of float64
        Centres (z, y, x) in voxels; voxel i covers [i, i + 1).
    axes : (N, 3) ndarray of float64
        Semi-axes in voxels, each positive.
    rotations : (N, 3, 3) ndarray of float64
        Directions (z, y, x) of the semi-axes, in columns.
    lobes : (N, LOBES, 4) ndarray of float64
        Unit direction among the semi-axes, and height as a share of the radius.
    classes : (N,) ndarray of uint8
        Classes.
    levels : (N,) ndarray of float64
        Contrast to the matrix at the centre.
    fading : (N,) ndarray of float64
        Share of the contrast that is lost towards the body's first and last slice.
    """

    centres: np.ndarray
    axes: np.ndarray
    rotations: np.ndarray
    lobes: np.ndarray
    classes: np.ndarray
    levels: np.ndarray
    fading: np.ndarray

    def __len__(self):
        return len(self.classes)

    def take(self, indices):
        """Return some of the bodies, in the order of the indices."""
        return Bodies(*(getattr(self, field.name)[indices] for field in fields(self)))

    @property
    def half_sides(self):
        """Half sides (z, y, x) of the boxes around the ellipsoids without lobes: (N, 3)."""
        return np.sqrt(np.square(self.rotations * self.axes[:, None, :]).sum(axis=2))

    @property
    def reach(self):
        """Half sides (z, y, x) of boxes that surely hold the bodies and their edges: (N, 3)."""
        bulge = 1 + self.lobes[:, :, 3].clip(0).sum(axis=1)
        return self.half_sides * bulge[:, None] + 1.5

    @property
    def volumes(self):
        """Volumes in voxels, to first order in the lobes: (N,) ndarray of float64."""
        mean_radius = 1 + self.lobes[:, :, 3].sum(axis=1) / 10  # mean of max(cos, 0)^4 is 1/10
        return 4 / 3 * np.pi * self.axes.prod(axis=1) * mean_radius**3


def concatenate(groups):
    """Join groups of bodies in their order of painting.

    Parameters
    ----------
    groups : sequence of Bodies
        The groups.

    Returns
    -------
    Bodies
        All of them.
    """
    return Bodies(
        *(np.concatenate([getattr(group, f.name) for group in groups]) for f in fields(Bodies))
    )


def draw_lobes(rng, count, height):
    """Draw bulges and hollows.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    count : int
        Number of bodies.
    height : float
        Largest height of a lobe, as a share of the radius.

    Returns
    -------
    (count, LOBES, 4) ndarray of float64
        Directions and heights.
    """
    directions = rng.standard_normal((count, LOBES, 3))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    return np.concatenate([directions, rng.uniform(-height, height, (count, LOBES, 1))], axis=2)


def paint(bodies, start, stop, plane):
    """Paint bodies into some slices: contrast with soft edges, and exact classes.

    A voxel belongs to the body in which its centre lies; its contrast is shared by the part that
    the body covers, taken from the distance of the centre to the surface.

    Parameters
    ----------
    bodies : Bodies
        The bodies; a later one covers the earlier ones.
    start, stop : int
        First slice, and the slice after the last; may lie outside the volume.
    plane : tuple of int
        Sides (Y, X).

    Returns
    -------
    contrast : (stop - start, Y, X) ndarray of float32
        Contrast to the matrix, 0 where there is no body.
    classes : (stop - start, Y, X) ndarray of uint8
        Classes, 0 where there is no body.
    """
    contrast = np.zeros((stop - start, *plane), np.float32)
    classes = np.zeros(contrast.shape, np.uint8)
    lower, upper = np.array([start, 0, 0]), np.array([stop, *plane])
    reach, half_heights = bodies.reach, bodies.half_sides[:, 0]
    lows = np.maximum(np.floor(bodies.centres - reach).astype(int), lower)
    highs = np.minimum(np.ceil(bodies.centres + reach).astype(int), upper)
    for index in np.flatnonzero(np.all(lows < highs, axis=1)):
        low, high = lows[index], highs[index]
        box = tuple(slice(a, b) for a, b in zip(low - lower, high - lower, strict=True))
        distance = _distance_inside(bodies, index, low, high)
        dz = np.arange(low[0], high[0]) + 0.5 - bodies.centres[index, 0]
        faded = bodies.fading[index] * np.square(dz / half_heights[index]).clip(0, 1)
        level = (bodies.levels[index] * (1 - faded)).astype(np.float32)[:, None, None]
        contrast[box] += np.clip(distance + 0.5, 0, 1) * (level - contrast[box])
        classes[box][distance > 0] = bodies.classes[index]
    return contrast, classes


def _distance_inside(bodies, index, low, high):
    """Depth of the voxel centres of a box below a body's surface, to first order: float32.

    Sums are written out, since a matrix product may round otherwise in a box of another size.
    """
    z, y, x = (
        (np.arange(a, b) + 0.5 - centre).astype(np.float32)
        for a, b, centre in zip(low, high, bodies.centres[index], strict=True)
    )
    z, y = z[:, None, None], y[:, None]
    inverse = (1 / bodies.axes[index]).astype(np.float32)
    turns = bodies.rotations[index].astype(np.float32) * inverse
    along = [z * turns[0, axis] + y * turns[1, axis] + x * turns[2, axis] for axis in range(3)]
    radius = np.sqrt(along[0] ** 2 + along[1] ** 2 + along[2] ** 2).clip(1e-6)
    surface = np.ones_like(radius)
    for *direction, height in bodies.lobes[index].astype(np.float32):
        cosine = along[0] * direction[0] + along[1] * direction[1] + along[2] * direction[2]
        cosine = (cosine / radius).clip(0)
        surface += height * np.square(np.square(cosine))
    scaled = [part * factor for part, factor in zip(along, inverse, strict=True)]
    slope = np.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2).clip(1e-6) / radius
    return (surface - radius) / slope
