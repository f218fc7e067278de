"""Grids of voxels of another size over the same scan, and how grey gets from one to the other.

Every step is linear and acts along one axis, as a banded matrix. The coarse voxels lie edge to edge
from the low end on; the last one ends with the scan and may be smaller.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

SAME = 1e-3  # relative difference of voxel sizes that is none


@dataclass(frozen=True)
class AxisGrid:
    """Voxels of another size along an axis.

    Attributes
    ----------
    size : int
        Voxels of the scan.
    factor : float
        Size of a new voxel over that of the scan.
    blocks : bool
        Whether the new ones are plain means of whole numbers of voxels.
    """

    size: int
    factor: float
    blocks: bool = False

    @property
    def is_same(self):
        """Whether the voxels are those of the scan."""
        return abs(self.factor - 1) <= SAME

    @cached_property
    def edges(self):
        """(n + 1,) ndarray of float: where the new voxels end, in voxels of the scan."""
        if self.is_same:
            return np.arange(self.size + 1.0)
        number = max(1, int(np.ceil(self.size / self.factor - SAME)))
        return np.append(np.arange(number) * self.factor, self.size)

    @property
    def number(self):
        """How many new voxels there are."""
        return len(self.edges) - 1

    @cached_property
    def centres(self):
        """(n,) ndarray of float: centres of the new voxels, as indices of the scan.

        Those beyond the centres of the outermost voxels of the scan, whose grey they repeat, count
        as lying on these.
        """
        return np.clip((self.edges[1:] + self.edges[:-1] - 1) / 2, 0, self.size - 1)

    @cached_property
    def forward(self):
        """Matrix (n, size) from the voxels of the scan to the new ones.

        A larger voxel is the mean of the linear interpolation between the centres of the first
        and the last voxel in it, a smaller one the interpolation at its centre; a block is the
        mean of its voxels. Whatever is linear along the axis stays so; at the ends, smaller voxels
        beyond the outermost centre repeat it.
        """
        if self.is_same:
            return _block_means(np.arange(self.size), np.arange(1, self.size + 1), self.size)
        if self.blocks:
            starts = self.edges.astype(int)
            return _block_means(starts[:-1], starts[1:], self.size)
        half = np.maximum(self.edges[1:] - self.edges[:-1] - 1, 0) / 2
        return _interval_means(self.centres - half, self.centres + half, self.size)

    @cached_property
    def back(self):
        """Matrix (size, n) from the new voxels to the scan: linear between their centres."""
        return _between(self.centres, np.arange(float(self.size)))


def along(matrix, array, axis):
    """Multiply an array along an axis by a matrix.

    Parameters
    ----------
    matrix : (n, m) sparse array
        Such as `AxisGrid.forward`.
    array : ndarray of float
        With m along `axis`.
    axis : int
        The axis.

    Returns
    -------
    ndarray of float
        With n along it, in the type of the array.
    """
    front = np.moveaxis(array, axis, 0)
    result = matrix.astype(array.dtype) @ front.reshape(len(front), -1)
    return np.moveaxis(result.reshape(-1, *front.shape[1:]), 0, axis)


def rows_of(matrix, start, stop):
    """Take some rows of a matrix, and the columns that they need.

    Parameters
    ----------
    matrix : (n, m) sparse array
        Of which each row has an entry.
    start, stop : int
        The rows.

    Returns
    -------
    (stop - start, high - low) sparse array
        The entries.
    (int, int)
        The columns, low and high.
    """
    rows = matrix[start:stop]
    low, high = int(rows.indices.min()), int(rows.indices.max()) + 1
    return rows[:, low:high], (low, high)


def grid_of(shape, spacing, *, to_spacing=None, block=None):
    """Choose a grid.

    Parameters
    ----------
    shape : tuple of int
        Sides (Z, Y, X) of the scan.
    spacing : tuple of float or None
        Size of its voxels in µm.
    to_spacing : tuple of float, optional
        Size of the new voxels in µm.
    block : int, optional
        Voxels a side of the blocks that become a new voxel.

    Returns
    -------
    list of AxisGrid
        For z, y and x.

    Raises
    ------
    ValueError
        If both or neither are given, one is not positive, or the size of the voxels is not known.
    """
    if (to_spacing is None) == (block is None):
        raise ValueError("name a voxel size or a number of voxels to bin, not both")
    if block is not None:
        if block < 1 or block != int(block):
            raise ValueError(f"bin {block} must be a whole number of voxels, 1 or more")
        return [AxisGrid(side, float(block), blocks=True) for side in shape]
    if spacing is None:
        raise ValueError(
            "its voxel size is not known, so that it cannot be resampled to another; state it with "
            "--spacing, or bin voxels with --bin"
        )
    if min(to_spacing) <= 0 or not np.isfinite(to_spacing).all():
        raise ValueError(f"voxel size {to_spacing}: three positive numbers in µm are needed")
    factors = np.divide(to_spacing, spacing)
    return [AxisGrid(side, float(factor)) for side, factor in zip(shape, factors, strict=True)]


def _from_entries(rows, columns, values, shape):
    from scipy.sparse import coo_array  # takes long to import

    matrix = coo_array((values, (rows, columns)), shape=shape).tocsr()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def _block_means(starts, stops, size):
    """Matrix of the means of ranges of voxels."""
    lengths = stops - starts
    rows = np.repeat(np.arange(len(starts)), lengths)
    columns = np.concatenate([np.arange(a, b) for a, b in zip(starts, stops, strict=True)])
    return _from_entries(rows, columns, np.repeat(1 / lengths, lengths), (len(starts), size))


def _between(knots, places):
    """Matrix of the linear interpolation between knots, constant beyond the outermost."""
    places = np.clip(places, knots[0], knots[-1])
    high = np.clip(np.searchsorted(knots, places, side="right"), 1, max(1, len(knots) - 1))
    low = high - 1
    if len(knots) == 1:
        first = np.zeros(len(places), int)
        return _from_entries(np.arange(len(places)), first, first + 1.0, (len(places), 1))
    width = knots[high] - knots[low]
    part = np.divide(places - knots[low], width, out=np.zeros_like(places), where=width > 0)
    rows = np.tile(np.arange(len(places)), 2)
    values = np.concatenate([1 - part, part])
    return _from_entries(rows, np.concatenate([low, high]), values, (len(places), len(knots)))


def _interval_means(lows, highs, size):
    """Matrix of the means over intervals of the linear interpolation between whole numbers."""
    rows, columns, values = [], [], []
    last = size - 1
    lows, highs = np.clip(lows, 0, last), np.clip(highs, 0, last)
    for row, (low, high) in enumerate(zip(lows, highs, strict=True)):
        ends = np.unique(np.r_[low, np.arange(np.ceil(low), np.floor(high) + 1), high])
        if len(ends) == 1:
            middles, weights = ends, np.ones(1)
        else:  # linear from end to end: its mean there is its value in the middle
            middles, weights = (ends[1:] + ends[:-1]) / 2, np.diff(ends) / (high - low)
        left = np.minimum(np.floor(middles).astype(int), max(0, size - 2))
        part = middles - left
        for shift, share in ((0, 1 - part), (1, part)):
            inside = left + shift < size
            rows.append(np.full(inside.sum(), row))
            columns.append((left + shift)[inside])
            values.append((weights * share)[inside])
    columns, values = np.concatenate(columns), np.concatenate(values)
    return _from_entries(np.concatenate(rows), columns, values, (len(lows), size))
