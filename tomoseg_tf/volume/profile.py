"""The grey of a scan in short: quantiles, grain and levels, from slices spread over it."""

from dataclasses import dataclass

import numpy as np

from tomoseg_tf.volume.sample import inside_of
from tomoseg_tf.volume.statistics import measure
from tomoseg_tf.volume.volume import ArrayVolume

SHARES = (np.arange(50) + 0.5) / 50  # of the voxels below each quantile
SLICES = 32
VALUES = 2**21  # grey values that are kept
DIGITS = 4  # after the point


@dataclass(frozen=True)
class GreyProfile:
    """What the grey of a scan is like after normalisation.

    Attributes
    ----------
    quantiles : (50,) tuple of float
        Normalised grey below which 1 %, 3 %, ..., 99 % of the voxels of the sample lie.
    grain : float
        Mean absolute difference of neighbours along x, in standard deviations of the grey.
    levels : float or None
        Steps between the grey levels at 1 % and 99 %, of scans of whole numbers.
    share : float
        Share of the voxels that are the sample.
    dtype : str
        Type of the voxels.
    """

    quantiles: tuple
    grain: float
    levels: float | None
    share: float
    dtype: str


def grey_profile(volume, normalisation, sample=None):
    """Profile a scan, from 32 slices that are spread evenly over it.

    Parameters
    ----------
    volume : Volume
        The scan, as the network is to see it before normalisation.
    normalisation : Normalisation
        That of the network.
    sample : Sample, optional
        Which voxels count; all if not given. NaN and infinite ones never do.

    Returns
    -------
    GreyProfile or None
        None if no voxel counts.
    """
    picked = np.unique(np.linspace(0, volume.shape[0] - 1, SLICES).round().astype(int))
    parts, steps, counted = [], [], 0
    every = max(1, volume.shape[1] * volume.shape[2] * len(picked) // VALUES)
    for z in map(int, picked):
        inside = inside_of(sample, z, z + 1)
        image = volume.read(z, z + 1)[0]
        here = None if inside is None else inside[0]
        values, differences, inside_here = look_at(image, here, every)
        parts.append(values)
        steps.append(differences)
        counted += inside_here
    share = counted / (len(picked) * volume.shape[1] * volume.shape[2])
    values, differences = np.concatenate(parts), np.concatenate(steps)
    return profile_of(values, differences, normalisation, share=share)


def profile_of(values, differences, normalisation, *, statistics=None, share=1.0):
    """Profile grey values.

    Parameters
    ----------
    values : (N,) ndarray
        Grey values, in the type of the scan.
    differences : (M,) ndarray of float
        Absolute differences of neighbours along x.
    normalisation : Normalisation
        That of the network.
    statistics : Statistics, optional
        By which it normalises; those of the values by default.
    share : float, optional
        Share of the voxels that are the sample.

    Returns
    -------
    GreyProfile or None
        None without values.
    """
    if not values.size:
        return None
    grey = ArrayVolume(values.reshape(1, 1, -1))
    if statistics is None and normalisation.method != "none":
        statistics = measure(grey, normalisation.percentiles)
    normalised = normalisation.intensity(statistics)(values)
    low, high = np.quantile(values.astype(np.float64), (0.01, 0.99))
    deviation = values.astype(np.float64).std()
    return GreyProfile(
        quantiles=tuple(round(float(q), DIGITS) for q in np.quantile(normalised, SHARES)),
        grain=float(differences.mean() / deviation) if differences.size and deviation else 0.0,
        levels=float(high - low) if values.dtype.kind in "iu" else None,
        share=float(share),
        dtype=values.dtype.name,
    )


def look_at(image, inside=None, every=1):
    """Take grey values of a slice, and the differences of neighbours along x.

    Parameters
    ----------
    image : (Y, X) ndarray
        Grey values.
    inside : (Y, X) ndarray of bool, optional
        Which pixels count; all if not given. NaN and infinite ones never do.
    every : int, optional
        Which of them are taken: each, each second, ...

    Returns
    -------
    values : (N,) ndarray
        Grey values, in the type of the image.
    differences : (M,) ndarray of float64
        Absolute differences.
    counted : int
        Pixels that count, whether taken or not.
    """
    good = np.ones(image.shape, bool) if inside is None else inside
    if image.dtype.kind == "f":
        good = good & np.isfinite(image)
    values = image[good][::every]
    pairs = np.flatnonzero(good[:, 1:] & good[:, :-1])[::every]
    rows, columns = np.divmod(pairs, max(1, image.shape[1] - 1))
    left, right = image[rows, columns], image[rows, columns + 1]
    return values, np.abs(right.astype(np.float64) - left), int(good.sum())


def profile_distance(one, other):
    """Distance of two distributions of normalised grey: Wasserstein's, of the first order.

    It is the mean absolute difference of their quantiles, in standard deviations of the first.

    Parameters
    ----------
    one, other : (50,) sequence of float
        Quantiles; the first are those of training.

    Returns
    -------
    float
        0 for equal ones; infinite if only the first is constant.

    Examples
    --------
    >>> profile_distance([-1.0, 1.0], [-0.5, 1.5])
    0.5
    """
    one, other = np.asarray(one), np.asarray(other)
    gap, deviation = float(np.abs(one - other).mean()), float(one.std())
    if gap == 0:
        return 0.0
    return gap / deviation if deviation else np.inf
