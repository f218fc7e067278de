"""What surfaces are drawn through: the voxels of a class, thinned and smoothed, slab by slab."""

import numpy as np

LEVEL = 0.5
CLEAR = 1e-3  # no value is nearer to the level: a vertex is on one edge of the grid, not at its end
REACH = 4.0  # standard deviations


class Field:
    """Shares of voxels that belong to a class, on a grid of blocks with a border of 0 around it.

    Place i of the grid is the middle of the voxels i - 1 along each side, thinned to blocks.

    Parameters
    ----------
    volume : Volume
        Classes, or labels of objects.
    values : (V,) ndarray of bool
        Which values belong to it.
    step : int
        Side of the blocks in voxels.
    smooth : float
        Standard deviation of a Gaussian filter in voxels; 0 for none.

    Attributes
    ----------
    shape : tuple of three int
        Sides of the grid with its border.
    """

    def __init__(self, volume, values, *, step=1, smooth=0.0):
        self._volume, self._values, self._step = volume, values, step
        self._sigma = smooth / step
        self._halo = int(np.ceil(REACH * self._sigma))
        self.border = 1 + self._halo
        self.shape = tuple(-(-side // step) + 2 * self.border for side in volume.shape)

    def read(self, start, stop):
        """Compute the field in some slices of the grid.

        Parameters
        ----------
        start, stop : int
            First slice and the one past the last.

        Returns
        -------
        (stop - start, Y, X) ndarray of float32
            Shares from 0 to 1; never near `LEVEL`.
        """
        if not self._sigma:
            return _clear(self._blocks(start, stop))
        from scipy.ndimage import gaussian_filter  # takes long to import

        blocks = self._blocks(start - self._halo, stop + self._halo)
        options = {"truncate": REACH, "mode": "constant"}
        smoothed = gaussian_filter(blocks, self._sigma, **options)
        return _clear(smoothed[self._halo : self._halo + stop - start])

    def places(self, vertices):
        """Places of vertices in voxels of the volume.

        Parameters
        ----------
        vertices : (N, 3) ndarray of float
            On the grid.

        Returns
        -------
        (N, 3) ndarray of float64
            Places (z, y, x) from the centre of the first voxel.
        """
        return (vertices.astype(float) - self.border) * self._step + (self._step - 1) / 2

    def _blocks(self, start, stop):
        """Shares in blocks, before they are smoothed; 0 outside."""
        step, border, total = self._step, self.border, self._volume.shape[0]
        blocks = np.zeros((stop - start, *self.shape[1:]), np.float32)
        low, high = max(start - border, 0), min(stop - border, self.shape[0] - 2 * border)
        if low >= high:
            return blocks
        slab = self._values[self._volume.read(low * step, min(high * step, total))]
        inner = (slice(border, -border), slice(border, -border))
        view = blocks[low + border - start : high + border - start]
        view[:, *inner] = slab if step == 1 else _shares(slab, step)
        return blocks


def check_grid(step, smooth):
    """Refuse blocks or smoothing that cannot be.

    Parameters
    ----------
    step, smooth : int, float
        As for `Field`.

    Raises
    ------
    ValueError
        If there is no such block, or the filter has no width.
    """
    if step < 1:
        raise ValueError(f"step is {step}; a block has a side of at least 1 voxel")
    if not 0 <= smooth < np.inf:
        raise ValueError(f"smooth is {smooth}; give a width in voxels, or 0 for no smoothing")


def _clear(field):
    """Move values away from the level."""
    near = np.abs(field - LEVEL) < CLEAR
    if near.any():
        field[near] = np.where(field[near] < LEVEL, LEVEL - CLEAR, LEVEL + CLEAR)
    return field


def _shares(slab, step):
    """Means over blocks, the last of which may reach out of the volume."""
    padded = np.pad(slab, [(0, -side % step) for side in slab.shape])
    sides = [part for side in padded.shape for part in (side // step, step)]
    return padded.reshape(sides).mean(axis=(1, 3, 5), dtype=np.float32)
