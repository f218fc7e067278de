"""Compute a volume slice after slice, on any backend of Keras."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from tomoseg_tf.backend import EnoughMemory
from tomoseg_tf.prediction.device import on_processor, place
from tomoseg_tf.prediction.engine import Engine
from tomoseg_tf.prediction.fused import fused_point
from tomoseg_tf.prediction.geometry import needed_boxes, volume_of
from tomoseg_tf.prediction.streaming.bands import AT_ONCE
from tomoseg_tf.prediction.streaming.convolutions import Convolutions
from tomoseg_tf.prediction.streaming.flow import Flow
from tomoseg_tf.prediction.streaming.kept import KeptTensors, weave_tensors
from tomoseg_tf.prediction.streaming.memory import largest_alike
from tomoseg_tf.prediction.streaming.planes import (
    IN_PLACE,
    KeptPlanes,
    Pool,
    joined_planes,
    weave_planes,
)
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
        self.on_processor = on_processor(self.device)
        with place(self.device):
            self.rearranged = Convolutions(nodes, self._dtype, precision)
            self.befores = {
                index: fused_point(node.before, node.kernel.shape[3], precision, taken=precision)
                for index, node in enumerate(nodes)
                if node.before is not None
            }
        self.threads = ThreadPoolExecutor(AT_ONCE, "band") if self.on_processor else None
        self.schedule = lru_cache(maxsize=4)(lambda depth: Schedule(nodes, depth, chunk))

    def reads(self, box, shape, before=None):
        """List what `stream` takes for a box.

        Parameters
        ----------
        box : tuple of (int, int)
            Wanted part of the result, in voxels of the padded volume.
        shape : tuple of int
            Padded sides of the volume.
        before : tuple of (int, int), optional
            The box that was computed last; nothing is taken again where this one continues it.

        Yields
        ------
        tuple of (int, int)
            Parts of the padded volume, the slices of each after those of the one before.
        """
        schedule, steps = self.schedule(shape[0]), self._steps(box)
        planes = needed_boxes(self.nodes, ((0, shape[0]), *box[1:]), shape)[0][1:]
        first = steps.start
        if before is None or before[1:] != box[1:] or self._steps(before).stop != first:
            first = schedule.joins(first)[0]
        for step in range(first, steps.stop):
            low, high = (schedule.stops(each)[0] for each in (step - 1, step))
            if low < high:
                yield ((low, high), *planes)

    def stream(self, take, box, shape):
        """Compute one box of the result, a few slices at a time.

        Parameters
        ----------
        take : callable
            Gives the next of the tiles that `reads` lists, normalised (Z, Y, X), as `prepare`
            gives them.
        box, shape
            As for `reads`.

        Yields
        ------
        ends : (int, int)
            Slices of the result.
        probabilities : (Z, Y, X, C) ndarray of float32
            These slices, in the planes of the box.

        Raises
        ------
        ValueError
            If they do not fit into the memory of the device.
        """
        flow, steps = self._flow_to(box, shape), self._steps(box)
        self.flow = None  # an error leaves none half-way
        sides = " x ".join(str(high - low) for low, high in box[1:])
        enough = EnoughMemory(
            f"slices of {sides} voxels do not fit into the memory; end other programs that use "
            "it, or segment part after part with --roi"
        )
        while flow.step < steps.stop:
            with place(self.device), enough:
                made, part = flow.advance(take)
            if made is None:
                continue
            low, high = max(made[0], box[0][0]), min(made[1], box[0][1])
            yield (low, high), part[low - made[0] : high - made[0]]
            del part
        self.flow = flow if steps.stop < flow.schedule.num_steps else None

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

    def prepare(self, grey):
        """Convert slices to the number format where they are read, beside what is computed."""
        return grey.astype(self.precision) if self.on_processor else grey

    def enter(self, grey):
        """Make the first tensor of slices (Z, Y, X): (1, Z, Y, X, C)."""
        grey = np.broadcast_to(grey[None, ..., None], (1, *grey.shape, self.nodes[0].channels))
        if self.on_processor:
            return grey
        return self.ops.convert_to_tensor(grey, dtype=self.precision)

    def step_of(self, index, inputs, have, want):
        """Compute slices of a node: tensors (1, Z, Y, X, C)."""
        return self._step(index, inputs, have, want)

    def join_windows(self, kept, box):
        """Cut the same box out of several kept tensors, see `joined_planes`."""
        if self.on_processor:
            return joined_planes(kept, box)
        return self.join([each.window(box) for each in kept])

    def join(self, parts):
        """Put tensors (1, Z, Y, X, C) beside one another as channels."""
        return parts[0] if len(parts) == 1 else self.ops.concatenate(parts, axis=-1)

    def take_through(self, index, kept, have, want):
        """Take windows through the pointwise step before a convolution, with zeros around them.

        Parameters
        ----------
        index : int
            Of the convolution.
        kept : list
            What it joins.
        have, want : tuple of (int, int)
            The box that is there, and the larger one that the convolution sees.

        Returns
        -------
        (1, Z, Y, X, C) tensor
        """
        margins = [
            (low - first, last - high)
            for (low, high), (first, last) in zip(have, want, strict=True)
        ]
        before = self.nodes[index].before
        if self.on_processor and self.precision == "float32" and before.activation in IN_PLACE:
            return joined_planes(kept, want, through=(before, margins))
        x = self.befores[index](self.join_windows(kept, have))
        return self.ops.pad(x, [(0, 0), *margins, (0, 0)]) if any(map(any, margins)) else x

    def pool_columns(self, x, size):
        """Take the highest of so many neighbouring columns of a tensor (1, Z, Y, X, C)."""
        window = 1, 1, size
        return self.ops.max_pool(x, window, window, "valid", data_format="channels_last")

    def weave(self, parts, times, cuts, rows):
        """Join slices, rows and columns that come by turns, see `weave_planes`."""
        if self.on_processor:
            return weave_planes(parts, times, cuts, rows)
        return weave_tensors(self.ops, parts, times, cuts)

    def keep(self, starts, boxes):
        """Prepare to keep the slices of each tensor but the last.

        Parameters
        ----------
        starts : sequence of int
            Slice at which each begins.
        boxes : sequence of tuple of (int, int)
            Rows and columns of each.

        Returns
        -------
        list of KeptPlanes or KeptTensors
        """
        kept = list(zip(self.nodes, starts, boxes, strict=True))[:-1]
        if not self.on_processor:
            return [KeptTensors(self.ops, start, box) for _, start, box in kept]
        planes = zip((volume_of(box) for box in boxes), self.nodes, strict=True)
        sizes = largest_alike(self.nodes, [plane * node.channels for plane, node in planes])
        pool = Pool(self.precision)
        return [
            KeptPlanes(pool, int(size), start, box, node.channels)
            for size, (node, start, box) in zip(sizes, kept, strict=False)
        ]

    def each(self, compute, items):
        """Compute each of some items, a few at a time on a processor.

        What one of them does alone, such as to copy, is done beside what the others do on all
        cores.

        Parameters
        ----------
        compute : callable
            Takes an item.
        items : iterable

        Returns
        -------
        list
            What it gives, in order.
        """
        if self.threads is None:
            return [compute(item) for item in items]

        def placed(item):  # the place belongs to a thread
            with place(self.device):
                return compute(item)

        return list(self.threads.map(placed, items))
