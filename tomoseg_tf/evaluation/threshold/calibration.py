"""Calibration: whether of voxels with a probability of 0.8 eight in ten are objects."""

from dataclasses import dataclass

import numpy as np

RANGES = 10


@dataclass(frozen=True)
class Calibration:
    """A reliability diagram and what sums it up.

    Attributes
    ----------
    edges : (K + 1,) ndarray of float64
        Probabilities between the ranges; each has its upper end, the first one both.
    voxels : (K,) ndarray of int64
        Voxels with a probability in the range.
    mean_probability, frequency : (K,) ndarray of float64
        Mean of their probabilities, and share of them that are objects; NaN where there is none.
    brier_score : float
        Mean over all voxels of the square of probability minus truth, 0 at best.
    """

    edges: np.ndarray
    voxels: np.ndarray
    mean_probability: np.ndarray
    frequency: np.ndarray
    brier_score: float

    @property
    def expected_error(self):
        """Expected calibration error: mean over all voxels of what is off in their range."""
        off = np.abs(np.nan_to_num(self.mean_probability - self.frequency))
        return float((off * self.voxels).sum() / self.voxels.sum())

    @property
    def mean_error(self):
        """Mean over the ranges that have voxels of what is off; rare objects count in full."""
        return float(np.nanmean(np.abs(self.mean_probability - self.frequency)))

    def to_dict(self):
        """All of it as plain values for JSON; what is not defined is None."""
        rows = zip(
            self.edges[:-1].tolist(),
            self.edges[1:].tolist(),
            self.voxels.tolist(),
            map(_defined, self.mean_probability),
            map(_defined, self.frequency),
            strict=True,
        )
        names = ("low", "high", "voxels", "mean_probability", "frequency")
        return {
            "brier_score": self.brier_score,
            "expected_calibration_error": self.expected_error,
            "mean_calibration_error": self.mean_error,
            "calibration": [dict(zip(names, row, strict=True)) for row in rows],
        }


def calibration(counts, *, ranges=RANGES):
    r"""Compare probabilities with how often they came true.

    The Brier score is :math:`\sum (p - y)^2 / N` with the truth y of 0 or 1.

    Parameters
    ----------
    counts : ProbabilityCounts
        Voxels by probability.
    ranges : int
        Number of ranges of equal width.

    Returns
    -------
    Calibration
        The reliability diagram.

    Raises
    ------
    ValueError
        If there is no range.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural
       networks", ICML 2017. arXiv:1706.04599
    """
    if ranges < 1:
        raise ValueError(f"ranges is {ranges}; one at least")
    edges = np.linspace(0, 1, ranges + 1)
    background, objects = counts.counts
    both, values = background + objects, counts.probabilities
    place = np.searchsorted(edges[1:-1], values)
    voxels, found = (
        np.bincount(place, weights, ranges) for weights in (both.astype(float), objects)
    )
    sums = np.bincount(place, both * values, ranges)
    known = np.where(voxels > 0, voxels, np.nan)
    squares = background * values**2 + objects * (1 - values) ** 2
    return Calibration(
        edges,
        voxels.astype(np.int64),
        sums / known,
        found / known,
        float(squares.sum() / both.sum()),
    )


def _defined(value):
    """Take a number for JSON; None where it is not defined."""
    return None if np.isnan(value) else float(value)
