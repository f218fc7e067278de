"""Sums of probabilities over several passes, on the disk where they may be large."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from itertools import product
from math import prod

import numpy as np

from tomoseg_tf.volume import naming_full_disk

BRICK = 16  # voxels a side
BLOCK = 2**24  # bytes that are written at a time
MEAN = 2**28  # bytes of sums and their mean that are in memory at a time


@contextmanager
def open_sums(folder, shape):
    """Make an array of sums, which is gone when the context ends.

    Parameters
    ----------
    folder : path or None
        Where on the disk: in a file without a name, which goes with the process; None for the
        memory.
    shape : tuple of int
        (Z, Y, X, C).

    Yields
    ------
    DiskSums or MemorySums
        All 0.

    Raises
    ------
    OSError
        If there is no room.
    """
    if folder is None:
        yield MemorySums(shape)
        return
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        sums = DiskSums(shape, file)
        check_room(folder, sums.nbytes)
        fill(file, folder, sums.nbytes)
        yield sums


def check_room(folder, needed):
    """Check that a folder has room for sums.

    Parameters
    ----------
    folder : path
        Where they will lie.
    needed : int
        Bytes.

    Raises
    ------
    OSError
        If it has not.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(
            f"{folder}: the sums of several passes take {needed / 1e9:.2g} GB there "
            f"meanwhile, but {free / 1e9:.2g} GB are free; make room, or use a single pass"
        )


def fill(file, folder, nbytes):
    """Fill a file with zeros.

    Parameters
    ----------
    file : file
        Open for writing, not buffered.
    folder : path
        What errors name.
    nbytes : int
        How many.

    Raises
    ------
    OSError
        If the disk is full.
    """
    with naming_full_disk(folder):
        for start in range(0, nbytes, BLOCK):
            file.write(bytes(min(BLOCK, nbytes - start)))


def read_means(sums, part, runs):
    """Read the means of sums, a few slices at a time: those of a brick, if these are not large.

    Parameters
    ----------
    sums : DiskSums or MemorySums
        Of some runs.
    part : (int, int)
        First slice and the one past the last.
    runs : int
        How many.

    Yields
    ------
    start : int
        First slice.
    mean : (Z, Y, X, C) ndarray of float32
    """
    depth, slice_bytes = BRICK, 3 * 4 * prod(sums.shape[1:])  # with the mean before
    while depth > 1 and depth * slice_bytes > MEAN:
        depth //= 2
    for start in range(*part, depth):
        yield start, sums.read(start, min(start + depth, part[1])) / np.float32(runs)


class MemorySums:
    """An array (Z, Y, X, C) of float32 in memory.

    Parameters
    ----------
    shape : tuple of int
        (Z, Y, X, C).
    """

    def __init__(self, shape):
        self.shape = tuple(shape)
        self._array = np.zeros(shape, np.float32)

    def add(self, box, values):
        """Add values (z, y, x, C) to a box."""
        self._array[tuple(slice(*ends) for ends in box)] += values

    def read(self, start, stop):
        """Read the slices from `start` to `stop`."""
        return self._array[start:stop]


class DiskSums:
    """An array (Z, Y, X, C) of float32 on the disk, in bricks, so that any slab is near together.

    Parameters
    ----------
    shape : tuple of int
        (Z, Y, X, C).
    file : file
        Open for reading and writing; as many zeros as `nbytes` before the first use.
    """

    def __init__(self, shape, file):
        self.shape = tuple(shape)
        self.bricks = tuple(-(-side // BRICK) for side in shape[:3])
        self.brick_shape = (BRICK, BRICK, BRICK, shape[3])
        self.brick_bytes = 4 * BRICK**3 * shape[3]
        self.nbytes = self.size(shape)
        self._descriptor = file.fileno()

    @staticmethod
    def size(shape):
        """Bytes of the file for a shape (Z, Y, X, C)."""
        return 4 * BRICK**3 * shape[3] * int(np.prod([-(-side // BRICK) for side in shape[:3]]))

    def add(self, box, values):
        """Add values (z, y, x, C) to a box."""
        for offset, in_brick, in_box in self._parts(box):
            brick = self._brick(offset)
            brick[in_brick] += values[in_box]
            view = memoryview(brick).cast("B")
            while view:
                written = os.pwrite(self._descriptor, view, offset)
                offset, view = offset + written, view[written:]

    def read(self, start, stop):
        """Read the slices from `start` to `stop`."""
        result = np.empty((stop - start, *self.shape[1:]), np.float32)
        box = ((start, stop), *((0, side) for side in self.shape[1:3]))
        for offset, in_brick, in_box in self._parts(box):
            result[in_box] = self._brick(offset)[in_brick]
        return result

    def _brick(self, offset):
        content = bytearray(os.pread(self._descriptor, self.brick_bytes, offset))
        return np.frombuffer(content, np.float32).reshape(self.brick_shape)

    def _parts(self, box):
        """Bricks that a box touches: offset in the file, and the cuts in brick and box."""
        ranges = [range(low // BRICK, -(-high // BRICK)) for low, high in box]
        for indices in product(*ranges):
            ends = [
                (max(low, BRICK * index), min(high, BRICK * (index + 1)))
                for index, (low, high) in zip(indices, box, strict=True)
            ]
            in_brick = tuple(
                slice(a - BRICK * index, b - BRICK * index)
                for index, (a, b) in zip(indices, ends, strict=True)
            )
            in_box = tuple(
                slice(a - low, b - low) for (a, b), (low, _) in zip(ends, box, strict=True)
            )
            number = np.ravel_multi_index(indices, self.bricks)
            yield int(number) * self.brick_bytes, in_brick, in_box
