"""Best two-sided grey window: how far a scan can be segmented by grey level alone."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from tomoseg_tf.volume import IGNORE

_LEVELS = 256  # bins per grey level once a filter has made the grey levels fractional


class GreyWindow(NamedTuple):
    """A grey window, both ends included, and the Dice that it reaches.

    Attributes
    ----------
    low, high : float
        Smallest and largest grey level taken as object.
    dice : float
        Dice of `low <= grey <= high` against the truth, in [0, 1].
    """

    low: float
    high: float
    dice: float


class FilteredWindow(NamedTuple):
    """A filter followed by a grey window, and the Dice that both reach.

    Attributes
    ----------
    filter : str
        `"none"`, `"gaussian"` or `"median"`.
    size : float
        Standard deviation of the Gaussian or side of the median, in voxels; 0 for `"none"`.
    low, high : float
        Smallest and largest filtered grey level taken as object.
    dice : float
        Dice against the truth, in [0, 1].
    """

    filter: str
    size: float
    low: float
    high: float
    dice: float


def grey_histograms(volume, truth, mask=None):
    """Grey histograms of background and objects; those of slabs add up to those of the volume.

    Parameters
    ----------
    volume : (Z, Y, X) ndarray of uint8 or uint16
        Grey levels.
    truth : (Z, Y, X) ndarray of int or bool
        Classes: 0 is background, `IGNORE` (255) is left out, any other is object.
    mask : (Z, Y, X) ndarray of bool, optional
        Voxels to count; all when None.

    Returns
    -------
    (2, N) ndarray of int64
        Voxels per grey level, of the background and of the objects; N is 256 or 65536.

    Raises
    ------
    ValueError
        If the dtype is another, or the shapes differ.
    """
    volume, truth = np.asarray(volume), np.asarray(truth)
    if volume.dtype.kind != "u" or volume.dtype.itemsize > 2:
        raise ValueError(
            f"grey window of a {volume.dtype} volume: only uint8 and uint16 have one bin per grey "
            "level; convert the volume"
        )
    mask = np.broadcast_to(True, volume.shape) if mask is None else np.asarray(mask, dtype=bool)
    for name, array in (("truth", truth), ("mask", mask)):
        if array.shape != volume.shape:
            raise ValueError(
                f"{name} has shape {array.shape}, the volume {volume.shape}; both must agree"
            )
    histograms = np.zeros((2, np.iinfo(volume.dtype).max + 1), np.int64)
    for grey, classes, inside in zip(volume, truth, mask, strict=True):
        for histogram, chosen in zip(histograms, (classes == 0, classes != 0), strict=True):
            chosen = chosen & inside & (classes != IGNORE)
            histogram += np.bincount(grey[chosen], minlength=len(histogram))
    return histograms


def best_window(histograms):
    """Best two-sided window of two histograms by Dice, exactly.

    Dice is a ratio of two sums over the window, so it is maximised by Dinkelbach's iteration:
    the window of largest sum of 2 objects - dice (objects + background) either raises the Dice
    or proves that none does. Each step is linear in the number of bins.

    Parameters
    ----------
    histograms : (2, N) array_like of int
        Voxels per bin, of the background and of the objects.

    Returns
    -------
    GreyWindow
        The first and last bin of the window, and its Dice.

    Raises
    ------
    ValueError
        If there is no object voxel.

    References
    ----------
    .. [1] W. Dinkelbach, "On nonlinear fractional programming", Management Science 13(7),
       492-498, 1967. doi:10.1287/mnsc.13.7.492

    Examples
    --------
    Ten object voxels at grey levels 1 and 2, where two background voxels lie as well:

    >>> best_window([[50, 1, 1, 50], [0, 6, 4, 0]])
    GreyWindow(low=1, high=2, dice=0.9090909090909091)
    """
    background, objects = np.asarray(histograms, dtype=np.int64)
    total = int(objects.sum())
    if total == 0:
        raise ValueError("grey window: the truth has no object voxel that counts")
    best = GreyWindow(0, len(objects) - 1, 0.0)
    while True:
        low, high = _largest_sum(2 * objects - best.dice * (objects + background))
        inside = int(objects[low : high + 1].sum())
        taken = inside + int(background[low : high + 1].sum())
        dice = 2 * inside / (taken + total)
        if dice <= best.dice:
            return best
        best = GreyWindow(low, high, dice)


def best_grey_window(volume, truth, mask=None):
    """Best two-sided grey window of a volume by Dice, exactly.

    Parameters
    ----------
    volume : (Z, Y, X) ndarray of uint8 or uint16
        Grey levels.
    truth : (Z, Y, X) ndarray of int or bool
        Classes: 0 is background, `IGNORE` (255) is left out, any other is object.
    mask : (Z, Y, X) ndarray of bool, optional
        Voxels to count, such as those inside the sample; all when None.

    Returns
    -------
    GreyWindow
        The grey levels of the window, as integers, and its Dice.

    Raises
    ------
    ValueError
        If the dtype is another, the shapes differ or no object voxel counts.
    """
    return best_window(grey_histograms(volume, truth, mask))


def best_filtered_window(
    volume, truth, mask=None, *, gaussian_sigmas=(0.5, 1.0, 1.5, 2.0), median_sizes=(3, 5)
):
    """Best grey window over several filters: the classical baseline for a scan.

    The filters see the whole volume, the window only the voxels that count. Gaussian-filtered
    grey levels are kept to 1/256 of a grey level, so that smoothing is not spoilt by rounding.
    The unfiltered volume takes part, so that the result is never worse than
    `best_grey_window`. Works in memory, about eight bytes a voxel.

    Parameters
    ----------
    volume : (Z, Y, X) ndarray of uint8
        Grey levels.
    truth : (Z, Y, X) ndarray of int or bool
        Classes: 0 is background, `IGNORE` (255) is left out, any other is object.
    mask : (Z, Y, X) ndarray of bool, optional
        Voxels to count; all when None.
    gaussian_sigmas : sequence of float
        Standard deviations of the Gaussian filters, in voxels.
    median_sizes : sequence of int
        Sides of the cubic median filters, in voxels.

    Returns
    -------
    FilteredWindow
        The best filter, its window and the Dice; the earlier one of equals, in the order
        none, Gaussians, medians.

    Raises
    ------
    ValueError
        If the volume is not uint8, the shapes differ or no object voxel counts.
    """
    volume = np.asarray(volume)
    if volume.dtype != np.uint8:
        raise ValueError(f"filtered grey window of a {volume.dtype} volume: convert it to uint8")
    tried = [FilteredWindow("none", 0, *best_grey_window(volume, truth, mask))]
    for sigma in gaussian_sigmas:
        smooth = ndimage.gaussian_filter(volume, sigma, output=np.float32)
        smooth *= _LEVELS
        levels = np.rint(smooth, out=smooth).astype(np.uint16)
        low, high, dice = best_grey_window(levels, truth, mask)
        tried.append(FilteredWindow("gaussian", sigma, low / _LEVELS, high / _LEVELS, dice))
    for size in median_sizes:
        window = best_grey_window(ndimage.median_filter(volume, size), truth, mask)
        tried.append(FilteredWindow("median", size, *window))
    return max(tried, key=lambda window: window.dice)


def _largest_sum(values):
    """First and last index of the contiguous run with the largest sum."""
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    starts = np.minimum.accumulate(sums[:-1])
    last = int(np.argmax(sums[1:] - starts))
    first = int(np.flatnonzero(sums[: last + 1] == starts[last])[-1])
    return first, last
