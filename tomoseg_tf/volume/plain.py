"""Voxels in C order in one piece of a file: read and written at their offset."""

import os

from tomoseg_tf.volume.storage.contiguous import read_slices, write_at
from tomoseg_tf.volume.volume import BYTE_ORDERS, Volume
from tomoseg_tf.volume.writer import Writer


class PlainVolume(Volume):
    """A volume in one uncompressed piece of a file.

    Parameters
    ----------
    path : Path
        File.
    shape : sequence of three int
        Shape (Z, Y, X).
    stored : dtype
        Type of the voxels, with its byte order.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm.
    format : str
        Name of the format.
    offset : int, optional
        Byte of the file at which the voxels begin.

    Raises
    ------
    ValueError
        If the shape or the type is not that of a volume.
    """

    def __init__(self, path, shape, stored, spacing=None, *, format, offset=0):
        super().__init__(
            shape,
            stored,
            spacing=spacing,
            name=path,
            format=format,
            storage={
                "byte_order": BYTE_ORDERS[stored.byteorder],
                "compression": "none",
                "reading": "at its offset in the file",
            },
        )
        self._stored = stored
        self._offset = offset

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        step = self.shape[1] * self.shape[2] * self._stored.itemsize
        offsets = [self._offset + z * step for z in range(z0, z1)]
        return read_slices(self.name, offsets, self.shape[1:], self._stored, rows, columns)


class PlainWriter(Writer):
    """Writes voxels in one piece of a file; a subclass lays it out and calls `_begin`."""

    def close(self):
        """Close the file."""
        os.close(self._descriptor)

    def _begin(self, path, offset=0, byteorder="<"):
        """Open the file that was laid out; its voxels begin at a byte, in a byte order."""
        self._stored = self.dtype.newbyteorder(byteorder)
        self._offset = offset
        self._descriptor = os.open(path, os.O_RDWR)

    def _write(self, start, slab):
        step = self.shape[1] * self.shape[2] * self.dtype.itemsize
        data = slab.astype(self._stored, copy=False)
        write_at(self._descriptor, self._offset + start * step, data)
