"""Simulated nanotomography of an aluminium alloy after Torbati-Sarraf et al. (2021), Fig. 1."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import ndimage

from tomoseg_tf.phantom.artefacts import (
    Shading,
    backprojection_noise,
    rings_slice,
)
from tomoseg_tf.phantom.bodies import paint
from tomoseg_tf.phantom.particles import draw_particles, rolling_direction
from tomoseg_tf.phantom.scan import PillarScan

TEXTURE = 6  # stream of random numbers of one seed
REACH = 3.0  # standard deviations after which the point spread is cut


@dataclass(frozen=True)
class AA7075(PillarScan):
    """A scan of an overaged AA7075 micropillar with two kinds of particles, and its exact truth.

    Classes: 0 matrix and air, 1 Al-Cu-Fe inclusions in stringers along the rolling direction,
    2 Cu-Mg-Zn precipitates, rounded or plate-like. Some particles are composite: a rim of one
    kind around a core of the other. What makes the published scan hard is there: fringes of phase
    contrast around particles and at the pillar's edge, precipitates that darken towards their
    thin ends until they look like inclusions, inclusions as bright as precipitates in places,
    rings, shading and noise. The study gives no grey levels and no shares of the classes; here
    at least 90 % is background, as in the like Al-Cu scan of tomography/xlearn.

    No grey window finds either kind: at a shape of 64,256,256 and the seeds 0 to 3, the best one
    reaches an IoU of 0.35 to 0.39 for inclusions and 0.40 to 0.45 for precipitates; after a
    Gaussian filter of 1.2 voxels, 0.42 to 0.48 and 0.39 to 0.46.

    Parameters
    ----------
    shape : tuple of int
        Sides (Z, Y, X) in voxels, at least (1, 64, 64).
    seed : int
        Seed of everything random.
    inclusions, precipitates : float
        Share of all voxels in particles of each kind, drawn before the pillar's surface cuts some
        off and rims and overlaps change the kind of others.
    matrix, inclusion, precipitate : float
        Mean attenuation of each phase in that of the matrix; air is 0.
    blur : float
        Standard deviation of the point spread, in voxels.
    fringes, fringe_width : float
        Strength of the phase contrast, and how far its fringes reach, in voxels.
    noise, rings, shading : float
        Standard deviations of the noise, of the rings near the axis, and of the slow change of
        grey, in units of the matrix.
    spacing : tuple of float
        Voxel size (z, y, x) in µm; that of the study by default.

    References
    ----------
    .. [1] N. Torbati-Sarraf et al., JOM 73, 2173-2184, 2021.
    """

    shape: tuple
    seed: int = 0
    inclusions: float = 0.036
    precipitates: float = 0.022
    matrix: float = 1.0
    inclusion: float = 1.60
    precipitate: float = 1.85
    blur: float = 0.9
    fringes: float = 0.7
    fringe_width: float = 2.5
    noise: float = 0.17
    rings: float = 0.10
    shading: float = 0.10
    spacing: tuple = field(default=(0.018, 0.018, 0.018))

    title = "an aa7075 phantom"
    dtype = "float32"

    @property
    def pillar_radius(self):
        """Mean radius of the pillar in voxels; it nearly fills the plane, as published."""
        return 0.46 * min(self.shape[1:])

    @property
    def rolling_direction(self):
        """Unit vector (z, y, x) along which the inclusions lie in rows: (3,) float64."""
        return rolling_direction(self.seed)

    @cached_property
    def particles(self):
        """The particles: `tomoseg_tf.phantom.bodies.Bodies`, a rim before its core."""
        return draw_particles(
            self.seed,
            self.shape,
            axis=self._pillar.axis,
            pillar_radius=self.pillar_radius,
            shares=(self.inclusions, self.precipitates),
            contrasts=(self.inclusion - self.matrix, self.precipitate - self.matrix),
        )

    @cached_property
    def _shading(self):
        return Shading(self.seed, self.shape, length=32.0)

    @cached_property
    def _texture(self):
        return Shading(self.seed, self.shape, length=7.0, stream=TEXTURE)

    def summary(self, counts):
        """Tell also the ``particles``, and the ``fractions`` of the voxels in each class."""
        fractions = [int(count) / int(counts.sum()) for count in counts[:3]]
        return super().summary(counts) | {"particles": len(self.particles), "fractions": fractions}

    def slab(self, start, stop):
        """Make slices start to stop - 1: grey (stop - start, Y, X) float32 and truth uint8."""
        halo = int(np.ceil(REACH * max(self.blur, self.fringe_width)))
        wanted = slice(halo, halo + stop - start)
        clean, truth = paint(self.particles, start - halo, stop + halo, tuple(self.shape[1:]))
        for index, z in enumerate(range(start - halo, stop + halo)):
            depth = self.depth(z)
            truth[index][depth <= 0] = 0
            textured = clean[index] * (1 + 0.14 * self._texture.slice(z))
            clean[index] = (self.matrix + textured) * np.clip(depth + 0.5, 0, 1)
        clean = self._image(clean, wanted)
        grey = np.stack([self._degraded_slice(z, clean[z - start]) for z in range(start, stop)])
        return grey, truth[wanted]

    def _image(self, clean, wanted):
        """Point spread and phase contrast: brighter inside an edge, darker outside."""
        sharp = ndimage.gaussian_filter(clean, self.blur, truncate=REACH)[wanted]
        wide = ndimage.gaussian_filter(clean, self.fringe_width, truncate=REACH)[wanted]
        return sharp + np.float32(self.fringes) * (sharp - wide)

    def _degraded_slice(self, z, clean):
        """Add shading, rings and noise to a slice."""
        inside = np.clip(self.depth(z) / 4, 0, 1)
        radius = self._pillar.radius
        grey = clean + np.float32(self.shading) * self._shading.slice(z) * inside
        rings = rings_slice(self.seed, z, radius, fade=0.15 * self.pillar_radius)
        grey += np.float32(self.rings) * rings
        noise = backprojection_noise(self.seed, z, self._spectrum, self.shape[1:])
        return (grey + np.float32(self.noise) * noise).astype(np.float32)
