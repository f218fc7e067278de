"""Simulated nanotomography of a steel micropillar after Gaudez et al. (2022), Fig. 3."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import ndimage

from tomoseg_tf.phantom.artefacts import (
    Shading,
    backprojection_noise,
    rings_slice,
)
from tomoseg_tf.phantom.objects import coverage, draw_radii, draw_shapes, keep_apart
from tomoseg_tf.phantom.scan import PillarScan

FILL = 34  # grey level outside the reconstruction circle
MARGIN = 9  # slices above and below from which objects may reach into the volume


@dataclass(frozen=True)
class Micropillar(PillarScan):
    """A scan of a 316L micropillar with dark precipitates and pores, and its exact truth.

    Grey levels, contrast and sizes follow the histograms and Table 1 of the
    study; blur, noise, rings and shading make a plain threshold fail, as there.

    Parameters
    ----------
    shape : tuple of int
        Sides (Z, Y, X) in voxels, at least (1, 64, 64).
    seed : int
        Seed of everything random.
    fraction : float
        Share of all voxels that are object; drawn from 0.0020 to 0.0026 by
        the seed when None.
    environment, matrix, contrast : float
        Mean grey levels around and inside the pillar, and how much darker a
        large object is.
    blur : float
        Standard deviation of the point spread, in voxels.
    noise, rings, shading : float
        Standard deviations of the noise, of the rings near the axis, and of
        the slow change of grey, in grey levels.
    spacing : tuple of float
        Voxel size (z, y, x) in µm; that of the study by default.

    References
    ----------
    .. [1] S. Gaudez et al., J. Synchrotron Rad. 29, 1232-1240, 2022.
    """

    shape: tuple
    seed: int = 0
    fraction: float | None = None
    environment: float = 38.0
    matrix: float = 174.0
    contrast: float = 51.0
    blur: float = 0.9
    noise: float = 8.0
    rings: float = 8.0
    shading: float = 22.0
    spacing: tuple = field(default=(0.02933, 0.02933, 0.02933))

    title = "a micropillar"

    @property
    def pillar_radius(self):
        """Mean radius of the pillar in voxels: 25 µm across in a plane of 30 µm."""
        return 0.416 * min(self.shape[1:])

    @cached_property
    def objects(self):
        """The objects: `tomoseg_tf.phantom.objects.Objects`."""
        rng = np.random.default_rng((self.seed, 0))
        drawn = rng.uniform(0.0020, 0.0026)
        fraction = drawn if self.fraction is None else self.fraction
        depth = self.shape[0] + 2 * MARGIN
        wanted = fraction * depth * self.shape[1] * self.shape[2]
        radii = draw_radii(rng, int(wanted / 80) + 16)
        distance = np.sqrt(rng.uniform(0, 1, len(radii))) * (self.pillar_radius - 1.3 * radii - 6)
        angle = rng.uniform(0, 2 * np.pi, len(radii))
        centres = np.stack(
            [
                rng.uniform(-MARGIN, self.shape[0] + MARGIN, len(radii)),
                self._pillar.axis[0] + distance * np.sin(angle),
                self._pillar.axis[1] + distance * np.cos(angle),
            ],
            axis=1,
        )
        apart = np.flatnonzero(keep_apart(centres, radii))
        volumes = np.cumsum(4 / 3 * np.pi * radii[apart] ** 3)
        kept = apart[: np.searchsorted(volumes, wanted)]
        return draw_shapes(rng, centres[kept], radii[kept])

    @cached_property
    def _shading(self):
        return Shading(self.seed, self.shape)

    def summary(self, counts):
        """Tell also the ``objects`` and the ``fraction`` of the voxels in them."""
        fraction = int(counts[1]) / int(counts.sum())
        return super().summary(counts) | {"objects": len(self.objects), "fraction": fraction}

    def slab(self, start, stop):
        """Make slices start to stop - 1: grey levels and truth, (stop - start, Y, X) uint8."""
        halo = int(np.ceil(4 * self.blur))
        wanted = slice(halo, halo + stop - start)
        shares = coverage(self.objects, start - halo, stop + halo, self.shape[1:])
        clean = np.empty_like(shares)
        for index, z in enumerate(range(start - halo, stop + halo)):
            clean[index] = self._clean_slice(z, shares[index])
        clean = ndimage.gaussian_filter(clean, self.blur, truncate=4.0)[wanted]
        grey = np.empty(clean.shape, np.uint8)
        for index, z in enumerate(range(start, stop)):
            grey[index] = self._degraded_slice(z, clean[index])
        return grey, (shares[wanted] > 0.5).astype(np.uint8)

    def _clean_slice(self, z, shares):
        """Grey levels before the point spread: surroundings, pillar, edge ring, objects."""
        depth = self.depth(z)
        inside = np.clip(depth + 0.5, 0, 1)
        edge = 58 * np.exp(-np.square(depth - 2.5) / 8) - 22 * np.exp(-np.square(depth + 3) / 10)
        cupping = 8 * np.square(self._pillar.radius / self.pillar_radius) - 4
        matrix = self.matrix + cupping - self.contrast * shares
        return self.environment + (matrix - self.environment) * inside + edge

    def _degraded_slice(self, z, clean):
        """Add shading, rings and noise; quantise; fill outside the reconstruction circle."""
        inside = np.clip(self.depth(z) / 4, 0, 1)
        grey = clean + self.shading * self._shading.slice(z) * inside
        grey += self.rings * rings_slice(
            self.seed, z, self._pillar.radius, fade=0.15 * self.pillar_radius
        )
        grey += self.noise * backprojection_noise(self.seed, z, self._spectrum, self.shape[1:])
        grey = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
        grey[self._pillar.radius > min(self.shape[1:]) / 2] = FILL
        return grey
