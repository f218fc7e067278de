"""Tiles that overlap, and how they are blended: their places, weights and sums.

Where tiles overlap, the result is the mean by weights that fall from the middle of a tile as a
Gaussian does, so that no tile begins or ends with a step. The tiles lie on one grid from voxel 0 of
the volume, whichever part is wanted.

References
----------
.. [1] F. Isensee et al., "nnU-Net", Nature Methods 18, 203-211, 2021, section "Inference".
"""

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.plan import Plan

NARROW = 8  # deviations of the Gaussian in a side


@dataclass(frozen=True)
class BlendPlan(Plan):
    """How a volume is covered by tiles that overlap.

    Attributes
    ----------
    starts : tuple of tuple of int
        First voxels of the tiles along z, y and x.
    """

    starts: tuple = ((0,), (0,), (0,))

    def layers(self):
        """Z-ranges from one layer of tiles to the next, see `Plan.layers`; each is one box."""
        low, high = self.roi[0]
        for start, stop in pairwise((*self.starts[0], self.padded[0])):
            z = max(start, low), min(stop, high)
            if z[0] < z[1]:
                yield z, [(z, *self.roi[1:])]

    def faces(self):
        """Where tiles begin and end inside the part, counted from its first voxel.

        Returns
        -------
        list of list of int
            For z, y and x; between the voxel of that number and the one before.
        """
        return [
            sorted(
                {place - low for start in starts for place in (start, start + side)}
                & set(range(1, high - low))
            )
            for starts, side, (low, high) in zip(self.starts, self.tile, self.roi, strict=True)
        ]


class BlendEngine:
    """A network ready to predict layers of tiles that overlap.

    Parameters
    ----------
    network : BlendedNetwork
        The network.
    plan : BlendPlan
        The tiles.
    """

    def __init__(self, network, plan):
        self.network, self.plan = network, plan
        self.shares = [gaussian(side) for side in plan.tile]
        self.totals = [
            _spread_sum(share, starts, side)
            for share, starts, side in zip(self.shares, plan.starts, plan.padded, strict=True)
        ]
        self.sums = {}  # of layers that the next z-range needs too

    def needed(self, box, shape):
        """Part of the padded volume for a box of the result: the tiles that reach into it.

        Parameters
        ----------
        box : tuple of (int, int)
            Wanted part of the result.
        shape : tuple of int
            Padded sides of the volume.

        Returns
        -------
        tuple of (int, int)
        """
        found = [self._reaching(axis, ends) for axis, ends in enumerate(box)]
        pairs = zip(found, self.plan.tile, strict=True)
        return tuple((each[0], each[-1] + side) for each, side in pairs)

    def run(self, tile, box, shape, tick=None):
        """Predict the tiles that reach into a box, and blend them.

        Parameters
        ----------
        tile : (Z, Y, X) ndarray of float32
            Normalised grey of what `needed` says.
        box : tuple of (int, int)
            Wanted part of the result.
        shape : tuple of int
            Padded sides of the volume.
        tick : callable, optional
            Called as ``tick(voxels)`` after each tile, with the voxels of the box that are done.

        Returns
        -------
        (Z, Y, X, C) ndarray of float32
            Probabilities.
        """
        (low, high), origin = box[0], [low for low, _ in self.needed(box, shape)]
        starts = self._reaching(0, box[0])
        sides = [stop - start for start, stop in box]
        result = np.zeros((*sides, self.network.num_classes), np.float32)
        missing = [start for start in starts if start not in self.sums]
        for index, start in enumerate(missing):
            done = _within(tick, index, len(missing), volume_of(box))
            self.sums[start] = self._layer(tile, start, box[1:], origin, done)
        depth = self.plan.tile[0]
        for start in starts:
            first, last = max(low, start), min(high, start + depth)
            part = self.sums[start][first - start : last - start]
            result[first - low : last - low] += part
        self.sums = {at: sums for at, sums in self.sums.items() if at + depth > high}
        for axis, (total, (start, stop)) in enumerate(zip(self.totals, box, strict=True)):
            result /= total[start:stop].reshape([-1 if axis == i else 1 for i in range(4)])
        return result

    def _layer(self, grey, start, planes, origin, tick):
        """Sum of the weighted tiles that begin at a slice, in a part of the planes."""
        depth, *sides = self.plan.tile
        extent = [high - low for low, high in planes]
        sums = np.zeros((depth, *extent, self.network.num_classes), np.float32)
        places = list(product(self._reaching(1, planes[0]), self._reaching(2, planes[1])))
        for index, corner in enumerate(places):
            first = [at - low for at, low in zip((start, *corner), origin, strict=True)]
            cut = tuple(
                slice(at, at + side) for at, side in zip(first, self.plan.tile, strict=True)
            )
            found = self.network(grey[cut])
            for axis, share in enumerate(self.shares):
                found = found * share.reshape([-1 if axis == i else 1 for i in range(4)])
            into, taken = [slice(None)], [slice(None)]
            for at, side, (low, high) in zip(corner, sides, planes, strict=True):
                begin, end = max(at, low), min(at + side, high)
                into.append(slice(begin - low, end - low))
                taken.append(slice(begin - at, end - at))
            sums[tuple(into)] += found[tuple(taken)]
            if tick:
                tick((index + 1) / len(places))
        return sums

    def _reaching(self, axis, ends):
        """First voxels of the tiles that reach into a range along an axis."""
        side = self.plan.tile[axis]
        return [at for at in self.plan.starts[axis] if at < ends[1] and at + side > ends[0]]


def gaussian(side):
    """Weights of a tile along an axis: 1 in the middle, never 0.

    Parameters
    ----------
    side : int
        Voxels.

    Returns
    -------
    (side,) ndarray of float32
    """
    places = np.arange(side) - (side - 1) / 2
    return np.exp(-0.5 * (places / (side / NARROW)) ** 2).astype(np.float32)


def _spread_sum(share, starts, length):
    """Weights along an axis, added up over all tiles."""
    total = np.zeros(length, np.float32)
    for start in starts:
        total[start : start + len(share)] += share
    return total


def _within(tick, index, count, voxels):
    """Progress within one of several layers; None without any."""
    return None if tick is None else lambda share: tick(int(voxels * (index + share) / count))
