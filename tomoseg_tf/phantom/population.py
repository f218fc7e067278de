"""Which objects a simulated scan holds: shapes, sizes and density of precipitates and pores."""

from dataclasses import dataclass

import numpy as np

from tomoseg_tf.phantom.bodies import Bodies, draw_lobes
from tomoseg_tf.phantom.objects import draw_radii, keep_apart

KINDS = ("precipitates", "pores")
SMALLEST, LARGEST = 1.25, 12.0  # equivalent radii in voxels
BALL = 4 / 3 * np.pi


@dataclass(frozen=True)
class Population:
    """The objects of one scan; the defaults are those of a scan that is not randomised.

    Parameters
    ----------
    fraction : float
        Share of the voxels of the sample that are object, before those that come too close to
        others are left out.
    radius : float
        Mean equivalent radius in voxels.
    spread : float
        Standard deviation of the radii, as a share of their mean.
    elongation : float
        Standard deviation of the logarithms of the semi-axes: 0 for balls, 0.5 for plates and
        needles.
    lobes : float
        Largest height of bulges and hollows, as a share of the radius.
    variation : float
        How much the contrast of single objects differs from the mean, as a share of it.
    others : float
        Share of the bodies that are no objects: their contrast is the opposite one, and not
        stronger.
    """

    fraction: float = 0.01
    radius: float = 3.3
    spread: float = 0.33
    elongation: float = 0.1
    lobes: float = 0.1
    variation: float = 0.0
    others: float = 0.0

    def __post_init__(self):
        if not 0 < self.fraction <= 0.1:
            raise ValueError(f"the fraction must be above 0 and at most 0.1, got {self.fraction}")
        if not SMALLEST < self.radius < LARGEST:
            raise ValueError(
                f"the mean radius must lie between {SMALLEST} and {LARGEST} voxels, got "
                f"{self.radius}"
            )

    def draw(self, rng, lows, highs):
        """Draw the objects of a box.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.
        lows, highs : sequence of three float
            Where the centres (z, y, x) lie, in voxels.

        Returns
        -------
        Bodies
            None nearer to another than about a voxel; ``levels`` are factors of the contrast.
        """
        wanted = self.fraction * float(np.prod(np.subtract(highs, lows)))
        mean = BALL * self.radius**3 * (1 + self.spread**2) ** 3
        radii = draw_radii(
            rng,
            max(1, int(1.5 * wanted / mean)),
            mean=self.radius,
            std=self.spread * self.radius,
            smallest=SMALLEST,
            largest=LARGEST,
        )
        centres = rng.uniform(lows, highs, (len(radii), 3))
        enough = np.searchsorted(np.cumsum(BALL * radii**3), wanted) + 1
        apart = np.flatnonzero(keep_apart(centres[:enough], radii[:enough], gap=1.0))
        return self._shape(rng, centres[apart], radii[apart])

    def _shape(self, rng, centres, radii):
        """Give the objects their axes, directions, lobes and contrasts."""
        count = len(radii)
        axes = np.exp(self.elongation * rng.standard_normal((count, 3)).clip(-2, 2))
        axes /= np.prod(axes, axis=1, keepdims=True) ** (1 / 3)
        rotations = np.linalg.qr(rng.standard_normal((count, 3, 3)))[0]
        levels = 1 + self.variation * rng.uniform(-1, 1, count)
        lobes = draw_lobes(rng, count, self.lobes)
        others = rng.random(count) < self.others
        levels[others] = -rng.uniform(0.3, 1.0, np.count_nonzero(others))
        return Bodies(
            centres,
            radii[:, None] * axes,
            rotations,
            lobes,
            (~others).astype(np.uint8),
            levels,
            np.zeros(count),
        )


def draw_population(rng, kind, *, large=False):
    """Draw what objects a scan holds.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    kind : {"precipitates", "pores"}
        Precipitates may be plates and needles; pores are rounder or more ragged, and alike in
        contrast.
    large : bool
        Whether mean radii are half as large again, and shares twice as large.

    Returns
    -------
    Population
        Shares from 0.2 to 4 %, mean radii from 2 to 6 voxels; or 0.4 to 8 % and 3 to 9 voxels.
    """
    pores = kind == "pores"
    apart = rng.spawn(1)[0]
    return Population(
        fraction=float(np.exp(rng.uniform(np.log(0.002), np.log(0.04)))) * (2 if large else 1),
        radius=rng.uniform(2, 6) * (1.5 if large else 1),
        spread=rng.uniform(0.2, 0.6),
        elongation=rng.uniform(0, 0.25 if pores else 0.5),
        lobes=rng.uniform(0, 0.6 if pores else 0.3),
        variation=rng.uniform(0, 0.1 if pores else 0.3),
        others=apart.uniform(0.1, 0.5) if apart.random() < 0.5 else 0.0,
    )


def check_kind(kind):
    """Refuse a kind of objects that is none.

    Parameters
    ----------
    kind : str
        What was asked for.

    Raises
    ------
    ValueError
        If it is not one of `KINDS`.
    """
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is not known; use {' or '.join(KINDS)}")
