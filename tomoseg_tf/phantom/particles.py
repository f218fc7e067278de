"""The particles of an aluminium alloy: stringers of inclusions, precipitates, composites."""

import numpy as np

from tomoseg_tf.phantom.bodies import Bodies, concatenate, draw_lobes

INCLUSION, PRECIPITATE = 1, 2  # classes
MARGIN = 24  # slices above and below from which particles may reach into the volume
ROLLING, STRINGERS, FINE, COMPOSITES = 7, 8, 9, 10  # streams of random numbers of one seed


def rolling_direction(seed):
    """Direction of rolling: anywhere in the slice plane, tilted by up to 12 degrees.

    Parameters
    ----------
    seed : int
        Seed.

    Returns
    -------
    (3,) ndarray of float64
        Unit vector (z, y, x).
    """
    rng = np.random.default_rng((seed, ROLLING))
    turn, tilt = rng.uniform(0, np.pi), np.deg2rad(rng.uniform(-12, 12))
    return np.array([np.sin(tilt), np.cos(tilt) * np.sin(turn), np.cos(tilt) * np.cos(turn)])


def draw_particles(seed, shape, *, axis, pillar_radius, shares, contrasts):
    """Draw all particles of a pillar.

    Parameters
    ----------
    seed : int
        Seed.
    shape : tuple of int
        Sides (Z, Y, X) of the volume in voxels.
    axis : (2,) array_like of float
        Axis of the pillar (y, x) in voxels.
    pillar_radius : float
        Radius of the pillar in voxels.
    shares : tuple of float
        Shares of the volume in inclusions and in precipitates.
    contrasts : tuple of float
        Mean contrast to the matrix of an inclusion and of a precipitate.

    Returns
    -------
    Bodies
        In the order of painting: inclusions, precipitates, then composites, rim before core.
    """
    depth = shape[0] + 2 * MARGIN
    wanted = np.array(shares) * depth * shape[1] * shape[2]
    place = {"axis": axis, "radius": pillar_radius, "depth": shape[0]}
    longest = min(30.0, 0.16 * pillar_radius)
    rng = np.random.default_rng((seed, STRINGERS))
    inclusions = _until(wanted[0], lambda: _stringer(rng, seed, longest, contrasts[0], **place))
    rng = np.random.default_rng((seed, FINE))
    fine = _until(wanted[1], lambda: _precipitates(rng, longest, contrasts[1], **place))
    rng = np.random.default_rng((seed, COMPOSITES))
    whole, pairs = _composites(rng, inclusions, 0.20, PRECIPITATE, contrasts[1])
    grains, others = _composites(rng, fine, 0.35, INCLUSION, contrasts[0])
    return concatenate([whole, grains, pairs, others])


def _until(volume, draw):
    """Draw groups of bodies until their volume is reached, and leave out what is too much."""
    groups, drawn = [], 0.0
    while drawn < volume:
        groups.append(draw())
        drawn += groups[-1].volumes.sum()
    bodies = concatenate(groups)
    return bodies.take(slice(0, 1 + np.searchsorted(np.cumsum(bodies.volumes), volume)))


def _places(rng, count, *, axis, radius, depth):
    """Centres (z, y, x) spread evenly over the pillar and the margins: (count, 3)."""
    distance, angle = radius * np.sqrt(rng.uniform(0, 1, count)), rng.uniform(0, 2 * np.pi, count)
    return np.stack(
        [
            rng.uniform(-MARGIN, depth + MARGIN, count),
            axis[0] + distance * np.sin(angle),
            axis[1] + distance * np.cos(angle),
        ],
        axis=1,
    )


def _stringer(rng, seed, longest, contrast, **place):
    """Broken inclusions in a row along the rolling direction, the longest axis along it."""
    direction = rolling_direction(seed)
    count = int(rng.integers(3, 8))
    lengths = longest * rng.uniform(0.3, 1.0, count)
    width = lengths / rng.uniform(1.9, 3.8, count)
    axes = np.stack([lengths, width, width * rng.uniform(0.7, 1.1, count)], axis=1).clip(1.5)
    along = np.cumsum(lengths) * rng.uniform(1.7, 2.3) - lengths
    centres = _places(rng, 1, **place) + np.outer(along - along.mean(), direction)
    centres += 0.35 * width[:, None] * rng.standard_normal((count, 3))
    frames = rng.standard_normal((count, 3, 3))
    frames[:, :, 0] = direction + 0.13 * rng.standard_normal((count, 3))
    return Bodies(
        centres=centres,
        axes=axes,
        rotations=np.linalg.qr(frames)[0],
        lobes=draw_lobes(rng, count, 0.55),
        classes=np.full(count, INCLUSION, np.uint8),
        levels=contrast * rng.normal(1.0, 0.12, count).clip(0.7, 1.4),
        fading=np.zeros(count),
    )


def _precipitates(rng, longest, contrast, *, count=64, **place):
    """Fine precipitates of several sizes: two thirds rounded, one third plates."""
    largest = min(13.0, 0.5 * longest)
    radii = rng.lognormal(np.log(4.2), 0.5, count).clip(1.6, largest)
    plates = rng.uniform(0, 1, count) < 0.35
    axes = radii[:, None] * rng.uniform(0.75, 1.2, (count, 3))
    axes[plates] *= [1.5, 1.2, 0.4]
    thin = axes.min(axis=1) < 4
    return Bodies(
        centres=_places(rng, count, **place),
        axes=axes.clip(1.1),
        rotations=np.linalg.qr(rng.standard_normal((count, 3, 3)))[0],
        lobes=draw_lobes(rng, count, 0.12),
        classes=np.full(count, PRECIPITATE, np.uint8),
        levels=contrast * rng.normal(1.0, 0.10, count).clip(0.75, 1.3),
        fading=np.where(thin, rng.uniform(0.35, 0.7, count), rng.uniform(0.0, 0.3, count)),
    )


def _composites(rng, bodies, share, rim_class, rim_contrast):
    """Give some of the thicker bodies a rim of the other kind.

    The body keeps its outline: its outer layer becomes the rim and the rest the core.

    Returns
    -------
    whole, pairs : Bodies
        Those left as they are, and the composites: rim, core, rim, core, ...
    """
    thick = bodies.axes.min(axis=1) > 4.5
    chosen = np.flatnonzero(thick & (rng.uniform(0, 1, len(bodies)) < share))
    others = np.setdiff1d(np.arange(len(bodies)), chosen)
    pairs = bodies.take(np.repeat(chosen, 2))
    layers = rng.uniform(1.8, 3.0, len(chosen))
    pairs.axes[1::2] -= layers[:, None]
    pairs.classes[::2] = rim_class
    pairs.levels[::2] = rim_contrast * rng.normal(1.0, 0.1, len(chosen)).clip(0.75, 1.3)
    return bodies.take(others), pairs
