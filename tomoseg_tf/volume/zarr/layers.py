"""Slabs gathered into layers of chunks, so that each chunk is written once."""

import numpy as np

from tomoseg_tf.volume.storage.spool import Spool

MAX_HELD = 1  # incomplete layers in memory; slabs in order never need more


class Layers:
    """Gathers slabs, which may come in any order, into layers of a fixed depth.

    A slab that covers a layer passes through. Of incomplete layers one is kept in memory, others in
    a temporary file without a name, so that memory stays bounded.

    Parameters
    ----------
    shape : tuple of three int
        Shape (Z, Y, X) of the volume.
    dtype : dtype
        Type of the voxels.
    depth : int
        Slices per layer; the last layer may have fewer.
    folder : Path
        Where the temporary file is made if it is needed.
    """

    def __init__(self, shape, dtype, depth, folder):
        self._shape = shape
        self._dtype = np.dtype(dtype)
        self._depth = depth
        self._folder = folder
        self._filled = {}  # layer to which of its slices are there
        self._held = {}  # layer to its slices, of those in memory
        self._spool = None

    def add(self, start, slab):
        """Add a slab.

        Parameters
        ----------
        start : int
            First slice of the slab.
        slab : (n, Y, X) ndarray
            Its slices.

        Yields
        ------
        first : int
            First slice of a layer that is complete now.
        layer : (d, Y, X) ndarray
            The layer; its memory may be used again after the next step.
        """
        stop = start + len(slab)
        while start < stop:
            first = start - start % self._depth
            end = min(first + self._depth, self._shape[0])
            part = slab[len(slab) - (stop - start) :][: end - start]
            if len(part) == end - first:
                self._forget(first)
                yield first, part
            else:
                self._keep(first, end - first, start - first, part)
                if self._filled[first].all():
                    yield first, self._take(first)
            start += len(part)

    def rest(self):
        """Take the layers that are incomplete.

        Yields
        ------
        first : int
            First slice of the layer.
        layer : (d, Y, X) ndarray
            The layer; slices that were not added are arbitrary.
        filled : (d,) ndarray of bool
            Which of its slices were added.
        """
        for first in sorted(self._filled):
            filled = self._filled[first]
            yield first, self._take(first), filled

    def close(self):
        """Remove the temporary file."""
        self._held.clear()
        if self._spool is not None:
            self._spool.close()

    def _keep(self, first, depth, offset, part):
        """Keep a part of a layer."""
        if first not in self._filled:
            self._filled[first] = np.zeros(depth, bool)
            if len(self._held) < MAX_HELD:
                self._held[first] = np.empty((depth, *self._shape[1:]), self._dtype)
        if first in self._held:
            self._held[first][offset : offset + len(part)] = part
        else:
            self._spool = self._spool or Spool(self._folder)
            data = part.astype(self._dtype, copy=False)
            self._spool.write(self._place(first + offset), data)
        self._filled[first][offset : offset + len(part)] = True

    def _take(self, first):
        """Take a layer out."""
        depth = len(self._filled.pop(first))
        if first in self._held:
            return self._held.pop(first)
        offsets = [self._place(z) for z in range(first, first + depth)]
        return self._spool.read(offsets, self._shape[1:], self._dtype)

    def _forget(self, first):
        """Drop what was kept of a layer that came again as a whole."""
        self._filled.pop(first, None)
        self._held.pop(first, None)

    def _place(self, z):
        """Byte of the temporary file at which a slice begins."""
        return z * self._shape[1] * self._shape[2] * self._dtype.itemsize
