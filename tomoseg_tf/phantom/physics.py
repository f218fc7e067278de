"""How a simulated scan is taken: grey levels, point spread, noise and artefacts."""

import math
from dataclasses import dataclass, replace

import numpy as np

DARKEST, BRIGHTEST = 6, 249  # grey levels that objects and surroundings keep within


@dataclass(frozen=True)
class Physics:
    """The imaging of one scan; the defaults are those of a scan that is not randomised.

    Parameters
    ----------
    matrix : float
        Mean grey level of the material.
    contrast : float
        Grey level of the objects less that of the matrix; negative for dark objects.
    surroundings : float
        Mean grey level around the sample.
    radius : float or None
        Mean radius of the sample, a pillar, as a share of the shorter side of a slice; None if the
        sample fills the slice.
    circle : bool
        Whether what is outside the reconstruction circle is filled with one grey level.
    blur : float
        Standard deviation of the point spread, in voxels.
    fringes : float
        Strength of the near-field fringes: how much of the difference to the scan blurred by
        `fringe_width` is added.
    fringe_width : float
        Standard deviation of the fringes, in voxels.
    kept : float
        Share of the differences in grey that is left beneath the fringes: 1 in absorption, near 0
        in phase contrast without phase retrieval, where objects are as grey as the matrix inside
        and show by their edges.
    noise, rings, streaks, shading : float
        Standard deviations, as shares of the contrast: of the noise, of rings on the axis of
        rotation, of streaks, and of the slow change of grey.
    noise_slope : float
        Exponent of the amplitude of the noise over the frequency: 0.5 after filtered
        back-projection, 0 for white noise, below 0 for noise in lumps.
    noise_cutoff : float
        Frequency in cycles per voxel from which on there is no noise.
    neighbour : float
        Share of the noise of the next slice that each slice has, too.
    shading_length : float
        Distance in voxels over which the shading changes.
    cupping : float
        How much brighter the rim of the field of view is than its middle, as a share of the
        contrast.
    texture : float
        Grey levels of grains of the matrix, as a share of the contrast, to either side.
    texture_length : float
        Size of the grains in voxels.
    texture_sharpness : float
        How sharp the boundaries of the grains are: 0.5 for waves, 4 for steps.
    phase : float
        Grey level of a second phase of the matrix less that of the first, as a share of the
        contrast; on the other side than the objects, which keep their contrast in either phase.
    phase_length : float
        Size of the regions of the second phase in voxels.
    phase_level : float
        How rare the second phase is: 0 for half of the sample, 1 for 16 %.
    """

    matrix: float = 174.0
    contrast: float = -51.0
    surroundings: float = 38.0
    radius: float | None = 0.416
    circle: bool = True
    blur: float = 0.9
    fringes: float = 0.0
    fringe_width: float = 1.5
    kept: float = 1.0
    noise: float = 0.16
    rings: float = 0.16
    streaks: float = 0.0
    shading: float = 0.43
    noise_slope: float = 0.5
    noise_cutoff: float = 0.42
    neighbour: float = 0.1
    shading_length: float = 24.0
    cupping: float = 0.16
    texture: float = 0.0
    texture_length: float = 24.0
    texture_sharpness: float = 1.0
    phase: float = 0.0
    phase_length: float = 32.0
    phase_level: float = 0.0


EDGES = Physics(fringes=4.0, fringe_width=1.8, kept=0.15)  # edge-enhanced, not randomised


def draw_physics(rng, kind, *, edge_enhanced=False):
    """Draw the imaging of a scan.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    kind : {"precipitates", "pores"}
        Precipitates are dark or bright; pores are dark, and nearly as dark as the surroundings.
    edge_enhanced : bool
        Whether objects show by fringes at their edges and little inside, as in phase contrast
        without phase retrieval.

    Returns
    -------
    Physics
        Drawn over ranges that are wider than what a beamline delivers: a network that has seen all
        of them takes the next scan for one more of the kind [1]_.

    References
    ----------
    .. [1] J. Tobin et al., "Domain randomization for transferring deep neural networks from
       simulation to the real world", IROS 2017. arXiv:1703.06907
    """
    pores = kind == "pores"
    size = float(np.exp(rng.uniform(np.log(16), np.log(110))))
    dark = pores or rng.random() < 0.5
    reserve = 1.3 * size
    room = (BRIGHTEST - DARKEST - reserve) / size
    phase = _sometimes(rng, 0.4, 0.3, min(2.0, room))
    beyond = max(0.4, phase) * size
    low, high = DARKEST + reserve, BRIGHTEST - beyond
    if not dark:
        low, high = DARKEST + beyond, BRIGHTEST - reserve
    matrix = rng.uniform(low, high)
    darker = size * rng.uniform(1.0, 1.5) if pores else rng.uniform(0.3, 1.0) * matrix
    drawn = Physics(
        matrix=matrix,
        contrast=-size if dark else size,
        surroundings=max(DARKEST, matrix - darker),
        radius=rng.uniform(0.28, 0.47) if rng.random() < 0.4 else None,
        circle=rng.random() < 0.3,
        blur=rng.uniform(0.5, 2.0),
        fringes=_sometimes(rng, 0.5, 0.1, 1.2),
        fringe_width=rng.uniform(0.8, 2.5),
        noise=1 / rng.uniform(3.5, 20),
        rings=_sometimes(rng, 0.6, 0.05, 0.35),
        streaks=_sometimes(rng, 0.4, 0.05, 0.25),
        shading=_sometimes(rng, 0.7, 0.05, 0.6),
        noise_slope=rng.uniform(-0.7, 0.7),
        noise_cutoff=rng.uniform(0.2, 0.75),
        neighbour=rng.uniform(0, 1),
        shading_length=rng.uniform(16, 64),
        cupping=_sometimes(rng, 0.6, -0.3, 1.2),
        texture=_sometimes(rng, 0.6, 0.1, 0.7),
        texture_length=rng.uniform(20, 64),
        texture_sharpness=rng.uniform(0.5, 4),
        phase=phase,
        phase_length=rng.uniform(24, 80),
        phase_level=rng.uniform(-1, 1),
    )
    return _with_edges(rng, drawn) if edge_enhanced else drawn


def _with_edges(rng, drawn):
    """Draw fringes that are narrower than most objects, and leave room for their grey levels."""
    size = float(np.exp(rng.uniform(np.log(12), np.log(36))))
    matrix, blur = rng.uniform(100, 155), rng.uniform(0.5, 1.2)
    return replace(
        drawn,
        matrix=matrix,
        contrast=math.copysign(size, drawn.contrast),
        surroundings=matrix - rng.uniform(0.5, 2.0) * size,
        blur=blur,
        fringes=rng.uniform(2.5, 6.0),
        fringe_width=rng.uniform(1.0, 1.8) * blur,
        kept=rng.uniform(0, 0.4),
    )


def _sometimes(rng, probability, low, high):
    """Draw a number between two with some probability, 0 else."""
    drawn = rng.uniform(low, high)
    return drawn if rng.random() < probability else 0.0
