"""Series of scans of particles that grow, appear, vanish, merge and split at known steps."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from tomoseg_tf.phantom.scan import Scan

KINDS = ("growing", "appearing", "vanishing", "merging", "splitting")
SHARES = (0.6, 0.1, 0.1, 0.1, 0.1)
SMALLEST, PAIR_RATE, OVERLAP = 2.5, 1.5, 1.0  # voxels, voxels per step, voxels
MATRIX, CONTRAST, BLUR, NOISE = 170.0, 60.0, 0.8, 6.0  # grey levels; blur in voxels


@dataclass(frozen=True)
class ParticleSeries:
    """Balls on a lattice, whose radii change by the same amount from each step to the next.

    Most grow through all steps; some appear or vanish between two steps. Pairs grow until they
    touch and are one, others shrink until they part. From step to step the sample may move as
    a whole.

    Parameters
    ----------
    shape : tuple of int
        Sides (Z, Y, X) in voxels; along x there is room for at least five particles.
    seed : int
        Seed of everything random.
    steps : int
        Number of scans, 2 to 10.
    shift : tuple of float
        Motion (z, y, x) of the sample from step to step, in voxels.
    rotation : float
        Rotation about z from step to step, in degrees, around the middle of the volume.
    spacing : tuple of float
        Voxel size (z, y, x) in µm; equal sides, as balls stay balls.
    """

    shape: tuple = (96, 128, 256)
    seed: int = 0
    steps: int = 5
    shift: tuple = (0.0, 0.0, 0.0)
    rotation: float = 0.0
    spacing: tuple = field(default=(0.05, 0.05, 0.05))

    def __post_init__(self):
        if not 2 <= self.steps <= 10:
            raise ValueError(f"{self.steps} steps: a growth series has 2 to 10")
        if len(set(self.spacing)) > 1:
            raise ValueError(f"spacing {self.spacing}: the particles need equal sides")
        if len(self._cells) < len(KINDS):
            raise ValueError(
                f"shape {self.shape} has room for {len(self._cells)} particles of a series of "
                f"{self.steps} steps that moves so far; at least {len(KINDS)} are needed"
            )

    @cached_property
    def _cells(self):
        """(N, 3) middles of the cells of the lattice, far enough from the faces."""
        widest = SMALLEST + PAIR_RATE * (self.steps - 1)
        sides = np.array([2 * widest + 4, 2 * widest + 4, 4 * widest + 4])
        turned = np.radians(self.rotation) * (self.steps - 1) * np.array([0, *self.shape[:0:-1]])
        margin = np.ceil(np.abs(self.shift) * (self.steps - 1) + np.abs(turned) / 2) + 2
        numbers = np.floor((np.array(self.shape) - 2 * margin) / sides).astype(int).clip(0)
        grid = np.stack(np.meshgrid(*map(np.arange, numbers), indexing="ij"), axis=-1)
        room = np.array(self.shape) - numbers * sides
        return (grid.reshape(-1, 3) + 0.5) * sides + room / 2

    @cached_property
    def particles(self):
        """Balls as a dict of columns, of equal length N.

        ``kind`` is an index in `KINDS`; the two balls of a pair have one ``pair``, from 0 on, all
        others -1; ``centre`` (N, 3) in voxels at step 0, ``radius`` at step 0 and ``rate`` per step
        in voxels; ``first`` and ``stop`` are the steps in between which it exists, ``change`` the
        step from which on a pair is one, or two.
        """
        rng = np.random.default_rng((self.seed, 0))
        number, last = len(self._cells), self.steps - 1
        least = np.arange(len(KINDS))
        more = rng.choice(len(KINDS), size=number - len(KINDS), p=SHARES)
        kinds = rng.permutation(np.concatenate([least, more]))
        rows = []
        for cell, kind in zip(self._cells, kinds, strict=True):
            step = int(rng.integers(1, self.steps))
            centre = cell + rng.uniform(-1, 1, 3)
            if KINDS[kind] in ("merging", "splitting"):
                sign = 1 if KINDS[kind] == "merging" else -1
                # seen backwards in time, a pair that splits is one that merges
                at = step if sign > 0 else last - step + 1
                half = SMALLEST + PAIR_RATE * at - OVERLAP / 2
                start = SMALLEST if sign > 0 else SMALLEST + PAIR_RATE * last
                for side in (-half, half):
                    place = centre + [0, 0, side]
                    rows.append((kind, *place, start, sign * PAIR_RATE, 0, self.steps, step))
                continue
            radius, rate = rng.uniform(3, 4.5), rng.uniform(0.3, 0.9)
            first = step if KINDS[kind] == "appearing" else 0
            stop = step if KINDS[kind] == "vanishing" else self.steps
            rows.append((kind, *centre, radius, rate, first, stop, step))
        table = np.array(rows)
        pair = np.where(table[:, 0] >= 3, np.cumsum(table[:, 0] >= 3) - 1, -2) // 2
        return {
            "kind": table[:, 0].astype(int),
            "pair": pair,
            "centre": table[:, 1:4],
            "radius": table[:, 4],
            "rate": table[:, 5],
            "first": table[:, 6].astype(int),
            "stop": table[:, 7].astype(int),
            "change": table[:, 8].astype(int),
        }

    def events(self):
        """Count what happens.

        Returns
        -------
        list of dict
            For each step: ``objects``, and how many ``appeared``, ``vanished``, ``merged`` and
            ``split`` (parts, two of each pair) since the step before.
        """
        found, balls = [], self.particles
        kind, change = balls["kind"], balls["change"]
        for step in range(self.steps):
            now = change == step
            counts = {
                "appeared": int((now & (kind == 1)).sum()),
                "vanished": int((now & (kind == 2)).sum()),
                "merged": int((now & (kind == 3)).sum()) // 2,
                "split": int((now & (kind == 4)).sum()),
            }
            there = (balls["first"] <= step) & (step < balls["stop"])
            one = ((kind == 3) & (step >= change)) | ((kind == 4) & (step < change))
            found.append({"objects": int(there.sum() - one.sum() // 2), **counts})
        return found

    def scan(self, step):
        """One of the scans.

        Parameters
        ----------
        step : int
            From 0 on.

        Returns
        -------
        ParticleScan
            Made slab by slab.
        """
        balls = self.particles
        there = (balls["first"] <= step) & (step < balls["stop"])
        middle = np.array(self.shape) / 2
        # (z, y, x): a turn from y to x
        turn = Rotation.from_rotvec([np.radians(self.rotation) * step, 0, 0]).as_matrix()
        moved = (balls["centre"] - middle) @ turn.T + middle + np.multiply(self.shift, step)
        radii = balls["radius"] + balls["rate"] * step
        return ParticleScan(
            self.shape, self.seed, step, moved[there], radii[there], self.spacing, self.events()
        )


@dataclass(frozen=True)
class ParticleScan(Scan):
    """One scan of a `ParticleSeries`: darker balls, blurred, with noise.

    Parameters
    ----------
    shape : tuple of int
        Sides (Z, Y, X) in voxels.
    seed, step : int
        Seed and number of the scan, of its noise.
    centres : (N, 3) ndarray of float64
        Centres in voxels; voxel i covers [i, i + 1).
    radii : (N,) ndarray of float64
        Radii in voxels.
    spacing : tuple of float
        Voxel size (z, y, x) in µm.
    events : list of dict
        `ParticleSeries.events`.
    """

    shape: tuple
    seed: int
    step: int
    centres: np.ndarray
    radii: np.ndarray
    spacing: tuple
    events: list

    title = "a growth series"
    smallest = (8, 8, 8)

    def slab(self, start, stop):
        """Grey levels and classes of some slices: see `Scan.slabs`."""
        halo = int(np.ceil(4 * BLUR))
        shares = self._shares(start - halo, stop + halo)
        grey = MATRIX - CONTRAST * ndimage.gaussian_filter(shares, BLUR, truncate=4.0)
        wanted = slice(halo, halo + stop - start)
        grey = grey[wanted]
        for index, z in enumerate(range(start, stop)):
            rng = np.random.default_rng((self.seed, 1, self.step, z))
            grey[index] += NOISE * rng.standard_normal(self.shape[1:], np.float32)
        grey = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
        return grey, (shares[wanted] > 0.5).astype(np.uint8)

    def summary(self, counts):
        """Tell what is in the scan: also its objects, and the share of their voxels."""
        found = super().summary(counts)
        own = self.events[self.step]
        return found | own | {"fraction": float(counts[1] / counts.sum())}

    def _shares(self, start, stop):
        """Shares of the voxels of some slices that are in a ball, by the depth of their centres."""
        shares = np.zeros((stop - start, *self.shape[1:]), np.float32)
        sides = np.array(shares.shape)
        for centre, radius in zip(self.centres - [start, 0, 0] - 0.5, self.radii, strict=True):
            low = np.floor(centre - radius - 1).astype(int).clip(0, sides)
            high = np.ceil(centre + radius + 2).astype(int).clip(0, sides)
            if (low >= high).any():
                continue
            axes = (
                np.arange(*ends) - at
                for ends, at in zip(zip(low, high, strict=True), centre, strict=True)
            )
            z, y, x = np.ix_(*axes)
            depth = radius - np.sqrt(z**2 + y**2 + x**2)
            view = shares[tuple(map(slice, low, high))]
            np.maximum(view, np.clip(depth + 0.5, 0, 1), out=view)
        return shares
