"""The slices of one tensor that are kept in the memory of the host, plane by plane.

A processor computes faster than it allocates: planes are used again, each band of rows is put
where it stays, and a window, with the zeros around the volume, is copied once.
"""

from collections import defaultdict
from math import prod

import numpy as np

from tomoseg_tf.backend import aligned_array, as_array, as_tensor


class Pool:
    """Memory of planes, used again.

    Parameters
    ----------
    dtype : dtype
        Number format of the values.

    Attributes
    ----------
    num_bytes : int
        Of all planes there ever were at once.
    """

    def __init__(self, dtype):
        self.dtype, self.free, self.num_bytes = np.dtype(dtype), defaultdict(list), 0

    def take(self, size):
        """Give the memory of a plane of so many values."""
        if self.free[size]:
            return self.free[size].pop()
        self.num_bytes += size * self.dtype.itemsize
        return aligned_array((size,), self.dtype)

    def give(self, memory):
        """Take it back."""
        self.free[memory.size].append(memory)


class KeptPlanes:
    """Slices of a tensor, from `start` up to `stop`, over one part of the planes.

    Parameters
    ----------
    pool : Pool
        Where their memory comes from.
    size : int
        Values of the memory of a plane; those of the part of the plane, or more.
    start : int
        Slice at which the tensor begins.
    box : tuple of (int, int)
        Its part of the planes: rows and columns.
    channels : int
        Of the tensor.
    """

    def __init__(self, pool, size, start, box, channels):
        self.pool, self.size, self.box, self.channels = pool, size, box, channels
        self.start = self.stop = start
        self.memory, self.coming = [], []

    def begin(self, number):
        """Make room for the slices that follow, so many."""
        self.coming = [self.pool.take(self.size) for _ in range(number)]

    def put(self, first, band):
        """Take the rows of these slices from a row on: a tensor or array (Z, Y, X, C)."""
        place, values = first - self.box[0][0], as_array(band)
        for memory, plane in zip(self.coming, values, strict=True):
            copy(self._shaped(memory)[place : place + len(plane)], plane)

    def end(self):
        """Keep the slices, as all of their rows are there."""
        self.memory += self.coming
        self.stop += len(self.coming)
        self.coming = []

    def window(self, box):
        """Cut a box out, with zeros where nothing is kept, see `KeptTensors.window`."""
        sides = [high - low for low, high in box]
        made = aligned_array((*sides, self.channels), self.pool.dtype)
        (first, last), planes = box[0], list(zip(box[1:], self.box, strict=True))
        to = tuple(
            slice(max(start - low, 0), min(stop, high) - low)
            for (low, high), (start, stop) in planes
        )
        cut = tuple(
            slice(max(low, start) - start, min(stop, high) - start)
            for (low, high), (start, stop) in planes
        )
        _clear_around(made, *to)
        for index in range(first, last):
            if self.start <= index < self.stop:
                memory = self.memory[index - self.start]
                copy(made[index - first][to], self._shaped(memory)[cut])
            else:
                made[index - first] = 0
        return as_tensor(made)

    def drop(self, start):
        """Forget the slices before one."""
        while self.start < min(start, self.stop):
            self.pool.give(self.memory.pop(0))
            self.start += 1

    def _shaped(self, memory):
        """See the memory of a plane as (Y, X, C)."""
        shape = (*(high - low for low, high in self.box), self.channels)
        return memory[: prod(shape)].reshape(shape)


def weave_planes(parts, times, cuts):
    """Join what a "doubled" convolution gives, see `weave_tensors`."""
    (top, bottom), columns = (cuts[0].start, cuts[0].stop), cuts[1]
    arrays = [[as_array(part) for part in rows] for rows in parts]
    depth = sum(len(rows[0]) for rows in arrays)
    sides = bottom - top, columns.stop - columns.start
    made = aligned_array((depth, *sides, arrays[0][0].shape[-1]), arrays[0][0].dtype)
    for z, rows in enumerate(arrays):
        for y, values in enumerate(rows):
            first, last = (-((y - end) // times[1]) for end in (top, bottom))
            begin = times[1] * first + y - top
            copy(made[z :: times[0], begin :: times[1]], values[:, first:last, columns])
    return as_tensor(made)


def copy(to, values):
    """Copy values as they are, so that other threads can go on; convert those of another type."""
    if to.dtype == values.dtype and to.dtype.itemsize == 2:
        to, values = to.view("uint16"), values.view("uint16")
    to[...] = values


def _clear_around(array, rows, columns):
    """Set what lies outside some rows and columns of (Z, Y, X, C) to 0."""
    array[:, : rows.start] = 0
    array[:, rows.stop :] = 0
    array[:, rows, : columns.start] = 0
    array[:, rows, columns.stop :] = 0
