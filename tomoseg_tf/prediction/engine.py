"""Compute a tile of the result with ``keras.ops``, on any backend of Keras."""

import numpy as np

from tomoseg_tf.backend import EnoughMemory, load_keras
from tomoseg_tf.prediction.device import find_device, place
from tomoseg_tf.prediction.fused import fused_convolution, fused_point, fused_sum
from tomoseg_tf.prediction.geometry import (
    CONCATENATION,
    CONVOLUTION,
    EXPANSION,
    INPUT,
    LINEAR,
    POINTWISE,
    POOLING,
    SUM,
    UPSAMPLING,
    input_box,
    last_uses,
    needed_boxes,
)


class Engine:
    """A network ready to compute tiles.

    Parameters
    ----------
    nodes : list of Node
        From `tomoseg_tf.prediction.graph.inference_graph`.
    precision : str
        "float32", "bfloat16" or "float16" for all but the last step, whose
        probabilities are always float32.
    device : str
        "auto" for the backend's choice, "cpu", "gpu" or "gpu:N".

    Raises
    ------
    ValueError
        If the precision is unknown, the device is not there, or float16 is
        asked of a processor.
    """

    def __init__(self, nodes, *, precision="float32", device="auto"):
        self.nodes, self.precision = nodes, precision
        self.device = find_device(device, precision)
        self.ops = load_keras().ops
        self.last_use = last_uses(nodes)
        with place(self.device):
            self.weights = [self._tensors(index) for index in range(len(nodes))]
            self.convolutions = {
                index: self._convolution(index)
                for index, node in enumerate(nodes)
                if node.kind == CONVOLUTION
            }
            self.sums = {
                index: fused_sum(node, len(node.inputs), self._dtype(index))
                for index, node in enumerate(nodes)
                if node.kind == SUM
            }
            self.points = {
                index: fused_point(node, node.channels, self._dtype(index), taken=precision)
                for index, node in enumerate(nodes)
                if node.kind == POINTWISE
            }

    def _dtype(self, index):
        return "float32" if index == len(self.nodes) - 1 else self.precision

    def _tensors(self, index):
        node = self.nodes[index]
        if node.kind != EXPANSION:
            return None
        return tuple(
            self.ops.convert_to_tensor(array, dtype=self._dtype(index))
            for array in (node.kernel, node.bias)
        )

    def _convolution(self, index):
        node = self.nodes[index]
        return fused_convolution(
            node,
            node.kernel,
            node.bias,
            self._dtype(index),
            taken=self.precision,
            padding="valid",
            dilation=node.dilation,
        )

    def needed(self, box, shape):
        """Part of the padded volume that `run` must be given for a box of the result.

        Parameters
        ----------
        box : tuple of (int, int)
            Wanted part of the result, in voxels of the padded volume.
        shape : tuple of int
            Padded sides of the volume.

        Returns
        -------
        tuple of (int, int)
        """
        return needed_boxes(self.nodes, box, shape)[0]

    def run(self, tile, box, shape, tick=None):
        """Compute one box of the result.

        Parameters
        ----------
        tile : ndarray of float32
            Normalised grey of what `needed` says: (Z, Y, X).
        box : tuple of (int, int)
            Wanted part of the result, in voxels of the padded volume.
        shape : tuple of int
            Padded sides of the volume.
        tick : callable, optional
            Called as ``tick(voxels)`` by an engine that makes more than one step of a box, with
            the voxels of the box that are done.

        Returns
        -------
        (Z, Y, X, C) ndarray of float32
            Probabilities in the box.

        Raises
        ------
        ValueError
            If the tile does not fit into the memory of the device.
        """
        sides = " x ".join(str(side) for side in tile.shape)
        with (
            place(self.device),
            EnoughMemory(
                f"a tile of {sides} voxels does not fit into the memory; end other programs that "
                "use it, or segment part after part with --roi"
            ),
        ):
            return self._run(tile, box, shape)

    def _run(self, tile, box, shape):
        boxes = needed_boxes(self.nodes, box, shape)
        tensors = {}
        for index, node in enumerate(self.nodes):
            if boxes[index] is None:
                continue
            if node.kind == INPUT:
                grey = np.broadcast_to(tile[None, ..., None], (1, *tile.shape, node.channels))
                tensors[index] = self.ops.convert_to_tensor(grey, dtype=self.precision)
                continue
            wanted = input_box(node, boxes[index], shape, self.nodes[node.inputs[0]].factor)
            inputs = [_crop(tensors[source], boxes[source], wanted) for source in node.inputs]
            for source in node.inputs:
                if self.last_use[source] == index:
                    tensors.pop(source, None)
            tensors[index] = self._step(index, inputs, wanted, boxes[index])
        return np.asarray(self.ops.convert_to_numpy(tensors[len(self.nodes) - 1])[0])

    def _step(self, index, inputs, have, want):
        node = self.nodes[index]
        if node.kind == CONVOLUTION:
            return self._convolve(index, inputs.pop(), have, want)
        if node.kind == POOLING:
            return self.ops.max_pool(
                inputs[0], node.window, node.window, "valid", data_format="channels_last"
            )
        if node.kind in (UPSAMPLING, EXPANSION, LINEAR):
            step = node.step or node.window
            spread = self._spread(index, inputs[0])
            low = [start * size for (start, _), size in zip(have, step, strict=True)]
            sides = spread.shape[1:4]
            held = tuple((start, start + side) for start, side in zip(low, sides, strict=True))
            return _crop(spread, held, want)
        if node.kind == CONCATENATION:
            return self.ops.concatenate(inputs, axis=-1)
        if node.kind == SUM:
            return self.sums[index](*(self.ops.cast(x, self._dtype(index)) for x in inputs))
        if node.kind == POINTWISE:
            return self.points[index](inputs[0])
        raise ValueError(f"node {node.name} is of unknown kind {node.kind!r}")

    def _convolve(self, index, x, have, want):
        """Convolve, with zeros only where the volume ends, then rectify."""
        node = self.nodes[index]
        reaches = [size // 2 * gap for size, gap in zip(node.window, node.dilation, strict=True)]
        margins = [
            (low - start + reach, stop + reach - high)
            for (low, high), (start, stop), reach in zip(have, want, reaches, strict=True)
        ]
        if any(map(any, margins)):
            x = self.ops.pad(x, [(0, 0), *margins, (0, 0)])
        return self.convolutions[index](x)

    def _spread(self, index, x):
        """Give each voxel its cell: repeated, interpolated, or from a kernel."""
        node = self.nodes[index]
        if node.kind == UPSAMPLING:
            return self._repeat(x, node.window)
        if node.kind == LINEAR:
            from tomoseg_tf.models.layers.linear_up_sampling import double  # loads Keras

            return double(x, node.window)
        if node.step == node.window:
            return self._expand(index, x)
        kernel, bias = self.weights[index]
        x = self.ops.conv_transpose(x, kernel, node.step, "valid", data_format="channels_last")
        return self.ops.add(x, bias)

    def _expand(self, index, x):
        """Give each voxel a cell of its own: a kernel times its channels, and the bias."""
        (depth, height, width), (kernel, bias) = self.nodes[index].window, self.weights[index]
        _, z, y, x_side, _ = x.shape
        x = self.ops.einsum("bzyxc,dhwfc->bzdyhxwf", x, kernel)
        x = self.ops.reshape(x, (1, z * depth, y * height, x_side * width, -1))
        return self.ops.add(x, bias)

    def _repeat(self, x, window):
        """Repeat each voxel along the three axes."""
        for axis, size in enumerate(window, start=1):
            if size > 1:
                x = self.ops.repeat(x, size, axis=axis)
        return x


def _crop(x, have, want):
    """Part of a tensor that holds the box `have`, cut to the box `want`."""
    if have == want:
        return x
    cuts = tuple(
        slice(start - low, stop - low) for (low, _), (start, stop) in zip(have, want, strict=True)
    )
    return x[(slice(None), *cuts)]
