"""Grey statistics of a volume of any size: streamed, exact, without sampling.

Integers of 8 and 16 bits are counted in a histogram, from which everything follows in one pass.
Other types get their moments in the first pass (sums of differences from the first voxel, merged
slice by slice as Chan et al. [1]_ do) and their percentiles by radix selection, 16 bits a pass.

References
----------
.. [1] T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance",
   The American Statistician 37(3), 242-247, 1983. doi:10.1080/00031305.1983.10483115
"""

import math
from dataclasses import dataclass

import numpy as np

from tomoseg_tf.volume.histogram import count_values
from tomoseg_tf.volume.opening import as_volume
from tomoseg_tf.volume.sample import inside_of
from tomoseg_tf.volume.selection import order_statistics, passes

PERCENTILES = (0.1, 0.5, 1.0, 2.0, 5.0, 25.0, 50.0, 75.0, 95.0, 98.0, 99.0, 99.5, 99.9)


class NotFiniteError(ValueError):
    """Voxels that count are NaN or infinite."""


@dataclass(frozen=True)
class Statistics:
    """Grey statistics; `std` is that of the population, `percentiles` maps percent to grey."""

    voxels: int
    minimum: float
    maximum: float
    mean: float
    std: float
    percentiles: dict[float, float]

    def to_dict(self):
        """Return the statistics as plain values for JSON; percentiles get texts as keys."""
        values = {f"{percent:g}": value for percent, value in self.percentiles.items()}
        return {
            "voxels": self.voxels,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "mean": self.mean,
            "std": self.std,
            "percentiles": values,
        }

    @classmethod
    def from_dict(cls, values):
        """Read what `to_dict` wrote; unknown or missing names are a `ValueError`."""
        expected = set(cls.__dataclass_fields__)
        if set(values) != expected:
            wrong = ", ".join(sorted(set(values) ^ expected))
            raise ValueError(f"statistics: unknown or missing {wrong}")
        percentiles = {float(key): float(value) for key, value in values["percentiles"].items()}
        numbers = {key: float(values[key]) for key in ("minimum", "maximum", "mean", "std")}
        return cls(int(values["voxels"]), percentiles=percentiles, **numbers)


def measure(volume, percentiles=PERCENTILES, *, sample=None, progress=None):
    """Measure the grey statistics of a volume.

    Parameters
    ----------
    volume : str, Path, (Z, Y, X) array_like or Volume
        Grey volume of any integer or float type.
    percentiles : sequence of float, optional
        Percentages from 0 to 100, with the definition of `numpy.percentile` ("linear").
        None are measured if it is empty; then one pass is enough for each type.
    sample : Sample, optional
        Which voxels count, see `open_sample`; all if not given.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of slices.

    Returns
    -------
    Statistics
        Exact for integers; for floats the moments are sums in float64. The result does not depend
        on how the volume is stored or cut into slabs.

    Raises
    ------
    NotFiniteError
        If a voxel of the sample is NaN or infinite; the text counts them and says where the first
        is.
    ValueError
        If it cannot be read, the sample is empty, or a percentage is outside 0 to 100.
    """
    volume = as_volume(volume)
    percentiles = tuple(float(percent) for percent in percentiles)
    for percent in percentiles:
        if not 0 <= percent <= 100:
            raise ValueError(f"percentile {percent:g}: must be from 0 to 100")
    narrow = volume.dtype.kind in "iu" and volume.dtype.itemsize <= 2
    total = volume.shape[0] * (1 if narrow or not percentiles else 1 + passes(volume.dtype))
    tick = _Progress(progress, total)
    if narrow:
        values, counts = count_values(volume, tick, sample=sample)
        _check_filled(volume, counts.sum(), sample)
        return _from_histogram(values, counts, percentiles)
    voxels, minimum, maximum, mean, std = _moments(volume, tick, sample)
    ranks = [_rank(percent, voxels) for percent in percentiles]
    wanted = sorted({index for low, high, _ in ranks for index in (low, high)})
    found = dict(zip(wanted, order_statistics(volume, wanted, tick, sample=sample), strict=True))
    values = {
        percent: _between(found[low], found[high], part)
        for percent, (low, high, part) in zip(percentiles, ranks, strict=True)
    }
    return Statistics(voxels, float(minimum), float(maximum), mean, std, values)


class _Progress:
    """Counts slices for a progress function that may be missing."""

    def __init__(self, function, total):
        self._function, self._total, self._done = function, total, 0

    def __call__(self, slices):
        self._done += slices
        if self._function:
            self._function(self._done, self._total)


def _from_histogram(values, counts, percentiles):
    """Statistics of whole numbers from how often each occurs."""
    present = np.flatnonzero(counts)
    values = [int(value) for value in values[present]]
    counts = [int(count) for count in counts[present]]
    voxels = sum(counts)
    pairs = list(zip(values, counts, strict=True))
    total = sum(value * count for value, count in pairs)
    squares = sum(value * value * count for value, count in pairs)
    variance = (voxels * squares - total * total) / voxels**2  # whole numbers until the division
    cumulative = np.cumsum(counts)

    def at(index):
        return values[int(np.searchsorted(cumulative, index, side="right"))]

    measured = {}
    for percent in percentiles:
        low, high, part = _rank(percent, voxels)
        measured[percent] = _between(at(low), at(high), part)
    return Statistics(
        voxels, float(values[0]), float(values[-1]), total / voxels, math.sqrt(variance), measured
    )


def _moments(volume, tick, sample):
    """Voxels, minimum, maximum, mean and population standard deviation of a wide type."""
    whole, invalid = volume.dtype.kind in "iu", _Invalid()
    pivot, count, mean, squares, total = None, 0, 0.0, 0.0, 0
    minimum = maximum = None
    with np.errstate(over="ignore", invalid="ignore"):
        for z, image, inside in _images(volume, sample, tick):
            values = image if inside is None else image[inside]
            if not values.size or (not whole and invalid.found(z, image, inside, values)):
                continue
            if pivot is None:
                pivot = minimum = maximum = values.flat[0]
            minimum, maximum = min(minimum, values.min()), max(maximum, values.max())
            difference = _difference(values, pivot)
            size, part = difference.size, difference.mean()
            difference -= part
            shift = part - mean
            squares += float(np.vdot(difference, difference))
            squares += shift * shift * count * size / (count + size)
            count += size
            mean += shift * size / count
            total += _exact_sum(values) if whole else 0
    invalid.check(volume, sample)
    _check_filled(volume, count, sample)
    mean = total / count if whole else float(pivot) + float(mean)
    std = math.sqrt(squares / count) if math.isfinite(squares) else math.inf
    if not (math.isfinite(mean) and math.isfinite(std)):
        raise ValueError(f"{volume.name}: its values are too large to be averaged; rescale them")
    if minimum == maximum:
        return count, minimum, maximum, float(minimum), 0.0
    return count, minimum, maximum, mean, std


def _images(volume, sample, tick):
    """Give each slice with its index and the part of it that is the sample."""
    for start, slab in volume.slabs():
        inside = inside_of(sample, start, start + len(slab))
        for offset, image in enumerate(slab):
            yield start + offset, image, None if inside is None else inside[offset]
        tick(len(slab))


class _Invalid:
    """Counts the voxels of a sample that are no number, and keeps the place of the first."""

    def __init__(self):
        self._nan = self._infinite = 0
        self._first = None

    def found(self, z, image, inside, values):
        """Whether a slice holds any."""
        if np.isfinite(values).all():
            return False
        self._nan += int(np.isnan(values).sum())
        self._infinite += int(np.isinf(values).sum())
        if self._first is None:
            wrong = ~np.isfinite(image) if inside is None else ~np.isfinite(image) & inside
            self._first = (z, *(int(side) for side in np.argwhere(wrong)[0]))
        return True

    def check(self, volume, sample):
        """Refuse them."""
        if self._first is None:
            return
        where = "" if sample is None else " inside the sample"
        cure = "replace them by a grey value, or leave them out with a mask of the sample (--mask)"
        if sample is None and volume.outside is not None:
            cure = "those outside the reconstruction circle are left out by --mask auto"
        raise NotFiniteError(
            f"{volume.name}: {self._nan} voxels are NaN and {self._infinite} are infinite{where}, "
            f"the first at (z, y, x) = {self._first}; {cure}"
        )


def _check_filled(volume, voxels, sample):
    """Refuse a sample without voxels."""
    if not voxels:
        raise ValueError(
            f"{sample.name}: marks no voxel of {volume.name} as sample; give a mask that is not 0 "
            "in the sample"
        )


def _difference(image, pivot):
    """Difference of each voxel from one, in float64, exact before it is rounded."""
    if image.dtype.kind == "f":
        return image.astype(np.float64) - float(pivot)
    above = image >= pivot
    unsigned = np.dtype(f"u{image.dtype.itemsize}")
    image, pivot = image.view(unsigned), np.asarray(pivot).view(unsigned)
    return np.where(above, image - pivot, pivot - image) * np.where(above, 1.0, -1.0)


def _exact_sum(image):
    """Sum of whole numbers of any width, as a Python integer."""
    high, low = np.divmod(image, image.dtype.type(2**16))
    if image.dtype.itemsize == 4:
        return int(high.sum(dtype=np.int64)) * 2**16 + int(low.sum(dtype=np.int64))
    middle = np.mod(high, image.dtype.type(2**16))
    top = image >> 32
    sums = [int(part.sum(dtype=part.dtype)) for part in (top, middle, low)]
    return sums[0] * 2**32 + sums[1] * 2**16 + sums[2]


def _rank(percent, voxels):
    """Neighbouring ranks of a percentile, and where it lies between them."""
    position = percent / 100 * (voxels - 1)
    low = min(int(position), voxels - 1)
    return low, min(low + 1, voxels - 1), position - low


def _between(low, high, part):
    """Interpolate as numpy does: from the nearer side, so that it is monotonic."""
    low, high = float(low), float(high)
    if part >= 0.5:
        return high - (high - low) * (1 - part)
    return low + (high - low) * part
