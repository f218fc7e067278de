"""The voxels of NRRD files: raw ones at their offset, compressed ones by way of the disk."""

import bz2
import io
import os
import shutil
import tempfile
from threading import Lock

import numpy as np

from tomoseg_tf.volume.storage.contiguous import read_slices
from tomoseg_tf.volume.storage.damage import DAMAGE, reason
from tomoseg_tf.volume.storage.gunzip import Gunzip
from tomoseg_tf.volume.storage.spool import Spool

PIECE = 4 * 2**20  # bytes decompressed at a time
GZIP_RATIO = 1032  # gzip makes nothing smaller than by this
MAX_TEXT = 16 * 2**20  # bytes of a file with numbers as text, which is read as a whole
MAX_LINE = 2**20


class RawPart:
    """Voxels stored as they are in a file.

    Parameters
    ----------
    path : Path
        File.
    layout : NrrdLayout
        What it is part of.

    Raises
    ------
    ValueError
        If the file is smaller than its voxels.
    """

    def __init__(self, path, layout):
        self._path = path
        size, wanted = os.path.getsize(path), layout.part_bytes
        if layout.byte_skip == -1:
            self._offset = size - wanted
        else:
            self._offset = _skip_lines(path, layout.start, layout.line_skip) + layout.byte_skip
        held = size - self._offset
        if self._offset < 0 or held < wanted:
            raise ValueError(
                f"{path}: {layout.shape} of {layout.dtype} needs {wanted} bytes in this file, but "
                f"it holds {max(0, size if self._offset < 0 else held)}; it is cut short, copy or "
                "write it again"
            )
        self.excess = held - wanted

    def read(self, offsets, slice_shape, dtype, rows, columns):
        """Read the same rectangle of slices; see `read_slices`."""
        offsets = [self._offset + offset for offset in offsets]
        return read_slices(self._path, offsets, slice_shape, dtype, rows, columns)


class SharedSpool:
    """A temporary file of all parts of a volume, made when it is needed; each process has its own.

    A file for each part would soon be more than a process may have open.
    """

    def __init__(self):
        self._lock, self._spool = Lock(), None

    def __reduce__(self):
        """Leave what is in it behind, for another process."""
        return SharedSpool, ()

    def open(self):
        """Give the file.

        Returns
        -------
        Spool
            The same one at each call.
        """
        with self._lock:
            self._spool = self._spool or Spool()
        return self._spool


class CompressedPart:
    """Voxels compressed in a file, decompressed into a temporary one as far as they are read.

    One of several files is decompressed as a whole, so that it does not stay open.

    Parameters
    ----------
    path, layout
        As for `RawPart`.
    spool : SharedSpool
        Temporary file of all parts of the volume.
    offset : int
        Byte in it at which those of this part begin.

    Raises
    ------
    ValueError
        If the file is too small to hold its voxels.
    """

    excess = 0

    def __init__(self, path, layout, spool, offset):
        self._path = path
        self._layout = layout
        self._spool, self._offset = spool, offset
        self._wanted = layout.part_bytes
        self._start = _skip_lines(path, layout.start, layout.line_skip)
        size = os.path.getsize(path) - self._start
        if size < 1 or (layout.encoding == "gzip" and self._wanted > size * GZIP_RATIO):
            raise ValueError(
                f"{path}: {size} bytes of {layout.encoding} cannot hold {self._wanted} bytes of "
                "voxels; it is cut short, copy or write it again"
            )
        self._lock = Lock()
        self._file = self._stream = None
        self._done = -layout.byte_skip

    def __del__(self):
        """Close the file."""
        self._close()

    def __getstate__(self):
        """Leave what was decompressed behind, for another process."""
        kept = {"_lock": None, "_file": None, "_stream": None}
        return {**self.__dict__, **kept, "_done": -self._layout.byte_skip}

    def __setstate__(self, state):
        """Begin anew there."""
        self.__dict__.update(state)
        self._lock = Lock()

    def read(self, offsets, slice_shape, dtype, rows, columns):
        """Read the same rectangle of slices; see `read_slices`."""
        if not offsets:
            return np.empty((0, rows[1] - rows[0], columns[1] - columns[0]), dtype)
        end = max(offsets) + slice_shape[0] * slice_shape[1] * dtype.itemsize
        with self._lock:
            self._reach(end if len(self._layout.parts) == 1 else self._wanted)
        offsets = [self._offset + offset for offset in offsets]
        return self._spool.open().read(offsets, slice_shape, dtype, rows, columns)

    def _reach(self, end):
        """Decompress until so many bytes of voxels are there."""
        if self._done >= end:
            return
        if self._stream is None:
            self._open()
        while self._done < end:
            try:
                left = self._wanted - self._done
                data = self._stream.read(min(PIECE, -self._done if self._done < 0 else left))
            except DAMAGE as error:
                raise self._damaged(reason(error)) from error
            if not data:
                raise self._damaged(f"it ends after {self._done} of {self._wanted} bytes")
            if self._done >= 0:
                part = np.frombuffer(data, np.uint8)
                self._spool.open().write(self._offset + self._done, part)
            self._done += len(data)
        if self._done == self._wanted:
            self._close()

    def _open(self):
        """Start to decompress."""
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if self._wanted > free:
            raise ValueError(
                f"{self._path}: needs {self._wanted} bytes in {tempfile.gettempdir()} to be "
                f"decompressed, but {free} are free; set TMPDIR to a folder with more space"
            )
        self._file = io.BufferedReader(io.FileIO(self._path), PIECE)
        self._file.seek(self._start)
        is_gzip = self._layout.encoding == "gzip"
        self._stream = Gunzip(self._file) if is_gzip else bz2.BZ2File(self._file)

    def _close(self):
        """Close the compressed file."""
        for item in (getattr(self, "_stream", None), getattr(self, "_file", None)):
            if item is not None:
                item.close()

    def _damaged(self, why):
        """Error for data that cannot be decompressed."""
        return ValueError(
            f"{self._path}: cannot be decompressed ({why}); it is damaged or cut short, copy or "
            "write it again"
        )


class TextPart:
    """Voxels written as text in a small file.

    Parameters
    ----------
    path, layout
        As for `RawPart`.

    Raises
    ------
    ValueError
        If the file is large, or holds fewer numbers than it has voxels, or something else.
    """

    excess = 0

    def __init__(self, path, layout):
        start = _skip_lines(path, layout.start, layout.line_skip) + layout.byte_skip
        size = os.path.getsize(path)
        if size > MAX_TEXT:
            raise ValueError(
                f"{path}: has {size} bytes of text, more than {MAX_TEXT}; save it with the "
                "encoding raw or gzip"
            )
        with open(path, "rb") as file:
            file.seek(start)
            words = file.read(MAX_TEXT).replace(b",", b" ").split()
        wanted = layout.part_bytes // layout.dtype.itemsize
        if len(words) < wanted:
            raise ValueError(
                f"{path}: holds {len(words)} numbers of {wanted}; it is cut short, copy or write "
                "it again"
            )
        kind = float if layout.dtype.kind == "f" else int
        try:
            self._values = np.array([kind(word) for word in words[:wanted]], layout.dtype)
        except (ValueError, OverflowError) as error:
            raise ValueError(
                f"{path}: holds a text that is no {layout.dtype} ({reason(error)}); write it again"
            ) from error

    def read(self, offsets, slice_shape, dtype, rows, columns):
        """Read the same rectangle of slices; see `read_slices`."""
        slices = self._values.reshape(-1, *slice_shape)
        step = slice_shape[0] * slice_shape[1] * dtype.itemsize
        chosen = slices[[offset // step for offset in offsets]] if offsets else slices[:0]
        return chosen[:, slice(*rows), slice(*columns)].astype(dtype.newbyteorder("="))


def open_parts(layout):
    """Open the files that hold the voxels of a volume.

    Parameters
    ----------
    layout : NrrdLayout
        What the header says.

    Returns
    -------
    list of RawPart, CompressedPart or TextPart
        One for each file, in their order.

    Raises
    ------
    ValueError
        If one is too small for its voxels.
    """
    if layout.encoding in ("raw", "text"):
        kind = RawPart if layout.encoding == "raw" else TextPart
        return [kind(path, layout) for path in layout.parts]
    spool, size = SharedSpool(), layout.part_bytes
    places = range(0, size * len(layout.parts), size)
    pairs = zip(layout.parts, places, strict=True)
    return [CompressedPart(path, layout, spool, offset) for path, offset in pairs]


def _skip_lines(path, start, count):
    """Byte that so many lines after `start` end at."""
    with open(path, "rb") as file:
        file.seek(start)
        for _ in range(count):
            if not file.readline(MAX_LINE).endswith(b"\n"):
                raise ValueError(f"{path}: does not have {count} lines to skip; it is damaged")
        return file.tell()
