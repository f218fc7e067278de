"""Simulated tomography of solidifying Al-Zn dendrites after James et al. (2022), Figs. 1 and 4."""

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import ndimage

from tomoseg_tf.phantom.artefacts import (
    Shading,
    backprojection_noise,
    rings_slice,
    streaks_slice,
)
from tomoseg_tf.phantom.growth import grow, spline_weights
from tomoseg_tf.phantom.scan import Scan

REACH = 3.0  # standard deviations after which the point spread is cut
SHARPENING = 2.5  # the model's interface is wider than that of the metal
FRAME = 13  # stream of random numbers of one seed


@dataclass(frozen=True)
class Dendrites(Scan):
    """A scan of dendrites that grow in a bright melt, and its exact truth.

    The solid is dark and the liquid bright, brightest in front of the solid, which rejects the
    heavy zinc. Truth is 1 where the phase of `tomoseg_tf.phantom.phase_field.PhaseField`, whose
    cells are ``grid`` voxels wide, is above 0.5 at the centre of the voxel. Edges are diffuse,
    and noise, rings, streaks and shading lie over all. The field of view lies in the melt.

    The study gives no grey levels and no voxel size; about 4 % of its slices is dendrite. Here
    that is the share of all voxels at the end, and the voxels are those with which its sample,
    about 1 mm across, fills its 852 voxels.

    Parameters
    ----------
    shape : tuple of int
        Sides (Z, Y, X) in voxels, at least (1, 64, 64); with one slice, growth in a plane.
    seed : int
        Seed of everything random.
    fraction : float
        Share of the voxels that is dendrite, at most half of what the latent heat lets freeze.
    frame : int
        Number of the scan in a series: another one has other noise, but the same rings.
    crystals : int, optional
        Number of dendrites, at most 255; by default one on every 100 cells a side, rounded.
    grid : float
        Voxels per cell of the model: the finer, the finer the arms, and the longer it takes.
    latent_heat, anisotropy, fluctuations : float
        Of the model; see there.
    liquid, solid : float
        Mean grey levels far from and inside the dendrites.
    enrichment : float
        How much brighter the liquid is right at the solid, in grey levels.
    blur : float
        Standard deviation of the point spread, in voxels.
    noise, rings, streaks, shading : float
        Standard deviations of the noise, of the rings near the axis, of the streaks and of the
        slow change of grey, in grey levels.
    spacing : tuple of float
        Voxel size (z, y, x) in µm.

    References
    ----------
    .. [1] J. James et al., arXiv:2205.02334, 2022.
    .. [2] R. Kobayashi, Physica D 63, 410-423, 1993. doi:10.1016/0167-2789(93)90120-P
    """

    shape: tuple
    seed: int = 0
    fraction: float = 0.04
    frame: int = 0
    crystals: int | None = None
    grid: float = 2.0
    latent_heat: float = 5.0
    anisotropy: float = 0.05
    fluctuations: float = 0.3
    liquid: float = 150.0
    solid: float = 100.0
    enrichment: float = 14.0
    blur: float = 1.2
    noise: float = 14.0
    rings: float = 10.0
    streaks: float = 6.0
    shading: float = 8.0
    spacing: tuple = field(default=(1.2, 1.2, 1.2))

    title = "a dendrite phantom"

    def __post_init__(self):
        super().__post_init__()
        most = 0.5 / self.latent_heat
        if not 0 < self.fraction <= most:
            raise ValueError(
                f"the fraction must lie above 0 and be at most {most:.4g}, half of what a latent "
                f"heat of {self.latent_heat:g} lets freeze, got {self.fraction:g}"
            )
        if not 1 <= self.grid <= min(self.shape[1:]) / 16:
            raise ValueError(
                f"the grid must be 1 to a 16th of the shortest side of a slice, got {self.grid:g}"
            )
        if self.crystals is not None and not 1 <= self.crystals <= 255:
            raise ValueError(f"crystals must be 1 to 255, got {self.crystals}")

    def series(self, steps, *, progress=None):
        """Take several scans while the dendrites grow.

        Parameters
        ----------
        steps : int
            Number of scans. The solid grows by equal volumes between them, and up to the
            ``fraction`` at the last. Each truth holds the one before, but for thin necks that
            melt again, as in metals: less than a thousandth of it.
        progress : callable, optional
            Called as ``progress(share)`` with the share of the cells that is solid.

        Yields
        ------
        Dendrites
            The scans, with the ``frame`` 0, 1, ... and the ``fraction`` of each. The same scan
            made by itself is equal.
        """
        for frame, state in enumerate(self._grow(steps, progress)):
            share = float(np.mean(state.phase > 0.5))
            scan = dataclasses.replace(self, fraction=share, frame=frame)
            vars(scan)["state"] = state
            yield scan

    @cached_property
    def state(self):
        """Phase and temperature on the cells: `tomoseg_tf.phantom.growth.State`."""
        return next(self._grow(1, None))

    def _grow(self, steps, progress):
        def shares(start):
            return start + (self.fraction - start) * np.arange(1, steps + 1) / steps

        return grow(
            self._cells,
            seed=self.seed,
            crystals=self.crystals,
            shares=shares,
            progress=progress,
            latent_heat=self.latent_heat,
            anisotropy=self.anisotropy,
            noise=self.fluctuations,
        )

    @property
    def _cells(self):
        """Sides of the model in cells."""
        return tuple(1 if side == 1 else int(np.ceil(side / self.grid)) for side in self.shape)

    @cached_property
    def _weights(self):
        sides = zip(self.shape, self._cells, strict=True)
        return [spline_weights(voxels, cells, self.grid) for voxels, cells in sides]

    @cached_property
    def _frame_seed(self):
        words = np.random.SeedSequence((self.seed, FRAME, self.frame)).generate_state(1)
        return int(words[0])

    @cached_property
    def _shading(self):
        return Shading(self.seed, self.shape, length=48.0)

    @cached_property
    def _radius(self):
        """Distance from the rotation axis in the middle: (Y, X) float32, in voxels."""
        y, x = (np.arange(side) + 0.5 - side / 2 for side in self.shape[1:])
        return np.hypot(y[:, None], x).astype(np.float32)

    def _sampled(self, cells, z):
        """Values of a field of the model in slice z: (Y, X) float32; outside, the next slice."""
        in_z, in_y, in_x = self._weights
        weights = in_z[np.clip(z, 0, self.shape[0] - 1)]
        near = np.flatnonzero(weights)
        return in_y @ np.tensordot(weights[near], cells[near], axes=1) @ in_x.T

    def slab(self, start, stop):
        """Make slices start to stop - 1: grey levels and truth, (stop - start, Y, X) uint8."""
        halo = int(np.ceil(REACH * self.blur))
        wanted = slice(halo, halo + stop - start)
        levels = range(start - halo, stop + halo)
        phase = np.stack([self._sampled(self.state.phase, z) for z in levels])
        solid = np.clip(0.5 + SHARPENING * (phase - 0.5), 0, 1)
        for z, share in zip(levels, solid, strict=True):
            enriched = self.enrichment * self._sampled(self.state.temperature, z).clip(0, 1)
            share[...] = (self.liquid + enriched) * (1 - share) + self.solid * share
        clean = ndimage.gaussian_filter(solid, self.blur, truncate=REACH)[wanted]
        grey = np.stack([self._degraded_slice(z, clean[z - start]) for z in range(start, stop)])
        return grey, (phase[wanted] > 0.5).astype(np.uint8)

    def _degraded_slice(self, z, clean):
        """Add shading, rings, streaks and noise; quantise."""
        plane, fade = self.shape[1:], 0.15 * min(self.shape[1:])
        grey = clean + self.shading * self._shading.slice(z)
        grey += self.rings * rings_slice(self.seed, z, self._radius, fade=fade)
        grey += self.streaks * streaks_slice(self._frame_seed, z, plane)
        grey += self.noise * backprojection_noise(self._frame_seed, z, self._spectrum, plane)
        return np.clip(np.rint(grey), 0, 255).astype(np.uint8)

    def summary(self, counts):
        """Tell also the ``frame`` and the ``fraction`` of the voxels in dendrites."""
        fraction = int(counts[1]) / int(counts.sum())
        return super().summary(counts) | {"frame": self.frame, "fraction": fraction}
