"""Rigid motions of a sample between two scans."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Rigid:
    """Motion that takes places in a scan to those in the scan before.

    Attributes
    ----------
    matrix : (3, 3) ndarray of float64
        Rotation over (z, y, x).
    offset : (3,) ndarray of float64
        What is added to rotated places, in the unit of `size`.
    size : tuple of three float
        Size of a voxel along (z, y, x); a motion is rigid in these units.
    """

    matrix: np.ndarray = field(default_factory=lambda: np.eye(3))
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    size: tuple = (1.0, 1.0, 1.0)

    def move(self, places):
        """Move places.

        Parameters
        ----------
        places : (N, 3) array_like of float
            Places (z, y, x) in voxels.

        Returns
        -------
        (N, 3) ndarray of float64
            Where they were before, in voxels.
        """
        return (np.asarray(places) * self.size @ self.matrix.T + self.offset) / self.size

    def angle(self):
        """Angle of the rotation in degrees."""
        return float(np.degrees(np.arccos(np.clip((np.trace(self.matrix) - 1) / 2, -1, 1))))

    def shift_at(self, place):
        """Shift (z, y, x), in voxels, of one place in voxels."""
        return self.move(np.asarray(place, float)[None])[0] - place
