"""Results on the grid of the scan from those on another: interpolated, then decided.

Probabilities are interpolated linearly between the centres of the voxels that the network saw, and
classes follow from these, so that surfaces are not made of blocks.
"""

import numpy as np

from tomoseg_tf.volume import along, inside_of, rows_of

PIECE_BYTES = 2**25  # of a piece of the result in float32


class Restoring:
    """Reads results on the grid of the scan.

    Parameters
    ----------
    volumes : list of Volume
        A channel each, on the other grid, of the part `seen` of it.
    grid : list of AxisGrid
        The other grid.
    roi : tuple of (int, int)
        Part of the scan that is wanted.
    sample, seen_sample : Sample, optional
        Which voxels of the scan and of the other grid are the sample; all if not given. Outside it
        the result is 0, and it is interpolated between voxels of the sample only.
    """

    def __init__(self, volumes, grid, roi, sample=None, seen_sample=None):
        self.volumes, self.grid, self.roi = volumes, grid, roi
        self.sample, self.seen_sample = sample, seen_sample
        self.seen = seen_part(grid, roi)

    def slabs(self):
        """Give the results slab by slab.

        Yields
        ------
        start : int
            First slice, counted from that of the part.
        values : (n, Y, X, C) ndarray of float32
            The results.
        """
        (first, end), *plane = self.roi
        width = len(self.volumes) * int(np.prod([high - low for low, high in plane]))
        depth = max(1, PIECE_BYTES // (4 * width))
        for start in range(first, end, depth):
            stop = min(start + depth, end)
            yield start - first, self._between(start, stop, plane)

    def _between(self, start, stop, plane):
        """Interpolate some slices of the scan."""
        matrices = []
        for axis, ends in zip(self.grid, ((start, stop), *plane), strict=True):
            matrices.append(rows_of(axis.back, *ends))
        low, high = matrices[0][1]
        origin = self.seen[0][0]
        channels = [volume.read(low - origin, high - origin) for volume in self.volumes]
        values = np.stack(channels, axis=-1).astype(np.float32, copy=False)
        weights = None
        if self.seen_sample is not None:
            cut = tuple(slice(*ends) for ends in self.seen[1:])
            weights = inside_of(self.seen_sample, low, high)[(slice(None), *cut)]
            weights = weights[..., None].astype(np.float32)
            values = values * weights
        for axis, (matrix, _) in enumerate(matrices):
            values = along(matrix, values, axis)
            weights = None if weights is None else along(matrix, weights, axis)
        if weights is not None:
            values = np.divide(values, weights, out=np.zeros_like(values), where=weights > 0)
        inside = inside_of(self.sample, start, stop)
        if inside is None:
            return values
        cut = tuple(slice(*ends) for ends in plane)
        return np.where(inside[(slice(None), *cut)][..., None], values, np.float32(0))


def seen_part(grid, roi):
    """Part of another grid that a part of the scan is interpolated from.

    Parameters
    ----------
    grid : list of AxisGrid
        The other grid.
    roi : tuple of (int, int)
        Part of the scan.

    Returns
    -------
    tuple of (int, int)
        (start, stop) along z, y and x.
    """
    return tuple(rows_of(axis.back, *ends)[1] for axis, ends in zip(grid, roi, strict=True))
