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


def in_rows(kernel, rows):
    """Kernel that gives neighbouring rows at once, as features one after the other.

    Parameters
    ----------
    kernel : (D, H, W, C, F) ndarray
        Of a 3D convolution.
    rows : int
        How many; the convolution takes as many at a step.

    Returns
    -------
    (D, H + rows - 1, W, C, rows * F) ndarray
        Whose weights are 0 where a row is not seen.
    """
    depth, height, width, channels, features = kernel.shape
    sides = depth, height + rows - 1, width
    spread = np.zeros((*sides, channels, rows, features), kernel.dtype)
    for row in range(rows):
        spread[:, row : row + height, :, :, row] = kernel
    return spread.reshape(*sides, channels, rows * features)


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
    list of (int, (Z, Y, X, C, Ty * Tx * F) ndarray)
        For each of the slices that a slice before the up-sampling becomes: the first slice that
        it is a sum over, counted from that slice, and a kernel. Along an axis that is doubled it
        sees two voxels, else three. Along y and x it gives, of two voxels, the second one that
        the first becomes, and the first one that the second becomes: as features, those of a row
        one after the other.
    """
    channels, features = kernel.shape[3:]
    sides, rows, columns = [4 - each for each in times], _windows(times[1]), _windows(times[2])
    kernels = []
    for first, slices in _sums(times[0]):
        made = np.zeros((*sides, channels, *times[1:], features), kernel.dtype)
        for row, column, (z, deep), y, x in product(
            range(times[1]), range(times[2]), enumerate(slices), range(sides[1]), range(sides[2])
        ):
            taps = kernel[deep][:, rows[row][y]][:, :, columns[column][x]]
            made[z, y, x, :, row, column] = taps.sum((0, 1, 2))
        kernels.append((first, made.reshape(*sides, channels, -1)))
    return kernels


def _sums(times):
    """First slice that each of the slices that one becomes sums over, and the taps on each."""
    if times == 1:
        return [(-1, [[0], [1], [2]])]
    return [(-1, [[0], [1, 2]]), (0, [[0, 1], [2]])]


def _windows(times):
    """Taps that fall on each voxel of a window, for each voxel that it gives."""
    return [[[0], [1], [2]]] if times == 1 else [[[0, 1], [2]], [[0], [1, 2]]]
