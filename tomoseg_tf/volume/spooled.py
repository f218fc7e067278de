"""Volumes whose slices take time to make, kept plain on the disk once they were made."""

from math import prod
from threading import Lock

import numpy as np

from tomoseg_tf.volume.filtered import FilteredVolume
from tomoseg_tf.volume.storage.spool import Spool
from tomoseg_tf.volume.volume import Volume

PIECE_BYTES = 2**25  # of slices that are made together, unless a single one has more
WHOLE = 4  # chunks with more than the fourth part of a slice are decoded for any part of it


def takes_time(volume):
    """Tell whether any part of a slice takes as much time to read as the whole.

    Parameters
    ----------
    volume : Volume
        The volume.

    Returns
    -------
    bool
        True if it is filtered as it is read, or if whole slices are decoded at a time. Slabs along
        y or x then cost as much as the whole volume, each of them.
    """
    if isinstance(volume, FilteredVolume):
        return True
    chunk = getattr(volume, "chunks", None) or (1, *volume.shape[1:])
    packed = volume.storage.get("compression", "none") != "none"
    return packed and WHOLE * prod(chunk[1:]) > prod(volume.shape[1:])


class SpooledVolume(Volume):
    """A volume each of whose slices is made once, when it is first needed, and kept on the disk.

    Parameters
    ----------
    source : Volume
        What makes the slices; `Volume.nbytes` of it are taken on the disk.
    folder : path
        Where; the file has no name, and goes with the process.
    """

    def __init__(self, source, folder):
        super().__init__(
            source.shape,
            source.dtype,
            spacing=source.spacing,
            name=source.name,
            format=source.format,
            notices=source.notices,
            storage={"compression": "none"},
            holds_classes=source.holds_classes,
        )
        self.files = source.files
        self._source = source
        self._spool = Spool(folder)
        self._lock = Lock()
        self._depth = max(1, PIECE_BYTES // self._slice_bytes)
        self._made = np.zeros(-(-self.shape[0] // self._depth), bool)

    @property
    def outside(self):
        """Pixels outside the reconstruction circle of the source."""
        return self._source.outside

    @property
    def _slice_bytes(self):
        return prod(self.shape[1:]) * self.dtype.itemsize

    def _read_box(self, box):
        (start, stop), rows, columns = box
        with self._lock:
            self._make(start, stop)
        offsets = range(start * self._slice_bytes, stop * self._slice_bytes, self._slice_bytes)
        return self._spool.read(offsets, self.shape[1:], self.dtype, rows, columns)

    def _make(self, start, stop):
        """Make the pieces that some slices lie in, but for those that are there."""
        for piece in range(start // self._depth, -(-stop // self._depth)):
            if not self._made[piece]:
                low = piece * self._depth
                slab = self._source.read(low, min(low + self._depth, self.shape[0]))
                self._spool.write(low * self._slice_bytes, slab)
                self._made[piece] = True
