"""Growth of several dendrites in one melt, and the states of it that scans show."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline
from scipy.spatial.transform import Rotation

from tomoseg_tf.phantom.phase_field import PhaseField

CRYSTALS, FLUCTUATIONS = 11, 12  # streams of random numbers of one seed
TERRITORY = 100  # side, in cells, of the space that one crystal has
MOST_STEPS = 20_000


@dataclass(frozen=True)
class State:
    """Phase and temperature at one time, on the cells of the model.

    Attributes
    ----------
    phase, temperature : (z, y, x) ndarray of float32
        See `tomoseg_tf.phantom.phase_field.PhaseField`.
    steps : int
        Steps in time since the start.
    """

    phase: np.ndarray
    temperature: np.ndarray
    steps: int


def grow(shape, *, seed, crystals, shares, progress=None, **model):
    """Let dendrites grow until given shares of the cells are solid.

    Parameters
    ----------
    shape : tuple of int
        Cells (z, y, x); one z makes it a model in two dimensions.
    seed : int
        Seed of places, orientations and noise.
    crystals : int or None
        How many; None for one on every 100 cells a side, rounded.
    shares : callable
        From the share that is solid at the start to the ascending shares to stop at.
    progress : callable, optional
        Called as ``progress(share)`` after each step.
    **model
        Options of `tomoseg_tf.phantom.phase_field.PhaseField`.

    Yields
    ------
    State
        As soon as each share is reached; it does not depend on the shares before.

    Raises
    ------
    ValueError
        If more is solid at the start than at the last, or the solid stops growing before.
    """
    rng = np.random.default_rng((seed, CRYSTALS))
    sides = np.array([side for side in shape if side > 1])
    count = crystals or max(1, round(np.prod(sides / TERRITORY)))
    field = PhaseField(
        shape,
        _centres(rng, shape, count),
        _rotations(rng, count, len(sides)),
        rng=np.random.default_rng((seed, FLUCTUATIONS)),
        **model,
    )
    start = field.solid
    ascending = shares(start)
    if start > ascending[-1]:
        raise ValueError(
            f"{100 * start:.2f} % of the cells are solid at the start, more than the "
            f"{100 * ascending[-1]:.2f} % at the end; ask for a larger fraction, fewer crystals or "
            "a smaller --grid"
        )
    for wanted in ascending:
        while (solid := field.solid) < wanted:
            if field.steps == MOST_STEPS:
                raise ValueError(
                    f"{100 * solid:.2f} % of the cells are solid after {MOST_STEPS} steps, not "
                    f"{100 * wanted:.2f} %; ask for a smaller fraction"
                )
            field.step()
            if progress:
                progress(solid)
        yield State(field.phase.copy(), field.temperature.copy(), field.steps)


def _centres(rng, shape, count):
    """Draw centres (z, y, x) in the inner six tenths, each the farthest of sixteen tries."""
    centres = np.empty((0, 3))
    for _ in range(count):
        tries = np.array(shape) * rng.uniform(0.2, 0.8, (16, 3))
        tries[:, np.array(shape) == 1] = 0.5
        distances = np.linalg.norm(tries[:, None] - centres, axis=2).min(axis=1, initial=np.inf)
        centres = np.concatenate([centres, tries[[np.argmax(distances)]]])
    return centres


def _rotations(rng, count, dimensions):
    """Draw orientations: (count, 3, 3), about z alone in two dimensions."""
    if dimensions == 3:
        return Rotation.random(count, rng).as_matrix()
    angles = rng.uniform(0, np.pi / 2, count)
    return Rotation.from_rotvec(angles[:, None] * [1, 0, 0]).as_matrix()


def spline_weights(voxels, cells, grid):
    """Weights of the cells of a side at the centres of its voxels.

    Those of cubic B-splines, which round the values of the cells off by a third of a cell squared
    instead of passing through them.

    Parameters
    ----------
    voxels, cells : int
        Numbers along the side.
    grid : float
        Voxels per cell.

    Returns
    -------
    (voxels, cells) ndarray of float32
        Weights; those of a voxel add up to 1.
    """
    places = (np.arange(voxels) + 0.5) / grid - 0.5
    first = np.floor(places).astype(int) - 1
    basis = BSpline.basis_element(np.arange(-2.0, 3.0), extrapolate=False)
    weights = np.zeros((voxels, cells), np.float32)
    for offset in range(4):
        node = first + offset
        values = np.nan_to_num(basis(places - node))
        np.add.at(weights, (np.arange(voxels), node.clip(0, cells - 1)), values)
    return weights
