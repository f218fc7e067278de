"""Packed voxels of a file, unpacked once into a temporary one, as far as they are read."""

import io
import shutil
import tempfile
from threading import Lock

import numpy as np

from tomoseg_tf.volume.storage.damage import DAMAGE, reason
from tomoseg_tf.volume.storage.spool import Spool

PIECE = 4 * 2**20  # bytes unpacked at a time
READING = "unpacked once, as far as needed, into a temporary file (in TMPDIR)"


class Unpacked:
    """The voxels of a packed file.

    Parameters
    ----------
    path : Path
        File.
    start : int
        Byte at which the packed voxels begin.
    wanted : int
        Bytes of the voxels when they are unpacked.
    unpacker : callable
        ``unpacker(file)`` gives an object whose ``read(size)`` returns the next bytes, at least
        one unless the voxels end.
    """

    def __init__(self, path, start, wanted, unpacker):
        self._path, self._start, self._wanted = path, start, wanted
        self._unpacker = unpacker
        self._lock = Lock()
        self._spool = self._file = self._stream = None
        self._done = 0

    def __del__(self):
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __getstate__(self):
        """Leave what was unpacked behind, for another process."""
        kept = {"_lock": None, "_spool": None, "_file": None, "_stream": None}
        return {**self.__dict__, **kept, "_done": 0}

    def __setstate__(self, state):
        """Begin anew there."""
        self.__dict__.update(state)
        self._lock = Lock()

    def read(self, offsets, slice_shape, dtype, rows, columns):
        """Read the same rectangle of slices; see `read_slices`."""
        if not offsets:
            return np.empty((0, rows[1] - rows[0], columns[1] - columns[0]), dtype)
        with self._lock:
            self._reach(max(offsets) + slice_shape[0] * slice_shape[1] * dtype.itemsize)
        return self._spool.read(offsets, slice_shape, dtype, rows, columns)

    def _reach(self, end):
        """Unpack until so many bytes are there."""
        if self._done < end and self._stream is None:
            self._open()
        while self._done < end:
            try:
                data = self._stream.read(min(PIECE, self._wanted - self._done))
            except DAMAGE as error:
                raise self._damaged(reason(error)) from error
            if not data:
                raise self._damaged(f"it ends after {self._done} of {self._wanted} bytes")
            self._spool.write(self._done, np.frombuffer(data, np.uint8))
            self._done += len(data)

    def _open(self):
        """Start to unpack."""
        folder = tempfile.gettempdir()
        free = shutil.disk_usage(folder).free
        if self._wanted > free:
            raise ValueError(
                f"{self._path}: needs {self._wanted} bytes in {folder} to be unpacked, but {free} "
                "are free; set TMPDIR to a folder with more space"
            )
        self._spool = Spool()
        self._file = io.BufferedReader(io.FileIO(self._path), PIECE)
        self._file.seek(self._start)
        self._stream = self._unpacker(self._file)

    def _damaged(self, why):
        """Error for voxels that cannot be unpacked."""
        return ValueError(
            f"{self._path}: cannot be unpacked ({why}); it is damaged or cut short, copy or write "
            "it again"
        )
