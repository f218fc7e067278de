"""Kernels of 3D convolutions, rearranged for two-dimensional ones: NumPy only."""

from itertools import product

import numpy as np

BLOCK = 8  # voxels of a row that one product gives at once, where there is one channel


def stacked(kernel):
    """Kernel over slices whose neighbours in z are stacked as channels.

    Parameters
    ----------
    kernel : (D, H, W, C, F) ndarray
        Of a 3D convolution.

    Returns
    -------
    (H, W, D * C, F) ndarray
    """
    depth, height, width, channels, features = kernel.shape
    return kernel.transpose(1, 2, 0, 3, 4).reshape(height, width, depth * channels, features)


def rowed(kernel):
    """Kernel for rows of one channel, cut into blocks that overlap.

    A block holds 16 voxels from one before the 8 whose results it gives. Each of its 8 results
    is a sum over the 3 of its voxels that the kernel sees; the other weights are 0.

    Parameters
    ----------
    kernel : (D, H, 3, 1, F) ndarray
        Of a 3D convolution.

    Returns
    -------
    (H, 1, D * 16, 8 * F) ndarray
    """
    depth, height, taps, _, features = kernel.shape
    spread = np.zeros((height, depth, 2 * BLOCK, BLOCK, features), kernel.dtype)
    for place, tap in product(range(BLOCK), range(taps)):
        spread[:, :, place + tap, place] = kernel[:, :, tap, 0].transpose(1, 0, 2)
    return spread.reshape(height, 1, depth * 2 * BLOCK, BLOCK * features)


def before_doubling(kernel, times):
    """Kernels that see each voxel once where the given kernel sees it repeated.

    Parameters
    ----------
    kernel : (3, 3, 3, C, F) ndarray
        Of a convolution behind an up-sampling that repeats voxels.
    times : tuple of int
        1 or 2: how often each voxel is repeated along z, y and x.

    Returns
    -------
    list of (offsets, (3, 3, N * C, Ty * Tx * F) ndarray)
        For each of the slices that a slice before the up-sampling becomes: the N slices that it
        is a sum over, counted from that slice, and a kernel over these, stacked as channels. Its
        features are those of the voxels that a voxel becomes in the plane, row by row.
    """
    channels, features = kernel.shape[3:]
    (rows, columns), kernels = times[1:], []
    for first in _sums(times[0]):
        made = np.zeros((3, 3, len(first), channels, rows, columns, features), kernel.dtype)
        for (row, height), (column, width) in product(
            enumerate(_sums(rows)), enumerate(_sums(columns))
        ):
            for place, (z, y, x) in _places(first, height, width):
                summed = kernel[z][:, y][:, :, x].sum(axis=(0, 1, 2))
                made[place[1] + 1, place[2] + 1, place[0], :, row, column] += summed
        kernels.append((list(first), made.reshape(3, 3, len(first) * channels, -1)))
    return kernels


def _sums(times):
    """Taps that fall on each neighbour (-1, 0 or 1), for each voxel that one becomes."""
    if times == 1:
        return [{-1: [0], 0: [1], 1: [2]}]
    return [{-1: [0], 0: [1, 2]}, {0: [0, 1], 1: [2]}]


def _places(first, height, width):
    """Neighbour and taps along the three axes; the first axis counts its neighbours from 0."""
    for (index, z), (y, rows), (x, columns) in product(
        enumerate(first.values()), height.items(), width.items()
    ):
        yield (index, y, x), (z, rows, columns)
