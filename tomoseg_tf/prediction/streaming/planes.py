"""The slices of one tensor that are kept in the memory of the host, plane by plane.

A processor computes faster than it allocates: planes are used again, each band of rows is put
where it stays, and a window, with the zeros around the volume, is copied once.
"""

from collections import defaultdict
from itertools import accumulate, product
from math import prod

import numpy as np

from tomoseg_tf.backend import aligned_array, as_array, as_tensor

IN_PLACE = None, "relu"  # activations that a step may have which changes values where they are


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

    def put(self, ends, band, rows=1):
        """Take some rows of these slices.

        Parameters
        ----------
        ends : (int, int)
            Which rows.
        band : (1, Z, Y, X, C) tensor or ndarray
            Their values.
        rows : int
            How many rows lie beside one another: (1, Z, Y / rows, X * rows, C).
        """
        first, stop = (end - self.box[0][0] for end in ends)
        for memory, plane in zip(self.coming, as_array(band)[0], strict=True):
            put_rows(self._shaped(memory)[first:stop], plane, rows)

    def end(self):
        """Keep the slices, as all of their rows are there."""
        self.memory += self.coming
        self.stop += len(self.coming)
        self.coming = []

    def window(self, box):
        """Cut a box out, with zeros where nothing is kept, see `KeptTensors.window`."""
        return joined_planes([self], box)

    def fill(self, made, box):
        """Put a box, with zeros where nothing is kept, into an array (Z, Y, X, C)."""
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
                put = copy if made.flags.c_contiguous else copy_items
                put(made[index - first][to], self._shaped(memory)[cut])
            else:
                made[index - first] = 0

    def highest(self, box, cells):
        """Find the highest values in cells of slices and rows, as pooling does, without a window.

        Parameters
        ----------
        box : tuple of (int, int)
            Slices, rows and columns, all of which are kept.
        cells : (int, int)
            Slices and rows of a cell.

        Returns
        -------
        (1, Z / slices, Y / rows, X, C) tensor
            Of numbers of 16 bits only where none is negative: they are compared as integers.
        """
        depth, height, width = (high - low for low, high in box)
        sides = depth // cells[0], height // cells[1], width
        made = aligned_array((*sides, self.channels), self.pool.dtype)
        (first, _), *plane = box
        cut = tuple(
            slice(low - start, high - start)
            for (low, high), (start, _) in zip(plane, self.box, strict=True)
        )
        for cell, values in enumerate(made):
            begin, to = first - self.start + cell * cells[0], _comparable(values)
            planes = [self._shaped(each)[cut] for each in self.memory[begin : begin + cells[0]]]
            rows = [each[row :: cells[1]] for each in planes for row in range(cells[1])]
            copy(values, rows[0])
            for each in rows[1:]:
                np.maximum(to, _comparable(each), out=to)
        return as_tensor(made[None])

    def drop(self, start):
        """Forget the slices before one."""
        while self.start < min(start, self.stop):
            self.pool.give(self.memory.pop(0))
            self.start += 1

    def _shaped(self, memory):
        """See the memory of a plane as (Y, X, C)."""
        shape = (*(high - low for low, high in self.box), self.channels)
        return memory[: prod(shape)].reshape(shape)


def joined_planes(kept, box, through=None):
    """Cut the same box out of several tensors, beside one another as channels.

    Parameters
    ----------
    kept : list of KeptPlanes
        The tensors.
    box : tuple of (int, int)
        Slices, rows and columns; zeros where nothing is kept.
    through : (Node, list of (int, int)), optional
        A pointwise step that the values go through, of an activation of `IN_PLACE`, and how many
        of the slices, rows and columns at either end stay zero.

    Returns
    -------
    (1, Z, Y, X, C) tensor
        With the channels of all.
    """
    sides = [high - low for low, high in box]
    channels = [each.channels for each in kept]
    made = aligned_array((*sides, sum(channels)), kept[0].pool.dtype)
    for each, stop in zip(kept, accumulate(channels), strict=True):
        each.fill(made[..., stop - each.channels : stop], box)
    if through is not None:
        node, margins = through
        cuts = (slice(low, -high or None) for low, high in margins)
        _point(made[tuple(cuts)], node)
    return as_tensor(made[None])


def _point(values, node):
    """Scale, shift and activate values (Z, Y, X, C), row after row where they are."""
    terms = [] if node.kernel is None else [node.kernel, node.bias]
    terms = [np.tile(np.asarray(each, values.dtype), values.shape[2]) for each in terms]
    for plane in values:
        for row in plane:
            flat = row.reshape(-1)  # one run in memory
            for each, change in zip(terms, (np.multiply, np.add), strict=False):
                change(flat, each, out=flat)
            if node.activation == "relu":
                np.maximum(flat, 0, out=flat)


def weave_planes(parts, times, cuts, rows=1):
    """Join what a "doubled" convolution gives, see `weave_tensors`.

    Parameters
    ----------
    parts, times, cuts
        As for `weave_tensors`.
    rows : int
        How many rows are to lie beside one another: 1, or an even number that divides theirs.

    Returns
    -------
    (1, Z, Y / rows, X * rows, F) tensor
    """
    arrays = [as_array(part)[0] for part in parts]
    features = arrays[0].shape[-1] // prod(times)
    height, width = (cut.stop - cut.start for cut in cuts)
    sides = sum(map(len, arrays)), height // rows, width
    made = aligned_array((*sides, rows, features), arrays[0].dtype)
    for z, values in enumerate(arrays):
        values = values.reshape(*values.shape[:3], *times, features)
        for y, x in product(range(max(rows, times[0])), range(times[1])):
            above, row = divmod(cuts[0].start + y, times[0])
            before, column = divmod(cuts[1].start + x, times[1])
            to = made[z :: len(arrays), y // rows :: max(1, times[0] // rows), x :: times[1]]
            to = to[:, :, :, y % rows]
            step = max(1, rows // times[0])
            found = values[:, above : above + step * to.shape[1] : step]
            copy_items(to, found[:, :, before : before + to.shape[2], row, column])
    return as_tensor(made.reshape(1, *sides[:2], width * rows, features))


def put_rows(to, band, rows):
    """Put rows, some of which lie beside one another, where they belong.

    Parameters
    ----------
    to : (Y, X, C) ndarray
        Where they go.
    band : (Y / rows, X * rows, C) ndarray
        The rows; those beyond `to` are left out.
    rows : int
        How many lie beside one another.
    """
    if rows == 1:
        return copy(to, band)
    for row in range(rows):
        part = to[row::rows]
        copy_items(part, band[: len(part), row::rows])
    return None


def copy_items(to, values):
    """Copy all channels of one voxel after the other, between arrays (..., C) of one type."""
    item = f"V{to.shape[-1] * to.dtype.itemsize}"
    to.view(item)[...] = values.view(item)


def copy(to, values):
    """Copy values as they are, so that other threads can go on; convert those of another type."""
    if to.dtype == values.dtype and to.dtype.itemsize == 2:
        to, values = to.view("uint16"), values.view("uint16")
    to[...] = values


def _comparable(values):
    """See half floats, none of them negative, as integers of the same order."""
    return values.view("int16") if values.dtype.itemsize == 2 else values


def _clear_around(array, rows, columns):
    """Set what lies outside some rows and columns of (Z, Y, X, C) to 0."""
    array[:, : rows.start] = 0
    array[:, rows.stop :] = 0
    array[:, rows, : columns.start] = 0
    array[:, rows, columns.stop :] = 0
