"""The convolutions that a stream computes in its own way: stacked, or before an up-sampling."""

import numpy as np

from tomoseg_tf.backend import load_keras
from tomoseg_tf.prediction.fused import fused_convolution
from tomoseg_tf.prediction.geometry import DOUBLED
from tomoseg_tf.prediction.streaming.kernels import BLOCK, before_doubling, rowed, stacked


class Convolutions:
    """The nodes that are stacked or "doubled", ready to compute.

    A stacked one is of two dimensions, with the neighbours of a slice in z as channels.

    Parameters
    ----------
    nodes : list of Node
        The network.
    dtype : callable
        Number format of a node's weights, from its index.
    """

    def __init__(self, nodes, dtype):
        self.ops = load_keras().ops
        self.calls = {
            index: self._calls(node, dtype(index))
            for index, node in enumerate(nodes)
            if node.stacked or node.kind == DOUBLED
        }

    def _calls(self, node, dtype):
        """Make the function of a stack, or those of the slices and rows of a "doubled" one."""

        def call(kernel, dilation=1):
            bias = np.tile(node.bias, kernel.shape[-1] // len(node.bias))
            return fused_convolution(node, kernel, bias, dtype, padding="valid", dilation=dilation)

        if node.kind == DOUBLED:
            flat = stacked if node.stacked else np.asarray
            return [
                (first, [call(flat(kernel)) for kernel in rows])
                for first, rows in before_doubling(node.kernel, node.step)
            ]
        if _sees_rows(node):
            return call(rowed(node.kernel))
        return call(stacked(node.kernel), node.dilation[1:])

    def convolve(self, index, node, x):
        """Convolve slices and activate.

        Parameters
        ----------
        index : int
            Of the node.
        node : Node
            A stacked convolution.
        x : (Z, Y, X, C) tensor
            All voxels that it sees, in the number format of the node.

        Returns
        -------
        (Z, Y, X, F) tensor
            Without the margins that it only sees.
        """
        if _sees_rows(node):
            return self._convolve_rows(node, self.calls[index], x)
        return self.calls[index](self._stack(x, node.window[0], node.dilation[0]))

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
            convolution sees: (Z, Y, X, C), in the number format of the node.
        made : (int, int)
            Slices of the result.

        Returns
        -------
        list of list of (Z, Y, X, F) tensor
            Slices that come by turns, the first ones first; of each, rows that come by turns.
            Along an axis in the plane that is doubled they begin with the second of the two
            voxels that the first one becomes, and end with the first one of the last.
        """
        times, parts = node.step[0], []
        for parity, (first, calls) in enumerate(self.calls[index]):
            low, high = (-((parity - end) // times) for end in made)
            if low < high:
                x = take((low + first, high + first + 3 - times))
                x = self._stack(x, 4 - times, 1) if node.stacked else x[None]
                rows = [call(x) if node.stacked else call(x)[0] for call in calls]
                rows = [self._unfold(each, node.step[2]) for each in rows]
                parts.append((times * low + parity, rows))
        return [rows for _, rows in sorted(parts, key=lambda pair: pair[0])]

    def _stack(self, x, taps, gap):
        """Stack slices with their neighbours as channels: (Z, Y, X, taps * C)."""
        if taps == 1:
            return x
        size = len(x) - gap * (taps - 1)
        views = [x[gap * tap : gap * tap + size] for tap in range(taps)]
        return self.ops.concatenate(views, axis=-1)

    def _unfold(self, x, times):
        """Turn the features of each voxel into the voxels of a row that it becomes."""
        depth, height, width, _ = x.shape
        return self.ops.reshape(x, (depth, height, times * width, -1))

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
