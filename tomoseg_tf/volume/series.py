"""The scans of a series seen as one volume, whose statistics are those of all of them."""

import numpy as np

from tomoseg_tf.volume.sample import Sample, inside_of
from tomoseg_tf.volume.volume import Volume


class Series(Volume):
    """Scans behind one another along z.

    Parameters
    ----------
    volumes : sequence of Volume
        At least one, of one plane (Y, X) and one type.

    Raises
    ------
    ValueError
        If a plane or type differs: grey levels of other scales mean nothing together.
    """

    def __init__(self, volumes):
        first = volumes[0]
        for volume in volumes[1:]:
            if (volume.shape[1:], volume.dtype) != (first.shape[1:], first.dtype):
                raise ValueError(
                    f"{volume.name}: slices of {_plane(volume)}, but {first.name} has "
                    f"{_plane(first)}; scans share statistics only if both are the same"
                )
        depth = sum(volume.shape[0] for volume in volumes)
        super().__init__(
            (depth, *first.shape[1:]),
            first.dtype,
            spacing=first.spacing,
            name=first.name if len(volumes) == 1 else f"the {len(volumes)} scans together",
            format="series",
        )
        self.files = tuple(file for volume in volumes for file in volume.files)
        self._volumes = list(volumes)

    def slabs(self, depth=None):
        """Read all scans slab by slab, as each of them does; see `Volume.slabs`."""
        first = 0
        for volume in self._volumes:
            for start, slab in volume.slabs(depth):
                yield first + start, slab
            first += volume.shape[0]

    def _read_box(self, box):
        (start, stop), *plane = box
        depths = [volume.shape[0] for volume in self._volumes]
        parts = [
            volume.read_box((cut, *plane))
            for volume, cut in zip(self._volumes, cuts(depths, start, stop), strict=True)
            if cut
        ]
        return np.concatenate(parts) if parts else np.empty(self._shape(box), self.dtype)

    def _shape(self, box):
        return tuple(stop - start for start, stop in box)


class SeriesSample(Sample):
    """The samples of the scans of a series.

    Parameters
    ----------
    samples : sequence of (Sample or None)
        That of each scan; None for every voxel.
    shapes : sequence of tuple of int
        Sides (Z, Y, X) of each scan.
    """

    def __init__(self, samples, shapes):
        super().__init__("series", "")
        self._samples, self._shapes = list(samples), list(shapes)

    def inside(self, start, stop):
        """Say which voxels of a slab are the sample, see `Sample.inside`."""
        parts = []
        depths = [shape[0] for shape in self._shapes]
        ranges = cuts(depths, start, stop)
        for sample, shape, cut in zip(self._samples, self._shapes, ranges, strict=True):
            if cut:
                inside = inside_of(sample, *cut)
                whole = np.broadcast_to(True, (cut[1] - cut[0], *shape[1:]))
                parts.append(whole if inside is None else inside)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def cuts(depths, start, stop):
    """Cut a range of slices of a series into those of its scans.

    Parameters
    ----------
    depths : sequence of int
        Slices of each scan.
    start, stop : int
        First slice of the series and the one past the last.

    Returns
    -------
    list of ((int, int) or None)
        Range of slices of each scan, None where it has none of them.

    Examples
    --------
    >>> cuts([4, 3, 5], 2, 6)
    [(2, 4), (0, 2), None]
    """
    found, first = [], 0
    for depth in depths:
        low, high = max(start - first, 0), min(stop - first, depth)
        found.append((low, high) if low < high else None)
        first += depth
    return found


def _plane(volume):
    """Sides and type of the slices of a volume, as errors tell them."""
    return f"{volume.shape[1]} x {volume.shape[2]} {volume.dtype}"
