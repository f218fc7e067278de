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

from tomoseg_tf.volume.formats import as_volume
from tomoseg_tf.volume.histogram import count_values
from tomoseg_tf.volume.selection import order_statistics, passes

PERCENTILES = (0.1, 0.5, 1.0, 2.0, 5.0, 25.0, 50.0, 75.0, 95.0, 98.0, 99.0, 99.5, 99.9)


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


def measure(volume, percentiles=PERCENTILES, *, progress=None):
    """Measure the grey statistics of a volume.

    Parameters
    ----------
    volume : str, Path, (Z, Y, X) array_like or Volume
        Grey volume of any integer or float type.
    percentiles : sequence of float, optional
        Percentages from 0 to 100, with the definition of `numpy.percentile` ("linear").
        None are measured if it is empty; then one pass is enough for each type.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of slices.

    Returns
    -------
    Statistics
        Exact for integers; for floats the moments are sums in float64. The result does not depend
        on how the volume is stored or cut into slabs.

    Raises
    ------
    ValueError
        If it cannot be read, a voxel is NaN or infinite, or a percentage is outside 0 to 100.
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
        return _from_histogram(*count_values(volume, tick), percentiles)
    minimum, maximum, mean, std = _moments(volume, tick)
    ranks = [_rank(percent, volume.voxels) for percent in percentiles]
    wanted = sorted({index for low, high, _ in ranks for index in (low, high)})
    found = dict(zip(wanted, order_statistics(volume, wanted, tick), strict=True))
    values = {
        percent: _between(found[low], found[high], part)
        for percent, (low, high, part) in zip(percentiles, ranks, strict=True)
    }
    return Statistics(volume.voxels, float(minimum), float(maximum), mean, std, values)


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


def _moments(volume, tick):
    """Minimum, maximum, mean and population standard deviation of a wide type."""
    pivot = volume.read(0, 1)[0, 0, 0]
    minimum = maximum = pivot
    if not np.isfinite(pivot):
        pivot = volume.dtype.type(0)
    count, mean, squares, total = 0, 0.0, 0.0, 0
    invalid = np.zeros(2, np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        for _, slab in volume.slabs():
            for image in slab:
                if volume.dtype.kind == "f":
                    invalid += np.isnan(image).sum(), np.isinf(image).sum()
                minimum, maximum = min(minimum, image.min()), max(maximum, image.max())
                difference = _difference(image, pivot)
                size, part = difference.size, difference.mean()
                difference -= part
                shift = part - mean
                squares += float(np.vdot(difference, difference))
                squares += shift * shift * count * size / (count + size)
                count += size
                mean += shift * size / count
                total += _exact_sum(image) if volume.dtype.kind in "iu" else 0
            tick(len(slab))
    _check_finite(volume, *invalid)
    whole = volume.dtype.kind in "iu"
    mean = total / count if whole else float(pivot) + float(mean)
    std = math.sqrt(squares / count) if math.isfinite(squares) else math.inf
    if not (math.isfinite(mean) and math.isfinite(std)):
        raise ValueError(f"{volume.name}: its values are too large to be averaged; rescale them")
    if minimum == maximum:
        return minimum, maximum, float(minimum), 0.0
    return minimum, maximum, mean, std


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


def _check_finite(volume, num_nan, num_inf):
    """Refuse NaN and infinite voxels."""
    if num_nan or num_inf:
        raise ValueError(
            f"{volume.name}: {num_nan} voxels are NaN and {num_inf} are infinite; "
            "replace them by a grey value first"
        )


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
