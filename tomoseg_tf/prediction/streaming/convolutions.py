"""The convolutions that a stream computes in its own way: of other kernels, the same result."""

import numpy as np

from tomoseg_tf.backend import load_keras
from tomoseg_tf.prediction.fused import fused_convolution
from tomoseg_tf.prediction.geometry import CONVOLUTION, DOUBLED
from tomoseg_tf.prediction.streaming.kernels import (
    BLOCK,
    before_doubling,
    in_rows,
    rowed,
    stacked,
)


class Convolutions:
    """The nodes that are stacked, "doubled" or give several rows at once, ready to compute.

    A stacked one is of two dimensions, with the neighbours of a slice in z as channels.

    Parameters
    ----------
    nodes : list of Node
        The network.
    dtype : callable
        Number format of a node's tensor, from its index.
    taken : str
        That of the tensors that it takes.
    """

    def __init__(self, nodes, dtype, taken):
        self.ops, self.taken = load_keras().ops, taken
        self.calls = {
            index: self._calls(node, dtype(index))
            for index, node in enumerate(nodes)
            if node.stacked or node.kind == DOUBLED or (node.rows > 1 and node.kind == CONVOLUTION)
        }

    def _calls(self, node, dtype):
        """Make the function of a node, or those of the slices of a "doubled" one."""

        def call(kernel, **steps):
            bias = np.tile(node.bias, kernel.shape[-1] // len(node.bias))
            settings = {"taken": self.taken, "padding": "valid", **steps}
            return fused_convolution(node, kernel, bias, dtype, **settings)

        if node.kind == DOUBLED:
            flat = stacked if node.stacked else np.asarray
            kernels = before_doubling(node.kernel, node.step)
            return [(first, call(flat(kernel))) for first, kernel in kernels]
        if not node.stacked:
            return call(in_rows(node.kernel, node.rows), strides=(1, node.rows, 1))
        if _sees_rows(node):
            return call(rowed(node.kernel))
        return call(stacked(node.kernel), dilation=node.dilation[1:])

    def convolve(self, index, node, x):
        """Convolve slices and activate.

        Parameters
        ----------
        index : int
            Of the node.
        node : Node
            A convolution that is stacked or gives several rows at once.
        x : (1, Z, Y, X, C) tensor
            All voxels that it sees.

        Returns
        -------
        (1, Z, Y, X, F) tensor
            Without the margins that it only sees. Rows that are computed at once lie beside one
            another: (1, Z, Y / rows, X * rows, F), a voxel of each after the other.
        """
        call = self.calls[index]
        if not node.stacked:
            return self._unfold(call(x), node.rows)
        if _sees_rows(node):
            return self._convolve_rows(node, call, x[0])[None]
        return call(self._stack(x[0], node.window[0], node.dilation[0]))[None]

    def convolve_doubled(self, index, node, take, made):
        """Convolve what slices become when each voxel is repeated, and activate.

        Parameters
        ----------
        index : int
            Of the node.
        node : Node
            A "doubled" convolution.
        take : callable
            From a range of slices before the up-sampling to all of their voxels that the
            convolution sees: (1, Z, Y, X, C).
        made : (int, int)
            Slices of the result.

        Returns
        -------
        list of (1, Z, Y, X, Ty * Tx * F) tensor
            Slices that come by turns, the first ones first; the rows and columns that come by
            turns as features. Along an axis in the plane that is doubled they begin with the
            second of the two voxels that the first one becomes, and end with the first one of
            the last.
        """
        times, parts = node.step[0], []
        for parity, (first, call) in enumerate(self.calls[index]):
            low, high = (-((parity - end) // times) for end in made)
            if low < high:
                x = take((low + first, high + first + 3 - times))
                x = call(self._stack(x[0], 4 - times, 1))[None] if node.stacked else call(x)
                parts.append((times * low + parity, x))
        return [part for _, part in sorted(parts, key=lambda pair: pair[0])]

    def _stack(self, x, taps, gap):
        """Stack slices with their neighbours as channels: (Z, Y, X, taps * C)."""
        if taps == 1:
            return x
        size = len(x) - gap * (taps - 1)
        views = [x[gap * tap : gap * tap + size] for tap in range(taps)]
        return self.ops.concatenate(views, axis=-1)

    def _unfold(self, x, times):
        """Turn the features of each voxel into so many voxels of a row."""
        _, depth, height, width, _ = x.shape
        return self.ops.reshape(x, (1, depth, height, times * width, -1))

    def _convolve_rows(self, node, call, x):
        """Convolve one channel in blocks of rows, see `rowed`."""
        depth, height, width, _ = x.shape
        blocks = -(-(width - 2) // BLOCK)
        x = self.ops.reshape(x, (depth, height, width))
        x = self.ops.pad(x, [(0, 0), (0, 0), (0, (blocks + 1) * BLOCK - width)])
        x = self.ops.reshape(x, (depth, height, blocks + 1, BLOCK))
        x = self.ops.concatenate([x[:, :, :-1], x[:, :, 1:]], axis=-1)
        x = call(self._stack(x, node.window[0], 1))
        x = self.ops.reshape(x, (*x.shape[:2], blocks * BLOCK, -1))
        return x if blocks * BLOCK == width - 2 else x[:, :, : width - 2]


def _sees_rows(node):
    """Tell whether a convolution sees one channel and 3 voxels of a row."""
    return node.kernel.shape[2:4] == (3, 1) and set(node.dilation) == {1}
