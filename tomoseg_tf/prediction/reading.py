"""Read normalised tiles of a volume, in the order in which an engine takes them."""

from math import prod
from threading import Lock

import numpy as np

from tomoseg_tf.volume import NotFiniteError, inside_of

BLOCK_BYTES = 2**24  # of voxels as they are stored, of one part of the planes, read at a time
CHUNKED_BYTES = 2**25  # the same where the slices of a chunk are decoded together


class TileReader:
    """Reads normalised boxes, with zeros beyond the high ends of the volume.

    Whole slices are read where parts of them follow each other over the same slices, as tiles do.
    A stream takes few slices at a time of one part of the planes: only that part is read, and as
    many slices ahead as a block holds.

    Parameters
    ----------
    volume : Volume
        Grey levels.
    intensity : Intensity
        Normalisation, from the statistics of the whole volume.
    sample : tomoseg_tf.volume.Sample or None
        Which voxels are the sample; all if None. One of them that is NaN or infinite is a
        `tomoseg_tf.volume.NotFiniteError` where it is read.
    """

    def __init__(self, volume, intensity, sample=None):
        self.volume, self.intensity, self.sample = volume, intensity, sample
        self._held, self._grey, self._inside = None, None, None
        self._one = Lock()  # at a time reads the sample

    def tiles(self, parts):
        """Read tiles of some slices one after the other.

        Parameters
        ----------
        parts : sequence of tuple of (int, int)
            Parts of the padded volume, over the same slices.

        Yields
        ------
        (Z, Y, X) ndarray of float32
        """
        for part in parts:
            whole = (part[0], *((0, side) for side in self.volume.shape[1:]))
            yield self._cut(part, whole)

    def stream(self, parts):
        """Read slices that follow each other, of one part of the planes.

        Parameters
        ----------
        parts : sequence of tuple of (int, int)
            Parts of the padded volume, the slices of each after those of the one before.

        Yields
        ------
        (Z, Y, X) ndarray of float32
        """
        stop = min(parts[-1][0][1], self.volume.shape[0]) if parts else 0
        for part in parts:
            yield self._cut(part, ((part[0][0], stop), *part[1:]), ahead=True)

    def inside(self, start, stop):
        """Say which voxels of a slab are the sample, see `tomoseg_tf.volume.inside_of`."""
        with self._one:
            return inside_of(self.sample, start, stop)

    def _cut(self, part, around, *, ahead=False):
        """Normalise a part of a block that is held, or of one that is read around it."""
        inner = _within(part, self.volume.shape)
        if not prod(high - low for low, high in inner):
            return np.zeros([high - low for low, high in part], np.float32)
        if not _holds(self._held, inner):
            self._read(_within(around, self.volume.shape), inner, ahead)
        cuts = tuple(
            slice(low - first, high - first)
            for (low, high), (first, _) in zip(inner, self._held, strict=True)
        )
        inside = None if self._inside is None else self._inside[cuts]
        tile = self.intensity(self._grey[cuts], inside)
        pads = [(0, high - low - side) for (low, high), side in zip(part, tile.shape, strict=True)]
        return np.pad(tile, pads) if any(high for _, high in pads) else tile

    def _read(self, box, inner, ahead):
        """Read a box, or of a stream the slices of it that come next."""
        (low, high), *plane = box
        if ahead:
            high = min(high, max(low + self._depth(low, plane), inner[0][1]))
        self._held = self._grey = self._inside = None  # before the next ones are there
        if plane == [(0, side) for side in self.volume.shape[1:]]:
            self._grey = self.volume.read(low, high)
        else:
            self._grey = self.volume.read_box(((low, high), *plane))
        inside = self.inside(low, high)
        if inside is not None:
            self._inside = inside[(slice(None), *(slice(*ends) for ends in plane))]
        self._check_finite()
        self._held = ((low, high), *plane)

    def _check_finite(self):
        """Refuse voxels of the sample that are no numbers: shared statistics do not show them."""
        if self._grey.dtype.kind != "f":
            return
        for z, image in enumerate(self._grey):
            wrong = ~np.isfinite(image)
            if wrong.any() and (self._inside is None or (wrong & self._inside[z]).any()):
                where = "" if self.sample is None else " inside the sample"
                raise NotFiniteError(
                    f"{self.volume.name}: voxels are NaN or infinite{where}; see how many and "
                    "where with tomoseg-tf info, and replace them by a grey value, or leave them "
                    "out with a mask of the sample (--mask)"
                )

    def _depth(self, low, plane):
        """Slices to read at a time from one on: to the end of a chunk, if these are not many."""
        each = self.volume.dtype.itemsize * prod(stop - start for start, stop in plane)
        chunk = (getattr(self.volume, "chunks", None) or (1,))[0]
        rest = chunk - low % chunk
        if rest > 1 and rest * each <= CHUNKED_BYTES:
            return rest
        return max(1, BLOCK_BYTES // each)


def _within(part, shape):
    """Cut a part off at the ends of the volume."""
    return tuple(
        (min(low, side), min(high, side)) for (low, high), side in zip(part, shape, strict=True)
    )


def _holds(held, part):
    """Tell whether a box holds another one."""
    return held is not None and all(
        first <= low and high <= last for (first, last), (low, high) in zip(held, part, strict=True)
    )
