"""Convolutions of slices by two-dimensional ones, their neighbours in z stacked as channels."""

import numpy as np

from tomoseg_tf.backend import load_keras
from tomoseg_tf.prediction.fused import fused_convolution
from tomoseg_tf.prediction.geometry import DOUBLED
from tomoseg_tf.prediction.streaming.kernels import BLOCK, before_doubling, rowed, stacked


class Convolutions:
    """The nodes that are stacked, ready to compute.

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
            if node.stacked
        }

    def _calls(self, node, dtype):
        """Functions of the stack; with the neighbours that each takes, of a doubled one."""

        def call(kernel, dilation=1, padding="same"):
            bias = np.tile(node.bias, kernel.shape[-1] // len(node.bias))
            return fused_convolution(node, kernel, bias, dtype, padding=padding, dilation=dilation)

        if node.kind == DOUBLED:
            kernels = before_doubling(node.kernel, node.step)
            return [(first, call(kernel, padding="valid")) for first, kernel in kernels]
        if _sees_rows(node):
            return call(rowed(node.kernel))
        return call(stacked(node.kernel), node.dilation[1:])

    def convolve(self, index, node, x, offsets, size):
        """Convolve slices, with zeros beyond them in y and x, and activate.

        Parameters
        ----------
        index : int
            Of the node.
        node : Node
            A convolution.
        x : (Z, Y, X, C) tensor
            Slices, in the number format of the node.
        offsets : sequence of int
            For each tap in z, the slice that the first slice of the result takes; slices outside
            `x` are zeros.
        size : int
            Slices of the result.

        Returns
        -------
        (size, Y, X, F) tensor
        """
        if _sees_rows(node):
            return self._convolve_rows(self.calls[index], x, offsets, size)
        return self.calls[index](self._stack(x, offsets, size))

    def convolve_doubled(self, index, node, x, first, made, margins):
        """Convolve what slices become when each voxel is repeated, and activate.

        Parameters
        ----------
        index : int
            Of the node.
        node : Node
            A "doubled" convolution.
        x : (Z, Y, X, C) tensor
            Slices before the up-sampling, in the number format of the node.
        first : int
            Number of the first of them in its tensor.
        made : (int, int)
            Slices of the result.
        margins : sequence of (int, int)
            Zeros before and after the slices, along y and x.

        Returns
        -------
        (Z, Y, X, F) tensor
            The slices made. Along an axis that is doubled they begin with the second of the two
            voxels that the first one becomes, and end with the first one of the last.
        """
        if any(map(any, margins)):
            x = self.ops.pad(x, [(0, 0), *margins, (0, 0)])
        (start, stop), times = made, node.step[0]
        parts = []
        for parity, (neighbours, call) in enumerate(self.calls[index]):
            low, high = (-((parity - end) // times) for end in (start, stop))
            if low < high:
                offsets = [low + neighbour - first for neighbour in neighbours]
                flat = call(self._stack(x, offsets, high - low))
                parts.append((times * low + parity, self._unfold(flat, node.step[1:])))
        return self._interleave([part for _, part in sorted(parts, key=lambda pair: pair[0])])

    def _stack(self, x, offsets, size):
        """Stack slices with their neighbours as channels: (size, Y, X, taps * C)."""
        if len(offsets) == 1 and offsets[0] == 0 and len(x) == size:
            return x
        before = max(0, -min(offsets))
        after = max(0, max(offsets) + size - len(x))
        if before or after:
            x = self.ops.pad(x, [(before, after), (0, 0), (0, 0), (0, 0)])
        views = [x[before + offset : before + offset + size] for offset in offsets]
        return views[0] if len(views) == 1 else self.ops.concatenate(views, axis=-1)

    def _convolve_rows(self, call, x, offsets, size):
        """Convolve one channel in blocks of rows, see `rowed`."""
        depth, height, width, _ = x.shape
        blocks = -(-width // BLOCK)
        x = self.ops.reshape(x, (depth, height, width))
        x = self.ops.pad(x, [(0, 0), (0, 0), (1, (blocks + 1) * BLOCK - width - 1)])
        x = self.ops.reshape(x, (depth, height, blocks + 1, BLOCK))
        x = self.ops.concatenate([x[:, :, :-1], x[:, :, 1:]], axis=-1)
        x = call(self._stack(x, offsets, size))
        x = self.ops.reshape(x, (size, height, blocks * BLOCK, -1))
        return x if blocks * BLOCK == width else x[:, :, :width]

    def _unfold(self, x, times):
        """Turn the features of each voxel into the voxels that it becomes in the plane."""
        (rows, columns), (depth, height, width, _) = times, x.shape
        x = self.ops.reshape(x, (depth, height, width, rows, -1))
        x = self.ops.transpose(x, (0, 1, 3, 2, 4))
        return self.ops.reshape(x, (depth, height * rows, width * columns, -1))

    def _interleave(self, parts):
        """Join slices taken by turns from one or two tensors, the first of which begins."""
        if len(parts) == 1:
            return parts[0]
        first, second = parts
        pairs = self.ops.stack([first[: len(second)], second], axis=1)
        joined = self.ops.reshape(pairs, (2 * len(second), *first.shape[1:]))
        if len(first) == len(second):
            return joined
        return self.ops.concatenate([joined, first[len(second) :]], axis=0)


def _sees_rows(node):
    """Tell whether a convolution sees one channel and 3 voxels of a row."""
    return node.kernel.shape[2:4] == (3, 1) and set(node.dilation) == {1}
