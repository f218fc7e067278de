"""Growth rates: straight lines fitted to the sizes of each track."""

import numpy as np


def growth_rates(tracks, times, sizes, usable):
    r"""Fit a straight line to the size of each track over time, by least squares.

    The error of the slope is :math:`\sqrt{\sum e^2 / (n - 2) / \sum (t - \bar t)^2}` with the
    residuals e.

    Parameters
    ----------
    tracks : (N,) ndarray of int64
        Track of each object of all steps.
    times : (N,) ndarray of float64
        When each was seen.
    sizes : (N,) ndarray of float64
        Its size.
    usable : (N,) ndarray of bool
        Which are seen as a whole.

    Returns
    -------
    rates, errors : (N,) ndarray of float64
        Slope of the track that each object is in, and its standard error; NaN with fewer than two
        objects, the error with fewer than three.

    Examples
    --------
    >>> line = growth_rates(np.ones(3, int), np.arange(3.0), np.array([1.0, 3.0, 5.0]), True)
    >>> line[0].tolist(), line[1].tolist()
    ([2.0, 2.0, 2.0], [0.0, 0.0, 0.0])
    """
    number = int(tracks.max(initial=0)) + 1
    used = np.broadcast_to(usable, tracks.shape).astype(float)

    def summed(values):
        return np.bincount(tracks, used * values, number)

    with np.errstate(divide="ignore", invalid="ignore"):
        count = summed(1.0 + 0 * times)
        time, size = (
            times - (summed(times) / count)[tracks],
            sizes - (summed(sizes) / count)[tracks],
        )
        time, size = np.where(used > 0, time, 0), np.where(used > 0, size, 0)
        spread = summed(time**2)
        slope = np.where(spread > 0, summed(time * size) / spread, np.nan)
        residuals = np.where(used > 0, size - slope[tracks] * time, 0)
        variance = summed(residuals**2) / (count - 2) / spread
        error = np.where(count > 2, np.sqrt(variance), np.nan)
    return slope[tracks], error[tracks]
