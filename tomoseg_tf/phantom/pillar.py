"""A milled pillar: a wavy cylinder along z that stands near the rotation axis."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

AXIS, SURFACE = 4, 5  # streams of random numbers of one seed


@dataclass(frozen=True)
class Pillar:
    """The outer shape of a pillar, slice by slice.

    Parameters
    ----------
    plane : tuple of int
        Sides (Y, X) of a slice in voxels.
    seed : int
        Seed.
    mean_radius : float
        Mean radius of the pillar, in voxels.
    """

    plane: tuple
    seed: int
    mean_radius: float

    @cached_property
    def axis(self):
        """Axis of the pillar (y, x) in voxels: near the rotation axis, not on it."""
        rng = np.random.default_rng((self.seed, AXIS))
        return np.array(self.plane) / 2 + rng.uniform(-0.012, 0.012, 2) * min(self.plane)

    @cached_property
    def _grid(self):
        """Voxel centres (y, x) as an open grid."""
        return np.ogrid[0.5 : self.plane[0], 0.5 : self.plane[1]]

    @cached_property
    def radius(self):
        """Distance of each voxel from the rotation axis: (Y, X) float32, in voxels."""
        y, x = self._grid
        return np.hypot(y - self.plane[0] / 2, x - self.plane[1] / 2).astype(np.float32)

    @cached_property
    def _polar(self):
        """Distance from the pillar's axis in voxels, and angle around it."""
        y, x = (grid - centre for grid, centre in zip(self._grid, self.axis, strict=True))
        return np.hypot(y, x).astype(np.float32), np.arctan2(y, x).astype(np.float32)

    def depth(self, z):
        """Depth of each voxel of slice z below the pillar's surface.

        Parameters
        ----------
        z : int
            Slice number.

        Returns
        -------
        (Y, X) ndarray of float32
            Depth in voxels, negative outside the pillar.
        """
        rng = np.random.default_rng((self.seed, SURFACE))
        waves = np.arange(2, 8)[:, None]
        phases = rng.uniform(0, 2 * np.pi, waves.shape)
        twists = rng.uniform(-0.02, 0.02, waves.shape)
        sizes = rng.normal(0, 0.004, waves.shape) * self.mean_radius
        angles = np.linspace(-np.pi, np.pi, 2049)
        surface = self.mean_radius + sizes.T @ np.cos(waves * angles + phases + twists * z)
        distance, angle = self._polar
        return np.interp(angle, angles, surface[0]).astype(np.float32) - distance
