"""Slices stored uncompressed in a file: read and written at their offset, never mapped.

A mapped file counts in the memory of the process as it is touched; these functions only ever hold
the part that was asked for. The file is opened anew for each call, so that any number of threads
may read.
"""

import os

import numpy as np

PIECE = 2**30  # the most bytes that one system call is asked for


def read_slices(path, offsets, slice_shape, dtype, rows=None, columns=None):
    """Read slices, or the same rectangle of each, from a file.

    Parameters
    ----------
    path : str or Path
        File.
    offsets : sequence of int
        Byte at which each slice begins.
    slice_shape : tuple of two int
        Shape (Y, X) of a slice.
    dtype : dtype
        Type as stored, with the byte order of the file.
    rows, columns : tuple of two int, optional
        First and past-the-end row and column; all when not given. Only these rows are read.

    Returns
    -------
    (len(offsets), y1 - y0, x1 - x0) ndarray
        Voxels in the byte order of the machine.

    Raises
    ------
    ValueError
        If the file ends before a slice does.
    """
    dtype = np.dtype(dtype)
    height, width = slice_shape
    y0, y1 = rows or (0, height)
    x0, x1 = columns or (0, width)
    result = np.empty((len(offsets), y1 - y0, x1 - x0), dtype)
    strip = None if x1 - x0 == width else np.empty((y1 - y0, width), dtype)
    with open(path, "rb", buffering=0) as file:
        for index, offset in enumerate(offsets):
            first = offset + y0 * width * dtype.itemsize
            if strip is None:
                _fill(file, first, result[index])
            else:
                _fill(file, first, strip)
                result[index] = strip[:, x0:x1]
    return native(result)


def write_at(descriptor, offset, array):
    """Write an array into an open file, all of it.

    Parameters
    ----------
    descriptor : int
        Descriptor of a file opened for writing.
    offset : int
        Byte at which the array begins.
    array : ndarray
        What to write, in the byte order that the file has.
    """
    data = memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    while len(data):
        count = os.pwrite(descriptor, data[:PIECE], offset)
        data, offset = data[count:], offset + count


def native(array):
    """Turn an array into the byte order of the machine, in place where it has another.

    Parameters
    ----------
    array : ndarray
        Array that the caller owns.

    Returns
    -------
    ndarray
        The same values in native byte order.
    """
    if array.dtype.isnative:
        return array
    return array.byteswap(inplace=True).view(array.dtype.newbyteorder("="))


def _fill(file, offset, array):
    """Read bytes at an offset until the array is full."""
    file.seek(offset)
    rest = memoryview(array.reshape(-1).view(np.uint8))
    while len(rest):
        count = file.readinto(rest[:PIECE])
        if not count:
            raise ValueError(
                f"{file.name}: ends {len(rest)} bytes too early; the file was cut or has changed"
            )
        rest = rest[count:]
