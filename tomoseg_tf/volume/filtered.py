"""Volumes that are filtered as they are read."""

import numpy as np

from tomoseg_tf.volume.apart import check_apart
from tomoseg_tf.volume.creating import create_volume
from tomoseg_tf.volume.filters import parse_filter
from tomoseg_tf.volume.opening import open_volume
from tomoseg_tf.volume.read_once import ReadOnce, kept_bytes
from tomoseg_tf.volume.volume import Volume

PIECE_BYTES = 2**26  # of a piece in float64, unless the slices that it overlaps need more
SEEN_BYTES = 2**29  # of the slices that a piece with a wide overlap sees: a shallower one sees less
ANCHORED = 16  # slices of a piece where the result depends on them, at multiples of it
WIDE = 8  # overlap from which on the last piece is kept: reads of few slices would filter many


class FilteredVolume(Volume):
    """A volume seen through a filter; any slab of it is read with the overlap that it needs.

    A voxel has the same value, to the last bit, however the volume is cut into slabs. The type is
    kept: whole numbers are rounded, halves away from 0, and clipped to what the type can hold.
    Voxels that are NaN or infinite or outside the reconstruction circle stay as they are; their
    neighbours see the nearest other voxel of the slice in their place. At most one piece is kept
    between two reads, so that statistics of floats, which take several passes, filter as many
    times. Classes stay classes through a median, which makes no new values.

    Parameters
    ----------
    source : Volume
        What is filtered.
    filter : Filter or str
        See `tomoseg_tf.volume.parse_filter`.
    """

    def __init__(self, source, filter):
        self.filter = parse_filter(filter)
        super().__init__(
            source.shape,
            source.dtype,
            spacing=source.spacing,
            name=source.name,
            format=source.format,
            notices=(*source.notices, f"filtered as it is read: {self.filter}"),
            storage=source.storage,
            holds_classes=source.holds_classes and self.filter.name == "median",
        )
        self.files = source.files
        self._source = source
        self._piece = None

    def __getstate__(self):
        """Leave the slices that were filtered last behind, for another process."""
        return {**self.__dict__, "_piece": None}

    @property
    def scan(self):
        """The volume before all filters."""
        return self._source.scan if isinstance(self._source, FilteredVolume) else self._source

    @property
    def outside(self):
        """Pixels outside the reconstruction circle of the scan."""
        return self.scan.outside

    @property
    def filters(self):
        """All filters between that and this volume, the first one first."""
        before = self._source.filters if isinstance(self._source, FilteredVolume) else ()
        return (*before, self.filter)

    def _read_box(self, box):
        (start, stop), rows, columns = box
        result = np.empty([high - low for low, high in box], self.dtype)
        for low, high in self._pieces(start, stop):
            first, last = max(low, start), min(high, stop)
            values = self._filtered(low, high)[first - low : last - low]
            result[first - start : last - start] = values[:, slice(*rows), slice(*columns)]
        return result

    def _pieces(self, start, stop):
        """Slices that are filtered together, in bounded memory."""
        end, depth = stop, self._depth
        if self._keeps:
            start, end = start // depth * depth, self.shape[0]
        for low in range(start, stop, depth):
            yield low, min(low + depth, end)

    @property
    def _depth(self):
        """Slices of a piece."""
        overlap, pixels = self.filter.overlap, self.shape[1] * self.shape[2]
        if self.filter.anchored:
            return ANCHORED
        if self._keeps:
            deep = 4 * overlap * pixels * self.dtype.itemsize <= SEEN_BYTES
            return 2 * overlap if deep else overlap // 2
        return max(1, 2 * overlap, PIECE_BYTES // (8 * pixels) - 2 * overlap)

    @property
    def working_bytes(self):
        """Estimate of the memory that reading a slice takes, filters before this one included."""
        pixels, itemsize = self.shape[1] * self.shape[2], self.dtype.itemsize
        depth = min(self._depth, self.shape[0])
        seen = min(depth + 2 * self.filter.overlap, self.shape[0])
        holes = 0 if self._is_whole else itemsize + 1
        own = pixels * (seen * (itemsize + holes) + 3 * depth * itemsize)
        before = getattr(self._source, "working_bytes", 0)
        return own + self.filter.working_bytes(seen, self.shape[1:], itemsize) + before

    @property
    def _is_whole(self):
        """Whether no voxel can be left out."""
        return self.dtype.kind != "f" and self.outside is None

    def _filtered(self, low, high):
        """Filter some slices, or take them from the last time if they are kept."""
        kept = self._piece  # another thread may replace it meanwhile
        if kept is not None and kept[0] == (low, high):
            return kept[1]
        first = max(0, low - self.filter.overlap)
        grey = self._source.read(first, min(self.shape[0], high + self.filter.overlap))
        wanted = np.s_[low - first : high - first]
        if self._is_whole:
            values = _as_type(self.filter(grey, wanted), self.dtype)
        else:
            good = good_voxels(self, grey)
            values = _as_type(self.filter(fill_holes(grey, good), wanted), self.dtype)
            values = np.where(good[wanted], values, grey[wanted])
        if self._keeps:
            self._piece = (low, high), values
        return values

    @property
    def _keeps(self):
        """Whether the last piece is kept, which then begins at a multiple of its depth."""
        return self.filter.anchored or self.filter.overlap >= WIDE


def through_filters(volume, filters):
    """See a volume through filters, the first one first.

    Parameters
    ----------
    volume : Volume
        The scan.
    filters : sequence of Filter or str
        See `tomoseg_tf.volume.parse_filter`; none leave it as it is.

    Returns
    -------
    Volume
        The same, or a `FilteredVolume`. Between two filters the type is kept, as if the volume had
        been written in between.

    Raises
    ------
    ValueError
        If one is no filter.
    """
    for step in filters:
        volume = FilteredVolume(volume, step)
    return volume


def filter_file(volume, output, filters, *, spacing=None, overwrite=False, progress=None):
    """Filter a volume file into another, slab by slab.

    Parameters
    ----------
    volume : str, Path, Location or Volume
        Volume in any format that can be read.
    output : path
        Where it goes, in the type of the volume; the format follows the suffix.
    filters : sequence of Filter or str
        At least one.
    spacing : sequence of three float, optional
        Voxel size (z, y, x) in µm in place of what the file of a path says.
    overwrite : bool, optional
        Whether an existing output may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of slices.

    Returns
    -------
    Volume
        What was written, as it was read through the filters.

    Raises
    ------
    ValueError
        If no filter is given, one is none, the input cannot be read, or the output exists or would
        spoil the input.
    """
    if not filters:
        raise ValueError("no filter is given; name one such as median:3")
    scan = volume if isinstance(volume, Volume) else open_volume(volume, spacing=spacing)
    check_apart([output], [scan])
    if not isinstance(scan, FilteredVolume):  # which reads its own scan as it does
        scan = ReadOnce(scan, kept_bytes(scan))
    result = through_filters(scan, filters)
    settings = {"spacing": result.spacing, "overwrite": overwrite}
    settings["classes"] = result.holds_classes
    with create_volume(output, result.shape, result.dtype, **settings) as writer:
        for start, slab in result.slabs():
            writer.write(start, slab)
            if progress:
                progress(start + len(slab), result.shape[0])
    return result


def good_voxels(volume, grey, rows=(0, None), columns=(0, None)):
    """Tell which voxels hold a grey level of the reconstruction.

    Parameters
    ----------
    volume : Volume
        The scan.
    grey : (z, y, x) ndarray
        Some of its slices.
    rows, columns : (int, int), optional
        The part of the slices that they are, start and stop.

    Returns
    -------
    (z, y, x) ndarray of bool
        False where it is NaN or infinite, or outside the reconstruction circle.
    """
    good = np.isfinite(grey) if grey.dtype.kind == "f" else np.ones(grey.shape, bool)
    if volume.outside is not None:
        good &= ~volume.outside[slice(*rows), slice(*columns)]
    return good


def fill_holes(grey, good):
    """Give each voxel that is not good the value of the nearest good one of its slice.

    Parameters
    ----------
    grey : (z, y, x) ndarray
        Grey levels; not changed.
    good : (z, y, x) ndarray of bool
        Which of them count.

    Returns
    -------
    (z, y, x) ndarray
        Of the same type; 0 in slices without any that counts.
    """
    if good.all():
        return grey
    from scipy.ndimage import distance_transform_edt  # takes long to import

    result, known, nearest = grey.copy(), None, None
    for image, wanted in zip(result, good, strict=True):
        if not wanted.any():
            image[:] = 0
        elif not wanted.all():
            if known is None or not np.array_equal(wanted, known):  # mostly the same circle
                known = wanted
                nearest = distance_transform_edt(
                    ~wanted, return_distances=False, return_indices=True
                )
            image[:] = image[nearest[0], nearest[1]]
    return result


def _as_type(values, dtype):
    """Convert filtered values to the type of the volume."""
    if values.dtype == dtype:
        return values
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return values.astype(dtype)
    limits = np.iinfo(dtype)
    rounded = np.copysign(np.floor(np.abs(values) + 0.5), values)
    result = np.clip(rounded, limits.min, limits.max)
    if dtype.itemsize < 8:
        return result.astype(dtype)
    top = rounded >= float(limits.max)  # the largest one has no float64 of its own
    return np.where(top, limits.max, np.where(top, 0, result).astype(dtype))
