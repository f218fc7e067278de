"""Compute a volume slice after slice, on any backend of Keras."""

from functools import lru_cache

import numpy as np

from tomoseg_tf.prediction.device import place
from tomoseg_tf.prediction.engine import Engine
from tomoseg_tf.prediction.streaming.convolutions import Convolutions
from tomoseg_tf.prediction.streaming.flow import Flow
from tomoseg_tf.prediction.streaming.schedule import Schedule


class StreamingEngine(Engine):
    """A network that goes through a volume in z and computes no slice twice.

    It remembers where it is: when a box continues the last one, it takes only the slices that
    follow. Any other box begins anew, some slices before.

    Parameters
    ----------
    nodes : list of Node
        The network.
    chunk : int
        Slices of the result that are made at a time, counted from slice 0.
    precision, device : str
        As for `Engine`.
    """

    def __init__(self, nodes, chunk, *, precision="float32", device="auto"):
        super().__init__(nodes, precision=precision, device=device)
        self.chunk, self.flow = chunk, None
        with place(self.device):
            self.convolutions = Convolutions(nodes, self.number_format)
        self.schedule = lru_cache(maxsize=4)(lambda depth: Schedule(nodes, depth, chunk))

    def needed(self, box, shape):
        """Part of the padded volume that `run` must be given next for a box of the result.

        Parameters
        ----------
        box : tuple of (int, int)
            Wanted part of the result, in voxels of the padded volume.
        shape : tuple of int
            Padded sides of the volume.

        Returns
        -------
        tuple of (int, int)
            Without the slices that it has already; the range in z may be empty.
        """
        return self._flow_to(box, shape).reads(self._steps(box))

    def _run(self, tile, box, shape, tick):
        flow, steps = self._flow_to(box, shape), self._steps(box)
        self.flow, (begin, _) = None, flow.reads(steps)[0]  # an error leaves none half-way
        (start, stop), planes = box[0], [high - low for low, high in box[1:]]
        result = np.empty((stop - start, *planes, self.nodes[-1].channels), np.float32)
        while flow.step < steps.stop:
            made, part = flow.advance(tile, begin)
            if made is None:
                continue
            low, high = max(made[0], start), min(made[1], stop)
            result[low - start : high - start] = part[low - made[0] : high - made[0]]
            if tick:
                tick((high - start) * planes[0] * planes[1])
        self.flow = flow if steps.stop < flow.schedule.num_steps else None
        return result

    def _steps(self, box):
        """List the steps that give a range of the result."""
        start, stop = box[0]
        return range(start // self.chunk, -(-stop // self.chunk))

    def _flow_to(self, box, shape):
        """Flow that gives a box next: that of the last box, or a new one."""
        flow, first = self.flow, self._steps(box).start
        if flow and (flow.next, flow.planes, flow.shape) == (first, tuple(box[1:]), shape):
            return flow
        return Flow(self, self.schedule(shape[0]), tuple(box[1:]), shape, first)

    def number_format(self, index):
        """Name the number format in which a node is computed."""
        return self._dtype(index)

    def enter(self, grey):
        """Make the first tensor of grey slices (Z, Y, X): with channels, in the number format."""
        grey = np.repeat(grey[..., None], self.nodes[0].channels, axis=-1)
        return self.ops.convert_to_tensor(grey, dtype=self.precision)

    def step_of(self, index, inputs, have, want):
        """Compute slices (Z, Y, X, C) of a node as a tile of one volume."""
        return self._step(index, [each[None] for each in inputs], have, want)[0]

    def biased(self, index, x):
        """Add a node's bias to a convolution, and rectify."""
        node, (_, bias) = self.nodes[index], self.weights[index]
        if np.any(node.bias):
            x = self.ops.add(x, bias)
        return self._activate(node, x)
