"""Compute a tile of the result with ``keras.ops``, on any backend of Keras."""

import contextlib
import re

import numpy as np

from tomoseg_tf.backend import EnoughMemory, find_gpus, load_keras
from tomoseg_tf.prediction.geometry import (
    CONCATENATION,
    CONVOLUTION,
    INPUT,
    POOLING,
    UPSAMPLING,
    input_box,
    last_uses,
    needed_boxes,
)

PRECISIONS = ("float32", "bfloat16", "float16")


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
        if precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
        self.nodes, self.precision = nodes, precision
        self.keras = load_keras()
        self.device = _find_device(device, precision)
        self.ops = self.keras.ops
        self.last_use = last_uses(nodes)
        with self._place():
            self.weights = [self._tensors(index) for index in range(len(nodes))]

    def _place(self):
        return self.keras.device(self.device) if self.device else contextlib.nullcontext()

    def _dtype(self, index):
        return "float32" if index == len(self.nodes) - 1 else self.precision

    def _tensors(self, index):
        node = self.nodes[index]
        if node.kind != CONVOLUTION:
            return None
        return tuple(
            self.ops.convert_to_tensor(array, dtype=self._dtype(index))
            for array in (node.kernel, node.bias)
        )

    def run(self, tile, box, shape):
        """Compute one box of the result.

        Parameters
        ----------
        tile : ndarray of float32
            Normalised grey of `needed_boxes(nodes, box, shape)[0]`: (Z, Y, X).
        box : tuple of (int, int)
            Wanted part of the result, in voxels of the padded volume.
        shape : tuple of int
            Padded sides of the volume.

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
            self._place(),
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
                tensors[index] = self.ops.convert_to_tensor(
                    tile[None, ..., None], dtype=self.precision
                )
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
        if node.kind == UPSAMPLING:
            repeated = self._repeat(inputs[0], node.window)
            held = tuple(
                (start * size, stop * size)
                for (start, stop), size in zip(have, node.window, strict=True)
            )
            return _crop(repeated, held, want)
        if node.kind == CONCATENATION:
            return self.ops.concatenate(inputs, axis=-1)
        raise ValueError(f"node {node.name} is of unknown kind {node.kind!r}")

    def _convolve(self, index, x, have, want):
        """Convolve, with zeros only where the volume ends, then rectify."""
        node, (kernel, bias) = self.nodes[index], self.weights[index]
        margins = [
            (low - start + size // 2, stop + size // 2 - high)
            for (low, high), (start, stop), size in zip(have, want, node.window, strict=True)
        ]
        if any(map(any, margins)):
            x = self.ops.pad(x, [(0, 0), *margins, (0, 0)])
        x = self.ops.cast(x, self._dtype(index))
        x = self.ops.conv(x, kernel, 1, "valid", data_format="channels_last")
        x = self.ops.add(x, bias)
        if node.activation is None:
            return x
        return getattr(self.ops, node.activation)(x)

    def _repeat(self, x, window):
        """Repeat each voxel along the three axes."""
        for axis, size in enumerate(window, start=1):
            if size > 1:
                x = self.ops.repeat(x, size, axis=axis)
        return x


def value_bytes(precision):
    """Bytes per value inside the network."""
    return 4 if precision == "float32" else 2


def _find_device(device, precision):
    """Name of a device for Keras, None for the backend's choice."""
    gpus = find_gpus()
    wanted = {"auto": None, "cpu": "cpu:0", "gpu": "gpu:0"}.get(device, device)
    if wanted is not None and not re.fullmatch(r"(cpu:0|gpu:\d+)", wanted):
        raise ValueError(f"device must be auto, cpu, gpu or gpu:N, got {device!r}")
    if wanted is not None and wanted.startswith("gpu") and int(wanted[4:]) >= len(gpus):
        raise ValueError(f"no device {wanted} here, {len(gpus)} GPUs found; use --device cpu")
    if precision == "float16" and (wanted == "cpu:0" or not gpus):
        raise ValueError("float16 is for GPUs; on a processor use float32 or bfloat16")
    return wanted


def _crop(x, have, want):
    """Part of a tensor that holds the box `have`, cut to the box `want`."""
    if have == want:
        return x
    cuts = tuple(
        slice(start - low, stop - low) for (low, _), (start, stop) in zip(have, want, strict=True)
    )
    return x[(slice(None), *cuts)]
