"""Simulated scans of precipitates or pores in a matrix, with fixed or with randomised physics."""

from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage

from tomoseg_tf.phantom.artefacts import (
    Shading,
    backprojection_noise,
    backprojection_spectrum,
    rings_slice,
    streaks_slice,
)
from tomoseg_tf.phantom.bodies import paint
from tomoseg_tf.phantom.physics import EDGES, Physics, draw_physics
from tomoseg_tf.phantom.pillar import Pillar
from tomoseg_tf.phantom.population import Population, check_kind, draw_population
from tomoseg_tf.phantom.scan import Scan

OBJECTS, DRAWN, GRAINS, REGIONS = 15, 16, 17, 23  # streams of random numbers of one seed
MARGIN = 16  # voxels around the volume from which objects may reach into it


@dataclass(frozen=True)
class Inclusions(Scan):
    """A scan of a matrix with precipitates or pores, and its exact truth.

    Parameters
    ----------
    shape : tuple of int
        Sides (Z, Y, X) in voxels, at least (1, 64, 64).
    seed : int
        Seed of everything random.
    kind : {"precipitates", "pores"}
        What the objects are.
    randomise : bool
        Whether the seed also draws how the scan is taken and which objects it holds; otherwise
        only their places and shapes, and the noise.
    dark : bool
        Whether scans that would have bright objects are inverted, so that all are dark.
    edge_enhanced : bool
        Whether objects show by fringes at their edges and little inside, as in phase contrast
        without phase retrieval; they are larger then, since the smallest are all edge.
    """

    shape: tuple
    seed: int = 0
    kind: str = "precipitates"
    randomise: bool = False
    dark: bool = False
    edge_enhanced: bool = False

    title = "a scan of inclusions"
    spacing = None  # with drawn sizes a voxel is as large as one likes

    def __post_init__(self):
        super().__post_init__()
        check_kind(self.kind)

    @cached_property
    def physics(self):
        """How the scan is taken: `Physics`."""
        if not self.randomise:
            return EDGES if self.edge_enhanced else Physics()
        return draw_physics(self._rng(DRAWN), self.kind, edge_enhanced=self.edge_enhanced)

    @property
    def inverted(self):
        """Whether the grey levels are turned about."""
        return self.dark and self.physics.contrast > 0

    @cached_property
    def population(self):
        """Which objects the sample holds: `Population`."""
        if not self.randomise:
            return Population(radius=6.0) if self.edge_enhanced else Population()
        return draw_population(self._rng(DRAWN, 1), self.kind, large=self.edge_enhanced)

    @cached_property
    def objects(self):
        """The objects: `tomoseg_tf.phantom.bodies.Bodies`, levels as factors of the contrast."""
        highs = np.add(self.shape, MARGIN)
        drawn = self.population.draw(self._rng(OBJECTS), (-MARGIN,) * 3, highs)
        if self.physics.radius is None:
            return drawn
        from_axis = np.hypot(*(drawn.centres[:, 1:] - self._pillar.axis).T)
        room = 0.97 * self._pillar.mean_radius - drawn.half_sides[:, 1:].max(axis=1)
        return drawn.take(np.flatnonzero(from_axis < room))

    def summary(self, counts):
        """Tell what is in the scan.

        Parameters
        ----------
        counts : (256,) ndarray of int64
            Voxels in each class.

        Returns
        -------
        dict
            ``shape``, ``seed``, ``kind``, ``inverted``, ``fraction`` of the voxels in objects,
            ``physics`` before it was inverted, and ``population``.
        """
        return {
            "shape": list(self.shape),
            "seed": self.seed,
            "kind": self.kind,
            "inverted": self.inverted,
            "fraction": int(counts[1]) / int(counts.sum()),
            "physics": asdict(self.physics),
            "population": asdict(self.population),
        }

    def slab(self, start, stop):
        """Make slices start to stop - 1: grey levels and truth, (stop - start, Y, X) uint8."""
        physics = self.physics
        widths = (physics.blur, physics.fringe_width if physics.fringes else 0)
        halo = sum(int(np.ceil(4 * width)) for width in widths)
        first, last = start - halo, stop + halo
        shares, classes = paint(self.objects, first, last, tuple(self.shape[1:]))
        for index, z in enumerate(range(first, last)):
            shares[index] = self._clean_slice(z, shares[index])
        clean = ndimage.gaussian_filter(shares, physics.blur)
        if physics.fringes:
            fringes = physics.fringes * (clean - ndimage.gaussian_filter(clean, widths[1]))
            clean = physics.matrix + physics.kept * (clean - physics.matrix) + fringes
        wanted = slice(halo, halo + stop - start)
        grey = np.empty(clean[wanted].shape, np.uint8)
        for index, z in enumerate(range(start, stop)):
            grey[index] = self._degraded_slice(z, clean[halo + index])
        return (~grey if self.inverted else grey), classes[wanted]

    def _clean_slice(self, z, shares):
        """Grey levels before the point spread: surroundings, matrix, its grains, objects."""
        physics, size = self.physics, abs(self.physics.contrast)
        grey = physics.matrix + physics.contrast * shares
        if physics.texture:
            waves = np.tanh(physics.texture_sharpness * self._grains.slice(z))
            grey += physics.texture * size * waves * (1 - shares.clip(0, 1))
        if physics.phase:
            depth = 0.5 * physics.phase_length * (self._regions.slice(z) - physics.phase_level)
            grey -= physics.contrast * physics.phase * 0.5 * (1 + np.tanh(depth))
        if physics.radius is None:
            return grey
        inside = np.clip(self._pillar.depth(z) + 0.5, 0, 1)
        return physics.surroundings + (grey - physics.surroundings) * inside

    def _degraded_slice(self, z, clean):
        """Add shading, cupping, rings, streaks and noise; quantise; fill outside the circle."""
        physics, plane = self.physics, tuple(self.shape[1:])
        half = min(plane) / 2
        radius = self._pillar.radius
        faults = physics.cupping * (np.square(radius / half) - 0.5)
        faults += physics.shading * self._shading.slice(z)
        if physics.rings:
            faults += physics.rings * rings_slice(self.seed, z, radius, fade=0.15 * half)
        if physics.streaks:
            faults += physics.streaks * streaks_slice(self.seed, z, plane)
        noise = {"neighbour": physics.neighbour}
        faults += physics.noise * backprojection_noise(self.seed, z, self._noise, plane, **noise)
        grey = np.clip(np.rint(clean + abs(physics.contrast) * faults), 0, 255).astype(np.uint8)
        if physics.circle:
            grey[radius > half] = round(physics.surroundings)
        return grey

    def _rng(self, *stream):
        return np.random.default_rng((self.seed, *stream))

    @cached_property
    def _pillar(self):
        share = self.physics.radius or 1.0
        return Pillar(tuple(self.shape[1:]), self.seed, share * min(self.shape[1:]))

    @cached_property
    def _noise(self):
        options = {"cutoff": self.physics.noise_cutoff, "slope": self.physics.noise_slope}
        return backprojection_spectrum(tuple(self.shape[1:]), **options)

    @cached_property
    def _shading(self):
        return Shading(self.seed, self.shape, length=self.physics.shading_length)

    @cached_property
    def _grains(self):
        length = self.physics.texture_length
        return Shading(self.seed, self.shape, length=length, stream=GRAINS)

    @cached_property
    def _regions(self):
        length = self.physics.phase_length
        return Shading(self.seed, self.shape, length=length, stream=REGIONS)
