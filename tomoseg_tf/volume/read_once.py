"""A volume read in slabs that overlap, each of its chunks decoded once as far as memory allows."""

from math import inf, prod

import numpy as np

from tomoseg_tf.volume.volume import SLAB_BYTES, Volume

KEPT_BYTES = 256 * 2**20


def kept_bytes(volume, memory=inf):
    """Choose how much memory may hold slices that the next slab needs, too.

    Parameters
    ----------
    volume : Volume
        What is read.
    memory : float, optional
        Bytes in all; enough when not given.

    Returns
    -------
    int
        At most 256 MiB; 0 where reading again costs next to nothing.
    """
    made = getattr(volume, "scan", volume) is not volume  # by a filter, as it is read
    compressed = volume.storage.get("compression", "none") != "none"
    if not (made or compressed or getattr(volume, "chunks", None)):
        return 0
    return int(min(KEPT_BYTES, memory / 16))


class ReadOnce(Volume):
    """A volume that keeps the last slices it read for the next slab, and counts what is decoded.

    Slabs of a prediction overlap, and those of a chunked file end amid chunks: what lies behind
    the end of a slab was decoded with it. Both are kept, as far as they fit.

    Parameters
    ----------
    source : Volume
        What is read.
    kept_bytes : int, optional
        Memory for what is kept.
    """

    def __init__(self, source, kept_bytes=KEPT_BYTES):
        super().__init__(
            source.shape,
            source.dtype,
            spacing=source.spacing,
            name=source.name,
            format=source.format,
            notices=source.notices,
            storage=source.storage,
            holds_classes=source.holds_classes,
        )
        self.files = source.files
        self._source = source
        scan = getattr(source, "scan", source)  # chunks are those of the file, not of a filter
        self._chunks = getattr(scan, "chunks", None) or (1, 1, 1)
        self._most = int(kept_bytes // (prod(self.shape[1:]) * self.dtype.itemsize))
        self._first, self._kept = 0, np.empty((0, *self.shape[1:]), self.dtype)
        self._wanted = np.zeros(self.shape[0], bool)
        self._decoded, self._boxes = 0, 0

    @property
    def outside(self):
        """Pixels outside the reconstruction circle of the source."""
        return self._source.outside

    @property
    def chunks(self):
        """Sides (z, y, x) of the blocks that are decoded as a whole."""
        return self._chunks

    @property
    def amplification(self):
        """Voxels decoded over those needed, each needed once; 1.0 before anything is read."""
        needed = int(self._wanted.sum()) * prod(self.shape[1:]) + self._boxes
        return self._decoded / needed if needed else 1.0

    def notice(self):
        """Tell what had to be read several times.

        Returns
        -------
        str or None
            None unless twice as much was read as was needed.
        """
        if self.amplification <= 2:
            return None
        depth = self._chunks[0]
        because = (
            f"because its chunks run through {depth} slices; a copy with flatter chunks"
            if depth > 1
            else "because the slabs overlap; with more memory (--max-memory) it"
        )
        times = f"{self.amplification:.1f} times"
        return f"{times} as much was read as was needed, {because} is read faster"

    def _read(self, start, stop):
        result = np.empty((stop - start, *self.shape[1:]), self.dtype)
        self._wanted[start:stop] = True
        behind, z = self._kept[:0], start
        while z < stop:
            last = self._first + len(self._kept)
            if self._first <= z < last:
                piece = self._kept[z - self._first :]
            else:
                end = self._end(z, stop)
                if len(self._kept) and z < self._first:
                    end = min(end, self._first)
                piece = self._source.read(z, end)
                self._count(((z, z + len(piece)), *((0, side) for side in self.shape[1:])))
            part = piece[: stop - z]
            result[z - start : z - start + len(part)] = part
            behind = piece[len(part) :]
            z += len(part)
        self._keep(stop, result, behind)
        return result

    def _read_box(self, box):
        self._count(box)
        self._boxes += prod(high - low for low, high in box)
        return self._source.read_box(box)

    def _end(self, start, stop):
        """Slice at which a piece ends: with a chunk, unless what lies behind cannot be kept."""
        depth = self._chunks[0]
        slices = max(1, SLAB_BYTES // (prod(self.shape[1:]) * self.dtype.itemsize) // depth) * depth
        end = start // depth * depth + slices
        if end < stop:
            return end
        whole = min(-(-stop // depth) * depth, self.shape[0])
        return whole if whole - stop <= self._most else stop

    def _count(self, box):
        """Count the voxels of the chunks that a box touches."""
        ranges = zip(box, self._chunks, self.shape, strict=True)
        self._decoded += prod(
            min(-(-high // chunk) * chunk, side) - low // chunk * chunk
            for (low, high), chunk, side in ranges
        )

    def _keep(self, stop, result, behind):
        """Keep the last slices of a slab, and those behind it that were decoded with it."""
        before = min(max(0, self._most - len(behind)), len(result))
        self._kept = np.concatenate([result[len(result) - before :], behind])
        self._first = stop - before
