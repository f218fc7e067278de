"""Predict slices with a network of one patch size: overlapping patches, averaged."""

import numpy as np

from tomoseg_tf.prediction.device import on_processor, value_bytes
from tomoseg_tf.prediction.plan import MAX_MEMORY, WORKSPACE, Plan
from tomoseg_tf.prediction.slice_graph import patch_values
from tomoseg_tf.prediction.slices import even_share, slice_bytes

BATCH = 128, 4096  # patches in one call, on a processor and on a GPU: more is no faster


class PatchEngine:
    """A network of fixed sides, ready to predict slices patch by patch.

    Patches are cut at every `step` pixels along Y and X, and where these leave a rest the last
    ones lie at the end. Each pixel gets the mean of all patches that cover it, summed in
    float64. With a step of 1 that is the published procedure of xlearn.

    Parameters
    ----------
    network : KerasNetwork
        With its `patch`.
    step : int
        Pixels from patch to patch.
    batch : int
        Patches that are predicted in one call.
    """

    def __init__(self, network, step, batch):
        self.network, self.step, self.batch = network, step, batch

    def needed(self, box, shape):
        """Part of the padded volume for a box of the result: its slices, whole.

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
        return box[0], (0, shape[1]), (0, shape[2])

    def run(self, tile, box, shape, tick=None):
        """Predict slices and cut the box from them.

        Parameters
        ----------
        tile : (Z, Y, X) ndarray of float32
            Normalised grey of whole slices, at least as large as a patch.
        box : tuple of (int, int)
            Wanted part of the result.
        shape : tuple of int
            Padded sides of the volume.
        tick : callable, optional
            Called as ``tick(voxels)`` after some rows of patches, with the voxels of the box that
            are done.

        Returns
        -------
        (Z, Y, X, C) ndarray of float32
            What the network gives in the box: uncut where its output is open above.
        """
        _, *ends = box
        size = [high - low for low, high in ends]
        result = np.empty((len(tile), *size, self.network.num_classes), np.float32)
        for z, image in enumerate(tile):
            done = None if tick is None else _within(tick, z, size[0] * size[1])
            result[z] = self._mean(image, ends, done)
        return result

    def _mean(self, image, ends, tick):
        """Mean of the patches of a slice, in its part (start, stop) along Y and X."""
        patch = self.network.patch
        rows, columns = (
            starts_over(side, length, self.step, part)
            for side, length, part in zip(image.shape, patch, ends, strict=True)
        )
        sums = np.zeros((*(high - low for low, high in ends), self.network.num_classes))
        per_call = max(1, self.batch // len(columns))
        for first in range(0, len(rows), per_call):
            chosen = rows[first : first + per_call]
            bands = self._bands(image, chosen, columns)
            for row, band in zip(chosen, bands, strict=True):
                _add(sums, band, row, ends)
            if tick:
                tick((first + len(chosen)) / len(rows))
        counts = np.outer(
            *(
                overlap_counts(starts, length, part)
                for starts, length, part in zip((rows, columns), patch, ends, strict=True)
            )
        )
        return sums / counts[..., None]

    def _bands(self, image, rows, columns):
        """Add up along X the patches of some rows: (rows, patch height, X, C) in float64."""
        height, width = self.network.patch
        windows = np.lib.stride_tricks.sliding_window_view(image, (height, width))
        bands = np.zeros((len(rows), height, image.shape[1], self.network.num_classes))
        for first in range(0, len(columns), self.batch):
            chosen = columns[first : first + self.batch]
            patches = windows[np.ix_(rows, chosen)].reshape(-1, height, width)
            found = self.network(patches).reshape(len(rows), len(chosen), height, width, -1)
            for shift in range(width):  # no two patches of a row put the same column here
                bands[:, :, chosen + shift] += found[:, :, :, shift].swapaxes(1, 2)
        return bands


def patch_starts(side, length, step):
    """Where the patches along an axis begin, so that they cover all of it.

    Parameters
    ----------
    side : int
        Pixels of the slice, at least `length`.
    length : int
        Pixels of a patch.
    step : int
        Pixels from patch to patch, at most `length`.

    Returns
    -------
    ndarray of int
        Increasing; the last patch ends with the slice.

    Examples
    --------
    >>> patch_starts(11, 4, 3).tolist()
    [0, 3, 6, 7]
    """
    starts = np.arange(0, side - length + 1, step)
    return starts if starts[-1] == side - length else np.append(starts, side - length)


def starts_over(side, length, step, part):
    """Give the starts, of those of `patch_starts`, whose patches cover some of a part.

    Parameters
    ----------
    side, length, step : int
        As for `patch_starts`.
    part : (int, int)
        First and past-the-end pixel.

    Returns
    -------
    ndarray of int
    """
    starts = patch_starts(side, length, step)
    return starts[(starts + length > part[0]) & (starts < part[1])]


def overlap_counts(starts, length, part):
    """Count the patches over each pixel of an axis.

    Parameters
    ----------
    starts : ndarray of int
        Where the patches begin.
    length : int
        Pixels of a patch.
    part : (int, int)
        First and past-the-end pixel.

    Returns
    -------
    (stop - start,) ndarray of int

    Examples
    --------
    >>> overlap_counts(patch_starts(11, 4, 3), 4, (0, 11)).tolist()
    [1, 1, 1, 2, 1, 1, 2, 2, 2, 2, 1]
    """
    pixels = np.arange(*part)[:, None]
    return ((starts <= pixels) & (pixels < starts + length)).sum(axis=1)


def plan_patches(network, shape, *, step, roi, precision, voxel_bytes, max_memory=None):
    """Choose how many patches are predicted in one call, and how many slices are read at a time.

    Parameters
    ----------
    network : KerasNetwork
        With its `patch`.
    shape : tuple of int
        Sides (Z, Y, X) of the volume.
    step : int
        Pixels from patch to patch.
    roi : tuple of (int, int)
        Part to predict.
    precision : str
        Number format inside the network.
    voxel_bytes : (int, int)
        Bytes per voxel of the volume, and of all results together.
    max_memory : float, optional
        Bytes to stay within; 2.5 GB by default.

    Returns
    -------
    plan : Plan
        Its tiles are slabs of the part.
    batch : int
        Patches in one call; 0 if none fits.
    """
    allowed = max_memory or MAX_MEMORY
    padded = tuple(max(pair) for pair in zip(shape[1:], network.patch, strict=True))
    each = WORKSPACE * value_bytes(precision) * patch_values(network.model)
    beside = slice_bytes(shape, padded, network.num_classes, voxel_bytes)
    sums = 8 * network.num_classes * (padded[0] + network.patch[0]) * padded[1]
    left = allowed - sums - each
    depth = even_share(roi[0][1] - roi[0][0], min(8, allowed / 4 / beside, left / beside))
    fitting = int((allowed - depth * beside - sums) / each)
    batch = min(max(0, fitting), BATCH[0 if on_processor(network.device) else 1])
    tile = (depth, *(high - low for low, high in roi[1:]))
    memory = int(max(1, batch) * each + depth * beside + sums)
    work = np.prod(network.patch) / step**2
    return Plan(tuple(shape), (shape[0], *padded), tuple(roi), tile, memory, float(work)), batch


def _add(sums, band, row, ends):
    """Add a band to the sums of a part."""
    (top, bottom), (left, right) = ends
    low, high = max(row, top), min(row + len(band), bottom)
    sums[low - top : high - top] += band[low - row : high - row, left:right]


def _within(tick, done, pixels):
    """Progress inside a slice, after those that are done; told as a share of the slice."""
    return lambda share: tick(int((done + share) * pixels))
