"""How grey values become the 8 or 16 bits of a PNG image, and come back."""

from dataclasses import dataclass

import numpy as np

LARGEST = 2**16 - 1
WHOLE = 2**53  # whole numbers up to this are exact in float64
COARSE = 256  # levels between percentiles 1 and 99 below which a notice warns


@dataclass(frozen=True)
class Levels:
    """The levels of one volume: grey value = `offset` + `scale` * level.

    Attributes
    ----------
    dtype : dtype
        uint8 or uint16, the type of the levels.
    offset, scale : float
        Both can be stored as float32 without loss where the volume is of integers of up to 16 bits
        or of float32.
    error : float
        Largest difference between a grey value and what comes back; 0 if each comes back exactly.
    """

    dtype: np.dtype
    offset: float = 0.0
    scale: float = 1.0
    error: float = 0.0

    def of(self, values):
        """Turn grey values into levels.

        Parameters
        ----------
        values : ndarray
            Grey values. NaN becomes level 0, what lies beyond the levels the nearest of them.

        Returns
        -------
        ndarray of uint8 or uint16
            Their levels.
        """
        if values.dtype == self.dtype and (self.offset, self.scale) == (0, 1):
            return values
        with np.errstate(invalid="ignore"):
            steps = np.rint((values.astype(np.float64) - self.offset) / self.scale)
        return np.nan_to_num(np.clip(steps, 0, LARGEST)).astype(self.dtype)


def bits_of(dtype):
    """Type of the levels of volumes of a type.

    Parameters
    ----------
    dtype : dtype
        Type of the volumes.

    Returns
    -------
    dtype
        uint8 for uint8, else uint16.
    """
    return np.dtype(np.uint8 if np.dtype(dtype) == np.uint8 else np.uint16)


def choose_levels(dtype, statistics):
    """Choose the levels of a volume.

    Parameters
    ----------
    dtype : dtype
        Type of the volume.
    statistics : Statistics
        Its smallest and largest value.

    Returns
    -------
    Levels
        The values themselves for uint8 and uint16; steps of 1 from the smallest on for other
        integers whose range fits into 16 bits; else 65536 even steps from the smallest value to
        the largest.
    """
    dtype, kind = np.dtype(dtype), bits_of(dtype)
    if dtype == kind:
        return Levels(kind)
    low, high = statistics.minimum, statistics.maximum
    known = dtype.kind in "iu" and max(abs(low), abs(high)) < WHOLE
    if low == high or (known and high - low <= LARGEST):
        return Levels(kind, low)
    scale = np.float32((high - low) / LARGEST)
    if float(scale) * LARGEST < high - low:
        scale = np.nextafter(scale, np.float32(np.inf))
    return Levels(kind, low, float(scale), float(scale) / 2)


def levels_of(sample):
    """Choose the levels of a sample.

    Parameters
    ----------
    sample : MeasuredSample
        A volume with its statistics.

    Returns
    -------
    Levels
        Those of the whole volume; of what is the sample where the volume holds NaN outside of it,
        or a fill so far from it that too few levels would be left.
    """
    dtype, whole, own = sample.volume.dtype, sample.statistics, sample.sample_statistics
    if whole is None:
        return choose_levels(dtype, own)
    levels = choose_levels(dtype, whole)
    coarse = own is not None and levels.error and _between(own, levels) < COARSE
    return choose_levels(dtype, own) if coarse else levels


def level_notices(measured, levels):
    """Say how far grey values are rounded.

    Parameters
    ----------
    measured : sequence of MeasuredSample
        The samples.
    levels : sequence of Levels
        The levels of each.

    Returns
    -------
    list of str
        A notice for each volume that is not stored exactly.
    """
    notices = []
    for sample, level in zip(measured, levels, strict=True):
        whole, own = sample.statistics, sample.sample_statistics
        last = level.offset + level.scale * LARGEST + level.error
        first = level.offset - level.error
        both = whole is not None and own is not None
        if both and not first <= whole.minimum <= whole.maximum <= last:
            notices.append(
                f"{sample.volume.name}: what lies outside the sample is far from its grey values "
                "and stored as the nearest of them; train with normalisation.outside left_out"
            )
        if not level.error:
            continue
        between = _between(own or whole, level)
        text = (
            f"{sample.volume.name}: {sample.volume.dtype} is stored as PNG of 16 bits; the largest "
            f"rounding error is {level.error:.3g}, {between:.0f} levels lie between percentiles 1 "
            "and 99"
        )
        if between < COARSE:
            text += (
                ": few, since single voxels are far beyond the rest; remove them first, such as "
                "with --filter median:3, or write patches of 2 slices or more, which are exact"
            )
        notices.append(text)
    return notices


def _between(statistics, level):
    """Count the levels between percentiles 1 and 99."""
    return (statistics.percentiles[99.0] - statistics.percentiles[1.0]) / level.scale
