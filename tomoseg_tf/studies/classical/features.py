"""Local features of grey levels at several scales, slice by slice."""

import numpy as np
from scipy import ndimage

SIGMAS = (0.7, 1.4, 2.8, 5.6, 11.2)  # voxels
PER_SCALE = 4


def local_features(grey, *, sigmas=SIGMAS):
    """Compute features of the voxels of a slice.

    At each scale: the smoothed grey level, the length of its gradient, and the larger and the
    smaller eigenvalue of its Hessian; the last two in units of the grey level, that is times the
    scale and its square.

    Parameters
    ----------
    grey : (Y, X) ndarray of float32
        Grey levels.
    sigmas : sequence of float
        Standard deviations of the Gaussians, in voxels.

    Returns
    -------
    (Y, X, 1 + 4 len(sigmas)) ndarray of float32
        The grey level itself, then the features scale by scale.
    """
    grey = np.asarray(grey, np.float32)
    features = np.empty((*grey.shape, 1 + PER_SCALE * len(sigmas)), np.float32)
    features[..., 0] = grey
    for index, sigma in enumerate(sigmas):
        smooth = ndimage.gaussian_filter(grey, sigma)
        dy, dx = _slopes(smooth)
        dyy, dyx = _slopes(dy)
        dxx = _slopes(dx)[1]
        mean, difference = (dyy + dxx) / 2, (dyy - dxx) / 2
        root = np.hypot(difference, dyx)
        first = 1 + PER_SCALE * index
        features[..., first] = smooth
        features[..., first + 1] = sigma * np.hypot(dy, dx)
        features[..., first + 2] = sigma**2 * (mean + root)
        features[..., first + 3] = sigma**2 * (mean - root)
    return features


def _slopes(plane):
    """Central differences along y and x; 0 along a side of one voxel."""
    return [
        np.gradient(plane, axis=axis) if plane.shape[axis] > 1 else np.zeros_like(plane)
        for axis in range(2)
    ]
