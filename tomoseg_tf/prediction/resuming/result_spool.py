"""The values of one output, slice after slice in a plain file, until all of them are there."""

import os
import zlib
from math import prod

import numpy as np

from tomoseg_tf.prediction.resuming.journal import flush
from tomoseg_tf.volume.storage.contiguous import read_slices, write_at

PIECE = 2**24  # bytes that are read at a time


class ResultSpool:
    """A file of slices that are written in order; a killed process leaves it to the next.

    Parameters
    ----------
    path : Path
        The file.
    shape : tuple of int
        Shape (Z, Y, X) of the output.
    dtype : str
        Type of its values.
    channels : int or None
        Length of a last axis of the values, None without one.

    Attributes
    ----------
    stop : int
        Slices that are written.
    checksum : int
        CRC-32 of those since the last `settle`.
    """

    def __init__(self, path, shape, dtype, channels=None):
        self.path, self.shape, self.dtype = path, tuple(shape), np.dtype(dtype)
        self.channels = channels
        self.slice_bytes = prod(self.shape[1:]) * self.dtype.itemsize * (channels or 1)
        self.stop, self.checksum = 0, 0
        self.on_write = None
        self._descriptor = None

    @property
    def nbytes(self):
        """Bytes of all slices."""
        return self.shape[0] * self.slice_bytes

    @property
    def held(self):
        """Bytes that the file takes on the disk now."""
        return 512 * self.path.stat().st_blocks if self.path.exists() else 0

    def go_on(self, stop):
        """Go on after so many slices; what lies behind them is cut off."""
        self.stop, self.checksum = stop, 0
        with open(self.path, "ab"):
            os.truncate(self.path, stop * self.slice_bytes)

    def write(self, start, slab):
        """Write a slab; those of its slices that are there already stay as they are.

        Parameters
        ----------
        start : int
            Slice that it begins with, at most `stop`.
        slab : (n, Y, X) or (n, Y, X, channels) ndarray
            Its slices.
        """
        if start > self.stop:
            raise ValueError(f"slices {self.stop} to {start} of {self.path} were left out")
        slab = np.ascontiguousarray(slab[self.stop - start :], self.dtype)
        if not len(slab):
            return
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o666)
        write_at(self._descriptor, self.stop * self.slice_bytes, slab)
        self.checksum = zlib.crc32(slab, self.checksum)
        self.stop += len(slab)
        if self.on_write:
            self.on_write()

    def settle(self):
        """Force all to the disk.

        Returns
        -------
        int
            CRC-32 of what was written since the last time.
        """
        if self._descriptor is not None:
            os.fsync(self._descriptor)
        checksum, self.checksum = self.checksum, 0
        return checksum

    def holds(self, start, stop, checksum):
        """Tell whether the slices from `start` to `stop` are as they were written.

        Parameters
        ----------
        start, stop : int
            First slice and the one past the last.
        checksum : int
            Their CRC-32.

        Returns
        -------
        bool
        """
        if not self.path.exists() or self.path.stat().st_size < stop * self.slice_bytes:
            return False
        found = 0
        for _, slab in self.slabs(start, stop):
            found = zlib.crc32(slab, found)
        return found == checksum

    def slabs(self, start=0, stop=None):
        """Read slices, a slab at a time.

        Parameters
        ----------
        start, stop : int, optional
            First slice and the one past the last; all by default.

        Yields
        ------
        z : int
            First slice of the slab.
        slab : ndarray
            (n, Y, X), or (n, Y, X, channels).
        """
        stop = self.shape[0] if stop is None else stop
        depth = max(1, PIECE // self.slice_bytes)
        height, width = self.shape[1:]
        last = () if self.channels is None else (self.channels,)
        for z in range(start, stop, depth):
            offsets = [self.slice_bytes * index for index in range(z, min(z + depth, stop))]
            row = width * (self.channels or 1)
            slab = read_slices(self.path, offsets, (height, row), self.dtype)
            yield z, slab.reshape(len(slab), height, width, *last)

    def close(self):
        """Close the file; closing it again does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def remove(self):
        """Remove the file, and the folder that it lies in if nothing else is there."""
        self.close()
        self.path.unlink(missing_ok=True)
        if self.path.parent.is_dir() and not any(self.path.parent.iterdir()):
            self.path.parent.rmdir()
            flush(self.path.parent.parent)
