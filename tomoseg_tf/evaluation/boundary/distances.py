"""Distances between boundaries as counts of distinct values, and the scores of two of them."""

from math import nan, sqrt
from typing import NamedTuple

import numpy as np

_SLACK = 1 + 1e-9  # a distance of exactly the tolerance is within it, rounded or not


class Distances:
    """How many boundary voxels have which squared distance to the other boundary.

    In voxels these are whole numbers and few, so that means and percentiles over a volume of any
    size are exact in little memory.
    """

    def __init__(self):
        self._counts = {}

    @property
    def number(self):
        """Number of voxels."""
        return sum(self._counts.values())

    def add(self, squared, count):
        """Count voxels of one squared distance.

        Parameters
        ----------
        squared : float
            Squared distance.
        count : int
            Number of voxels.
        """
        if count:
            self._counts[squared] = self._counts.get(squared, 0) + count

    def add_each(self, squared):
        """Count the voxels of an (N,) array of squared distances."""
        for value, count in zip(*np.unique(squared, return_counts=True), strict=True):
            self.add(float(value), int(count))

    def merge(self, other):
        """Count the voxels of another, too."""
        for squared, count in other._counts.items():
            self.add(squared, count)

    def sum(self):
        """Sum of the distances."""
        return sum(sqrt(squared) * count for squared, count in self._counts.items())

    def mean(self):
        """Mean of the distances."""
        return self.sum() / self.number

    def share_within(self, tolerance):
        """Share of the voxels that are at most so far away."""
        limit = tolerance**2 * _SLACK
        within = sum(count for squared, count in self._counts.items() if squared <= limit)
        return within / self.number

    def percentile(self, percent):
        """Percentile, interpolated linearly as `numpy.percentile` does."""
        squared = np.array(sorted(self._counts))
        upto = np.cumsum([self._counts[value] for value in squared.tolist()])
        place = percent / 100 * (int(upto[-1]) - 1)
        low, high = (
            sqrt(squared[np.searchsorted(upto, rank, side="right")])
            for rank in (int(place), min(int(place) + 1, int(upto[-1]) - 1))
        )
        return low + (high - low) * (place - int(place))


class PairScores(NamedTuple):
    """Scores of two boundaries; NaN where not defined.

    Attributes
    ----------
    bf1 : float
        Boundary F1.
    bde, assd, hd95 : float
        Boundary displacement error, average symmetric surface distance and 95 % Hausdorff
        distance.
    """

    bf1: float
    bde: float
    assd: float
    hd95: float


UNDEFINED = PairScores(nan, nan, nan, nan)  # neither has a boundary
ONE_SIDED = PairScores(0.0, nan, nan, nan)  # only one has: nothing is hit, nothing is measured


def pair_scores(forth, back, tolerance, scale=1.0):
    """Scores of two boundaries from the distances of each to the other.

    BF1 is the harmonic mean of the shares of each boundary that are within the tolerance of the
    other [1]_; BDE the mean of the two mean distances [2]_; ASSD the mean over the voxels of both;
    HD95 the larger of the two 95th percentiles.

    Parameters
    ----------
    forth, back : Distances
        From the truth to the segmentation and from it to the truth, both with voxels.
    tolerance : float
        Largest distance that counts as hit, in the unit of the distances.
    scale : float
        Size of that unit, for BDE, ASSD and HD95.

    Returns
    -------
    PairScores
        The scores.

    References
    ----------
    .. [1] G. Csurka, D. Larlus and F. Perronnin, "What is a good evaluation measure for semantic
       segmentation?", BMVC 2013.
    .. [2] J. Freixenet et al., "Yet another survey on image segmentation", ECCV 2002.
    """
    hits = [one.share_within(tolerance) for one in (forth, back)]
    bf1 = 2 * hits[0] * hits[1] / sum(hits) if sum(hits) else 0.0
    distances = (
        (forth.mean() + back.mean()) / 2,
        (forth.sum() + back.sum()) / (forth.number + back.number),
        max(forth.percentile(95), back.percentile(95)),
    )
    return PairScores(bf1, *(scale * value for value in distances))
