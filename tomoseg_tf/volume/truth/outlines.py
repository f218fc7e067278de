"""Outlines filled as ImageJ does: a pixel is inside when its centre is.

Coordinates are those of the corners of pixels: the first pixel reaches from 0 to 1. A centre on an
outline is inside if it is on a right or lower edge.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Polygons:
    """One or more closed polygons, (N, 2) arrays of (x, y); what two of them cover is a hole."""

    paths: tuple[np.ndarray, ...]

    def rows(self):
        """First and last y."""
        heights = np.concatenate([path[:, 1] for path in self.paths])
        return heights.min(), heights.max()

    def crossings(self, y):
        """Places x at which the outline crosses a row, from left to right."""
        found = []
        for path in self.paths:
            x0, y0 = path[:, 0], path[:, 1]
            x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
            cut = (y0 < y) != (y1 < y)
            share = (y - y0[cut]) / (y1[cut] - y0[cut])
            found.append(x0[cut] + share * (x1[cut] - x0[cut]))
        return np.sort(np.concatenate(found))


@dataclass(frozen=True)
class Oval:
    """An ellipse that fills a box."""

    left: float
    top: float
    right: float
    bottom: float

    def rows(self):
        """First and last y."""
        return self.top, self.bottom

    def crossings(self, y):
        """Places x at which the outline crosses a row, from left to right."""
        half = (self.bottom - self.top) / 2
        inside = 1 - ((y - self.top - half) / half) ** 2
        reach = np.sqrt(max(inside, 0)) * (self.right - self.left) / 2
        middle = (self.left + self.right) / 2
        return np.array([middle - reach, middle + reach])


def fill_outline(outline, shape):
    """Find the pixels inside an outline.

    Parameters
    ----------
    outline : Polygons or Oval
        The outline; it may reach out of the image.
    shape : tuple of two int
        Shape (Y, X) of the image.

    Returns
    -------
    (Y, X) ndarray of bool
        Whether the centre of each pixel is inside.

    Examples
    --------
    >>> fill_outline(Oval(0, 0, 3, 3), (3, 4)).astype(int)
    array([[1, 1, 1, 0],
           [1, 1, 1, 0],
           [1, 1, 1, 0]])
    """
    height, width = shape
    mask = np.zeros(shape, bool)
    top, bottom = np.nan_to_num(outline.rows(), nan=0.0)
    first, last = (int(np.clip(np.floor(end + 0.5), 0, height)) for end in (top, bottom))
    for row in range(first, last):
        ends = np.nan_to_num(outline.crossings(row + 0.5), nan=0.0)
        ends = np.clip(np.floor(ends + 0.5), 0, width).astype(int)
        for start, stop in zip(ends[::2], ends[1::2], strict=False):
            mask[row, start:stop] = True
    return mask
