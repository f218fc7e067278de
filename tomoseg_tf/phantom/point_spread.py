"""Blur and noise of a scan, measured from the scan itself."""

import numpy as np
from scipy import ndimage, special

from tomoseg_tf.volume import fill_holes, good_voxels

REACH, STEP = 5.0, 0.5  # of the profiles across edges, in voxels
SIGMAS = np.arange(0.3, 4.01, 0.05)  # voxels
SHIFTS = np.arange(-1.0, 1.01, 0.25)  # voxels
EDGES, ENOUGH = 4000, 30  # profiles taken, and needed
LIKENESS = 0.97  # least squared correlation of a profile with a blurred step
SHARPEST = 0.4  # quantile of the widths: edges of a sample are slanted, never too sharp
LARGEST_SIDE = 192  # of the part that is measured, in voxels


def middle_of(volume):
    """Read the middle of a volume.

    Parameters
    ----------
    volume : Volume
        Grey levels.

    Returns
    -------
    (z, y, x) ndarray of float32
        At most 192 voxels a side; NaN and what is outside the reconstruction circle have the
        nearest other value of their slice.
    """
    starts = [max(0, (side - LARGEST_SIDE) // 2) for side in volume.shape]
    ends = zip(starts, volume.shape, strict=True)
    box = tuple((start, min(start + LARGEST_SIDE, side)) for start, side in ends)
    grey = volume.read_box(box).astype(np.float32)
    return fill_holes(grey, good_voxels(volume, grey, *box[1:]))


def measure_point_spread(grey, *, seed=0):
    r"""Width of the point spread, from the sharpest edges in a volume.

    Grey levels along the normal of an edge are compared with a step that a Gaussian blurs,
    :math:`a + b\,\Phi((t - t_0) / \sigma)`, as the edge method does [1]_.

    Parameters
    ----------
    grey : (Z, Y, X) ndarray of float32
        Grey levels; a part of a scan will do.
    seed : int
        Seed of the choice among the edges.

    Returns
    -------
    float or None
        Standard deviation in voxels, that of the voxel itself included; None where fewer than 30
        edges look like a blurred step.

    References
    ----------
    .. [1] E. Samei, M. J. Flynn, D. A. Reimann, "A method for measuring the presampled MTF of
       digital radiographic systems using an edge test device", Med. Phys. 25(1), 102-113, 1998.
    """
    reach = int(np.ceil(REACH)) + 1
    if min(grey.shape) < 2 * reach + 1:
        return None
    orders = np.eye(3, dtype=int)
    gradient = np.stack([ndimage.gaussian_filter(grey, 1, order=order) for order in orders])
    steepness = np.sqrt(np.square(gradient).sum(axis=0))
    inner = tuple(slice(reach, -reach) for _ in range(3))
    limit = max(np.quantile(steepness[inner], 0.97), 4 * np.median(steepness[inner]))
    places = np.argwhere(steepness[inner] > limit) + reach
    if len(places) < ENOUGH:
        return None
    chosen = np.random.default_rng(seed).permutation(len(places))[:EDGES]
    places = places[chosen].T
    normals = gradient[:, *places] / steepness[tuple(places)]
    offsets = np.arange(-REACH, REACH + STEP, STEP)
    lines = places[:, :, None] + normals[:, :, None] * offsets
    profiles = ndimage.map_coordinates(grey, lines, order=3, mode="nearest")
    sigmas, likeness = _fit_steps(profiles, offsets)
    kept = sigmas[likeness > LIKENESS]
    return float(np.quantile(kept, SHARPEST)) if len(kept) >= ENOUGH else None


def _fit_steps(profiles, offsets):
    """Widths of the blurred steps that profiles are most like, and the squared correlations."""
    sigmas, shifts = (grid.ravel() for grid in np.meshgrid(SIGMAS, SHIFTS))
    steps = special.ndtr((offsets - shifts[:, None]) / sigmas[:, None])
    steps -= steps.mean(axis=1, keepdims=True)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1).clip(1e-6)
    likeness = np.square((centred @ steps.T).clip(0) / norms[:, None])
    best = likeness.argmax(axis=1)
    return sigmas[best], likeness[np.arange(len(best)), best]


def measure_noise(grey, blur):
    """Measure the standard deviation of the noise, by what a Gaussian takes away.

    Parameters
    ----------
    grey : (Z, Y, X) ndarray of float32
        Grey levels.
    blur : float
        Width of the point spread in voxels.

    Returns
    -------
    float
        In grey levels; edges, which are few, hardly count, since the median deviation is taken.
    """
    rest = grey - ndimage.gaussian_filter(grey, max(2.0, 2 * blur))
    return float(1.4826 * np.median(np.abs(rest - np.median(rest))))
