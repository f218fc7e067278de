"""A temporary file without a name, which the system removes when the process ends."""

import os
import tempfile
from pathlib import Path
from threading import Lock

from tomoseg_tf.volume.storage.contiguous import read_slices, write_at


class Spool:
    """Holds voxels on the disk; any number of threads may use it.

    Parameters
    ----------
    folder : str or Path, optional
        Where the space is taken; the system's folder for temporary files (TMPDIR) when not given.
    """

    def __init__(self, folder=None):
        self._descriptor, name = tempfile.mkstemp(prefix=".tomoseg-tf-", dir=folder)
        Path(name).unlink()
        self._lock = Lock()

    def __del__(self):
        """Close the file."""
        self.close()

    def write(self, offset, array):
        """Write an array.

        Parameters
        ----------
        offset : int
            Byte at which it begins.
        array : ndarray
            What to write.
        """
        write_at(self._descriptor, offset, array)

    def read(self, offsets, slice_shape, dtype, rows=None, columns=None):
        """Read slices, or the same rectangle of each; see `read_slices`.

        Parameters
        ----------
        offsets : sequence of int
            Byte at which each slice begins.
        slice_shape : tuple of two int
            Shape (Y, X) of a slice.
        dtype : dtype
            Type as stored.
        rows, columns : tuple of two int, optional
            First and past-the-end row and column; all when not given.

        Returns
        -------
        (len(offsets), y1 - y0, x1 - x0) ndarray
            Voxels in the byte order of the machine.
        """
        with self._lock:  # duplicates share the position in the file
            descriptor = os.dup(self._descriptor)
            return read_slices(descriptor, offsets, slice_shape, dtype, rows, columns)

    def close(self):
        """Close the file, which removes it; closing it again does nothing."""
        descriptor, self._descriptor = getattr(self, "_descriptor", None), None
        if descriptor is not None:
            os.close(descriptor)
