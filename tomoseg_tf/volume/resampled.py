"""Volumes that are seen in voxels of another size, resampled as they are read."""

from functools import cached_property
from math import ceil, prod

import numpy as np

from tomoseg_tf.volume.grids import along, rows_of
from tomoseg_tf.volume.sample import inside_of
from tomoseg_tf.volume.volume import SLAB_BYTES, Volume

ROWS_BYTES = 2**24  # of what is computed of some rows, unless a single one takes more


class ResampledVolume(Volume):
    """A volume seen on another grid; any box of it is read with the slices that it needs.

    The type is kept: whole numbers are rounded. A voxel to which one that is NaN contributes is
    NaN; one to which a pixel outside the reconstruction circle contributes lies outside.

    Parameters
    ----------
    source : Volume
        What is resampled.
    grid : list of AxisGrid
        As `tomoseg_tf.volume.grids.grid_of` gives it.
    """

    def __init__(self, source, grid):
        spacing = _spacing(source.spacing, grid)
        shape = tuple(axis.number for axis in grid)
        super().__init__(
            shape,
            source.dtype,
            spacing=spacing,
            name=source.name,
            format=source.format,
            notices=(*source.notices, _notice(grid, shape, spacing)),
            storage=source.storage,
        )
        self.grid = grid
        self._source = source

    @cached_property
    def outside(self):
        """Pixels outside the reconstruction circle, or partly so; None if there are none."""
        outside = self._source.outside
        if outside is None:
            return None
        share = along(self.grid[1].forward, outside.astype(np.float32), 0)
        found = along(self.grid[2].forward, share, 1) > 0
        return None if found.all() else found

    @property
    def working_bytes(self):
        """Estimate of the memory that reading a slice takes, filters before this included."""
        depth = min(self._depth, self.shape[0])
        seen = min(ceil(depth * self.grid[0].factor) + 2, self._source.shape[0])
        own = seen * prod(self._source.shape[1:]) * self.dtype.itemsize
        rows = min(self._num_rows(seen, depth), self.shape[1]) * self._row_bytes(seen, depth)
        return own + rows + getattr(self._source, "working_bytes", 0)

    def _read_box(self, box):
        (start, stop), *plane = box
        result = np.empty([high - low for low, high in box], self.dtype)
        if result.size:
            for low in range(start, stop, self._depth):
                high = min(low + self._depth, stop)
                self._resample(((low, high), *plane), result[low - start : high - start])
        return result

    @property
    def _depth(self):
        """Slices that are resampled together: those for which little of the source is read."""
        slice_bytes = 4 * self._source.shape[1] * self._source.shape[2]
        return max(1, int(SLAB_BYTES // slice_bytes / max(1, self.grid[0].factor)))

    def _resample(self, ends, result):
        """Resample a box into an array, some rows of it at a time."""
        forward = [axis.forward for axis in self.grid]
        parts = [rows_of(matrix, *end) for matrix, end in zip(forward, ends, strict=True)]
        grey = self._source.read_box([columns for _, columns in parts])
        (start, stop), (first, _) = ends[1], parts[1][1]
        step = self._num_rows(len(grey), len(result))
        for low in range(start, stop, step):
            high = min(low + step, stop)
            rows, (top, bottom) = rows_of(forward[1], low, high)
            values = grey[:, top - first : bottom - first].astype(self._wide)
            for axis, matrix in enumerate((parts[0][0], rows, parts[2][0])):
                if not self.grid[axis].is_same:
                    values = along(matrix, values, axis)
            result[:, low - start : high - start] = _as_type(values, self.dtype)

    @property
    def _wide(self):
        """Type that means are computed in."""
        wide = self.dtype.itemsize > (4 if self.dtype.kind == "f" else 2)
        return np.dtype(np.float64 if wide else np.float32)

    def _num_rows(self, seen, depth):
        """Rows that are resampled together, of so many slices from those that are seen."""
        return max(1, ROWS_BYTES // self._row_bytes(seen, depth))

    def _row_bytes(self, seen, depth):
        """Memory that resampling a row takes beside what is read: that of the largest step."""
        before, after = self._source.shape[2], self.shape[2]
        height = self.grid[1].factor
        z_step = (seen + depth) * height * before
        y_step = depth * (2 * height + 1) * before
        x_step = depth * (2 * before + 4 * after)
        return ceil(self._wide.itemsize * max(z_step, y_step, x_step))


class ResampledMask(Volume):
    """Which voxels of another grid are wholly in a sample: 1, else 0.

    Parameters
    ----------
    sample : Sample
        That of the scan.
    grid : list of AxisGrid
        As `tomoseg_tf.volume.grids.grid_of` gives it.
    """

    def __init__(self, sample, grid):
        shape = tuple(axis.number for axis in grid)
        super().__init__(shape, np.uint8, name=sample.name, format="mask")
        self._sample, self.grid = sample, grid

    def _read_box(self, box):
        (start, stop), *plane = box
        result = np.empty([high - low for low, high in box], np.uint8)
        for z in range(start, stop):
            matrix, columns = rows_of(self.grid[0].forward, z, z + 1)
            outside = 1 - inside_of(self._sample, *columns).astype(np.float32)
            share = along(matrix, outside, 0)
            for axis in (1, 2):
                share = along(_all_columns(self.grid[axis], plane[axis - 1]), share, axis)
            result[z - start] = share[0] == 0
        return result


def _all_columns(axis, ends):
    """Rows of the matrix of an axis, with all columns."""
    return axis.forward[ends[0] : ends[1]]


def _spacing(spacing, grid):
    """Size of the new voxels in µm; None if that of the old is not known."""
    if spacing is None:
        return None
    return tuple(
        side if axis.is_same else side * axis.factor
        for side, axis in zip(spacing, grid, strict=True)
    )


def _notice(grid, shape, spacing):
    """Tell how the volume is seen."""
    sides = " x ".join(map(str, shape))
    if spacing is None:
        return f"seen as {sides} voxels, each the mean of {grid[0].factor:g} along each axis"
    size = " x ".join(f"{side:.4g}" for side in spacing)
    return f"seen as {sides} voxels of {size} µm"


def _as_type(values, dtype):
    """Convert to the type of the volume, whole numbers rounded."""
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    highest = np.nextafter(float(limits.max), 0) if dtype.itemsize == 8 else limits.max
    return np.clip(np.rint(values), limits.min, highest).astype(dtype)
