"""Predict whole slices with a 2D network, a batch at a time."""

import numpy as np

from tomoseg_tf.prediction.device import on_processor, value_bytes
from tomoseg_tf.prediction.plan import MAX_MEMORY, Plan
from tomoseg_tf.prediction.slice_graph import slice_graph
from tomoseg_tf.prediction.slice_memory import slice_memory, weights_memory

PIXELS = 2**20, 2**24  # of a batch, on a processor and on a GPU: more is no faster
WORKSPACE = 1.3  # memory over the estimate: 0.1 to 1.2 was measured for the networks here
BUFFERS = 2  # slabs there are: one in use, one read or written meanwhile
DEEPEST = 64  # slices that are read and written at a time


class SliceEngine:
    """A 2D network of open sides, ready to predict slabs of whole slices.

    Parameters
    ----------
    network : KerasNetwork
        The network.
    batch : int
        Slices that are predicted in one call.
    """

    def __init__(self, network, batch):
        self.network, self.batch = network, batch

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
            Normalised grey of whole padded slices.
        box : tuple of (int, int)
            Wanted part of the result.
        shape : tuple of int
            Padded sides of the volume.
        tick : callable, optional
            Called as ``tick(voxels)`` after each batch, with the voxels of the box that are done.

        Returns
        -------
        (Z, Y, X, C) ndarray of float32
            Probabilities in the box.
        """
        _, (top, bottom), (left, right) = box
        size = bottom - top, right - left
        result = np.empty((len(tile), *size, self.network.num_classes), np.float32)
        for start in range(0, len(tile), self.batch):
            probabilities = self.network(tile[start : start + self.batch])
            result[start : start + self.batch] = probabilities[:, top:bottom, left:right]
            if tick:
                tick(min(start + self.batch, len(tile)) * size[0] * size[1])
        return result


def plan_slices(network, shape, *, roi, precision, voxel_bytes, max_memory=None):
    """Choose how many slices are predicted in one call, and how many are read at a time.

    Parameters
    ----------
    network : KerasNetwork
        Of open sides.
    shape : tuple of int
        Sides (Z, Y, X) of the volume.
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
        Slices in one call; 0 if one slice does not fit.
    """
    graph = slice_graph(network.model)
    values = value_bytes(precision)
    weights = weights_memory(network.model, values)
    allowed = (max_memory or MAX_MEMORY) - weights
    height, width = (graph.padded_side(side) for side in shape[1:])
    each = WORKSPACE * slice_memory(graph.nodes, height, width, values)
    beside = slice_bytes(shape, (height, width), network.num_classes, voxel_bytes)
    slices = roi[0][1] - roi[0][0]
    depth = even_share(slices, min(DEEPEST, allowed / 4 / beside, (allowed - each) / beside))
    fitting = int((allowed - depth * beside) / each)
    pixels = PIXELS[0 if on_processor(network.device) else 1]
    batch = min(max(0, fitting), depth, max(1, pixels // (height * width)))
    tile = (depth, *(high - low for low, high in roi[1:]))
    memory = int(max(1, batch) * each + depth * beside + weights)
    overhead = height * width / (tile[1] * tile[2])
    return Plan(tuple(shape), (shape[0], height, width), tuple(roi), tile, memory, overhead), batch


def slice_bytes(shape, padded, num_classes, voxel_bytes):
    """Bytes of a slice beside the network: read, normalised, predicted, and as results.

    Parameters
    ----------
    shape : tuple of int
        Sides (Z, Y, X) of the volume.
    padded : (int, int)
        Sides of the padded slice.
    num_classes : int
        Channels of the prediction.
    voxel_bytes : (int, int)
        Bytes per voxel of the volume, and of all results together.

    Returns
    -------
    int
    """
    tile = padded[0] * padded[1] * 4 * (1 + num_classes)
    return shape[1] * shape[2] * sum(voxel_bytes) + BUFFERS * tile


def even_share(total, largest):
    """Cut a number into as few equal parts as possible, none above a limit, each at least 1.

    Parameters
    ----------
    total : int
        What is cut.
    largest : float
        The limit.

    Returns
    -------
    int
        Size of a part, rounded up.

    Examples
    --------
    >>> even_share(100, 64)
    50
    """
    parts = -(-total // max(1, int(largest)))
    return -(-total // parts)
