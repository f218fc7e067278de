"""Noise, rings and shading of reconstructed slices, slice by slice.

Each function depends on a seed and on the slice number alone, so that a
volume may be made in slabs of any depth, or from anywhere in it.
"""

import numpy as np
from scipy import fft
from scipy.interpolate import BSpline

NOISE, RINGS, SHADING, STREAKS = 1, 2, 3, 14  # streams of random numbers of one seed
SMOOTHING = np.array([0.25, 0.5, 0.25])  # of neighbouring detector pixels


def white_slice(seed, z, plane):
    """White noise of one slice: (Y, X) float32 of unit variance, from seed and slice number."""
    rng = np.random.default_rng((seed, NOISE, z & 0xFFFFFFFF))
    return rng.standard_normal(plane, dtype=np.float32)


def backprojection_spectrum(plane, *, cutoff=0.42, slope=0.5):
    """Amplitude spectrum of noise after filtered back-projection.

    The ramp filter gives a noise power that grows with the frequency, and a
    Hann window takes the highest away.

    Parameters
    ----------
    plane : tuple of int
        Sides (Y, X).
    cutoff : float
        Frequency, in cycles per voxel, at which the window reaches zero.
    slope : float
        Exponent of the amplitude over the frequency; 0.5 is that of the ramp filter.

    Returns
    -------
    (Y, X // 2 + 1) ndarray of float32
        Factors for ``rfft2`` of white noise; the result has unit variance.
    """
    frequency = np.hypot(np.fft.fftfreq(plane[0])[:, None], np.fft.rfftfreq(plane[1]))
    window = np.where(frequency < cutoff, 0.5 + 0.5 * np.cos(np.pi * frequency / cutoff), 0.0)
    frequency[0, 0] = 1.0  # the mean, which is left out whatever the slope
    amplitude = frequency**slope * window
    amplitude[0, 0] = 0.0
    counted_twice = np.full(amplitude.shape[1], 2.0)
    counted_twice[0] = 1.0
    if plane[1] % 2 == 0:
        counted_twice[-1] = 1.0
    variance = (amplitude**2 * counted_twice).sum() / np.prod(plane)
    return (amplitude / np.sqrt(variance)).astype(np.float32)


def backprojection_noise(seed, z, spectrum, plane, *, neighbour=0.1):
    """Noise of one reconstructed slice, nearly independent of the next slice.

    Parameters
    ----------
    seed, z : int
        Seed and slice number.
    spectrum : (Y, X // 2 + 1) ndarray of float32
        From `backprojection_spectrum`.
    plane : tuple of int
        Sides (Y, X).
    neighbour : float
        Share of the next slice's noise that the detector lets through.

    Returns
    -------
    (Y, X) ndarray of float32
        Noise of unit variance.
    """
    white = white_slice(seed, z, plane) + np.float32(neighbour) * white_slice(seed, z + 1, plane)
    white /= np.float32(np.sqrt(1 + neighbour**2))
    return fft.irfft2(fft.rfft2(white) * spectrum, s=plane)


def ring_profile(seed, z, length, *, persistence=0.8):
    """Ring amplitudes over the radius: detector pixels that read wrong over a few rows.

    Parameters
    ----------
    seed, z : int
        Seed and slice number.
    length : int
        Number of radii, in voxels.
    persistence : float
        Rows over which a wrong pixel stays wrong (standard deviation).

    Returns
    -------
    (length,) ndarray of float64
        Amplitudes of unit variance far from the axis's fading.
    """
    profile = _lasting(seed, RINGS, z, length, persistence)
    return np.convolve(profile, SMOOTHING, mode="same") / np.sqrt((SMOOTHING**2).sum())


def _lasting(seed, stream, z, length, persistence):
    """White noise of one row of the detector that changes slowly from row to row: (length,)."""
    reach = int(np.ceil(3 * persistence))
    rows = np.arange(z - reach, z + reach + 1)
    weights = np.exp(-0.5 * ((rows - z) / persistence) ** 2)
    weights /= np.sqrt((weights**2).sum())
    drawn = np.stack(
        [
            np.random.default_rng((seed, stream, int(row) & 0xFFFFFFFF)).standard_normal(length)
            for row in rows
        ]
    )
    return weights @ drawn


def rings_slice(seed, z, radius, *, fade):
    """Rings of one slice around the rotation axis, fading with the radius.

    Parameters
    ----------
    seed, z : int
        Seed and slice number.
    radius : (Y, X) ndarray of float32
        Distance of each voxel from the rotation axis, in voxels.
    fade : float
        Radius in voxels at which the amplitude has fallen to 1/sqrt(2).

    Returns
    -------
    (Y, X) ndarray of float32
        Offsets of unit variance on the axis.
    """
    profile = ring_profile(seed, z, int(radius.max()) + 3)
    profile /= np.sqrt(1 + np.arange(len(profile)) / fade)
    return np.interp(radius, np.arange(len(profile)), profile).astype(np.float32)


def streaks_slice(seed, z, plane, *, views=16, persistence=2.0):
    """Straight streaks across one slice: few projections, of which some are worse than others.

    Parameters
    ----------
    seed, z : int
        Seed and slice number.
    plane : tuple of int
        Sides (Y, X).
    views : int
        Number of projections that leave streaks, at angles that the seed draws.
    persistence : float
        Rows over which a streak lasts (standard deviation).

    Returns
    -------
    (Y, X) ndarray of float32
        Offsets of unit variance.
    """
    y, x = (np.arange(side, dtype=np.float32) - (side - 1) / 2 for side in plane)
    half = int(np.hypot(*plane) / 2) + 2
    angles = np.random.default_rng((seed, STREAKS)).uniform(0, np.pi, views)
    profiles = _lasting(seed, STREAKS, z, views * 2 * half, persistence).reshape(views, -1)
    streaks = np.zeros(plane, np.float32)
    for angle, profile in zip(angles, profiles, strict=True):
        smooth = np.convolve(profile, SMOOTHING, mode="same") / np.sqrt((SMOOTHING**2).sum())
        place = np.sin(angle) * y[:, None] + np.cos(angle) * x + half
        streaks += np.interp(place, np.arange(2 * half), smooth)
    return streaks / np.float32(np.sqrt(views))


class Shading:
    """A smooth random field: what phase contrast and scatter leave in the grey levels.

    Cubic splines over a coarse lattice of random numbers; unit variance on
    average.

    Parameters
    ----------
    seed : int
        Seed.
    shape : tuple of int
        Sides (Z, Y, X) of the volume.
    length : float
        Distance of the lattice nodes, in voxels.
    stream : int
        Stream of random numbers of the seed; another gives an independent field.
    """

    def __init__(self, seed, shape, *, length=24.0, stream=SHADING):
        self.shape, self.length = tuple(shape), length
        nodes = [int(np.ceil(side / length)) + 4 for side in shape]
        rng = np.random.default_rng((seed, stream))
        self.lattice = rng.standard_normal(nodes).astype(np.float32)
        self.in_y, self.in_x = (self._weights(np.arange(side)) for side in shape[1:])

    def slice(self, z):
        """Return the field of slice z: (Y, X) float32."""
        weights = self._weights(np.array([min(max(z, 0), self.shape[0] - 1)]))[0]
        plane = np.tensordot(weights, self.lattice[: len(weights)], axes=1)
        plane = plane[: self.in_y.shape[1], : self.in_x.shape[1]]
        return self.in_y @ plane @ self.in_x.T

    def _weights(self, positions):
        """Spline weights of the lattice nodes at positions: (positions, nodes) float32."""
        places = positions / self.length + 1.5
        nodes = np.arange(int(places.max()) + 3)
        basis = BSpline.basis_element(np.arange(-2.0, 3.0), extrapolate=False)
        weights = np.nan_to_num(basis(places[:, None] - nodes))
        return (weights / np.sqrt((weights**2).sum(axis=1, keepdims=True))).astype(np.float32)
