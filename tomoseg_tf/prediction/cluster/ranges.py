"""Ranges of slices that workers predict, and the store that all of them write into.

A range ends where a layer of tiles does, so that every tile is the one that a single process
would compute, and where a layer of chunks does, so that no two workers write one chunk.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr

MAX_DEPTH = 64  # slices of a chunk
SIDE = 512
SHARES = 4  # ranges per worker, at least: what a lost one costs, and how even the load is
LEAST = 32  # ranges, as workers may come later
LONGER = 4  # times, a range over what is computed again for it


def cut_ranges(layers, workers, again=0):
    """Cut the layers of tiles into ranges.

    Parameters
    ----------
    layers : sequence of (int, int)
        First slice and the one past the last of each layer, one after the other.
    workers : int
        How many workers there are.
    again : int, optional
        Slices that are computed again where a range begins.

    Returns
    -------
    list of (int, int)
        Ranges of about equally many layers: at least four per worker and 32 in all where there are
        as many layers. Where slices are computed again, these are at most a quarter of a range,
        unless some worker had no range then.

    Examples
    --------
    >>> cut_ranges([(0, 8), (8, 16), (16, 24), (24, 26)], 1)
    [(0, 8), (8, 16), (16, 24), (24, 26)]
    >>> cut_ranges([(z, z + 8) for z in range(0, 512, 8)], 2)[:2]
    [(0, 16), (16, 32)]
    """
    if not layers:
        return []
    count = max(LEAST, SHARES * workers)
    if again:
        most = (layers[-1][1] - layers[0][0]) // (LONGER * again)
        count = max(1, workers, min(count, most))
    ends = np.unique(np.linspace(0, len(layers), min(count, len(layers)) + 1).round().astype(int))
    return [
        (layers[start][0], layers[stop - 1][1])
        for start, stop in zip(ends.tolist(), ends.tolist()[1:], strict=False)
    ]


@dataclass(frozen=True)
class RangeStore:
    """A Zarr store of unfinished outputs, an array for each.

    Attributes
    ----------
    path : Path
        Its folder, which every worker sees.
    first : int
        Slice of the volume that the grid of chunks begins with; at or before the first wanted one.
    """

    path: Path
    first: int

    @classmethod
    def create(cls, path, roi, layers, outputs):
        """Make a store.

        Parameters
        ----------
        path : Path
            Folder that is not there yet.
        roi : tuple of (int, int)
            Part of the volume that is predicted.
        layers : sequence of (int, int)
            Layers of tiles: equally deep, but for the first and the last.
        outputs : list of Output
            What is written.

        Returns
        -------
        RangeStore
        """
        depth = max(stop - start for start, stop in layers)
        first = layers[0][1] - depth if len(layers) > 1 else roi[0][0]
        chunk = max(part for part in range(1, min(depth, MAX_DEPTH) + 1) if depth % part == 0)
        group = zarr.create_group(path, zarr_format=3)
        sides = [high - low for low, high in roi[1:]]
        for index, output in enumerate(outputs):
            last = () if output.channels is None else (output.channels,)
            group.create_array(
                str(index),
                shape=(roi[0][1] - first, *sides, *last),
                chunks=(chunk, *(min(SIDE, side) for side in sides), *last),
                dtype=output.dtype,
                compressors=zarr.codecs.BloscCodec(cname="zstd", clevel=1, shuffle="shuffle"),
                config={"write_empty_chunks": True},
            )
        return cls(Path(path), first)

    def writer(self, index, start):
        """Give a worker what it writes to.

        Parameters
        ----------
        index : int
            Of the output.
        start : int
            First slice of the range of the worker, of the volume.

        Returns
        -------
        RangeWriter
        """
        return RangeWriter(self._open(index, "r+"), start - self.first)

    def slabs(self, index, start, stop):
        """Read what workers wrote.

        Parameters
        ----------
        index : int
            Of the output.
        start, stop : int
            Range of slices of the volume.

        Yields
        ------
        z : int
            First slice of the slab, of the volume.
        slab : (n, Y, X, ...) ndarray
            Its values.
        """
        array = self._open(index, "r")
        depth = array.chunks[0]
        for z in range(start - (start - self.first) % depth, stop, depth):
            low, high = max(z, start), min(z + depth, stop)
            yield low, np.asarray(array[low - self.first : high - self.first])

    def _open(self, index, mode):
        store = zarr.storage.LocalStore(self.path / str(index), read_only=mode == "r")
        return zarr.open_array(store, mode=mode, zarr_format=3)


class RangeWriter:
    """Writes a range of slices into an array of a store.

    Parameters
    ----------
    array : zarr.Array
        Array of the store.
    origin : int
        Slice of the array that the range begins with.
    """

    def __init__(self, array, origin):
        self._array, self._origin = array, origin

    def write(self, start, slab):
        """Write a slab, from a slice of the range on."""
        first = self._origin + start
        self._array[first : first + len(slab)] = slab
