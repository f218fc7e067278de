"""One run through the slices of a volume, and what it keeps on the way."""

from itertools import chain

import numpy as np

from tomoseg_tf.prediction.device import value_bytes
from tomoseg_tf.prediction.geometry import (
    CONVOLUTION,
    DOUBLED,
    INPUT,
    POOLING,
    endless_range,
    input_box,
    needed_boxes,
)
from tomoseg_tf.prediction.streaming.bands import band_rows, joined_at_once
from tomoseg_tf.prediction.streaming.planes import put_rows

NOT_NEGATIVE = "relu", "sigmoid", "softmax"  # what these give


class Flow:
    """A run through a volume in z, over one part of its planes.

    Parameters
    ----------
    engine : StreamingEngine
        The network.
    schedule : Schedule
        For the padded slices of the volume.
    planes : tuple of (int, int)
        Part of the result in y and x.
    shape : tuple of int
        Padded sides of the volume.
    first : int
        Step that is the first to give a result.
    """

    def __init__(self, engine, schedule, planes, shape, first):
        self.engine, self.schedule, self.planes, self.shape = engine, schedule, planes, shape
        self.joins = schedule.joins(first)
        self.reached = schedule.begin(self.joins)
        self.step, self.next = min(self.joins), first
        boxes = needed_boxes(engine.nodes, ((0, shape[0]), *planes), shape)
        self.boxes = [box[1:] for box in boxes]
        result = Result(engine.ops, self.boxes[-1], engine.nodes[-1].channels)
        self.kept = [*engine.keep(self.reached, self.boxes), result]
        self.joined = joined_at_once(engine.nodes)

    def advance(self, take):
        """Make the next step.

        Parameters
        ----------
        take : callable
            Gives the slices that the step takes: normalised grey (Z, Y, X) of the part.

        Returns
        -------
        (int, int) or None
            Slices of the result that were made; None if none were.
        (Z, Y, X, C) ndarray of float32 or None
            These slices.
        """
        made, result, waiting = None, None, {}
        for move in self.schedule.moves(self.step, self.joins, self.reached):
            if move.index in self.joined:
                waiting[move.index] = move
                continue
            node = self.engine.nodes[move.index]
            self._compute(move, node, take, waiting)
            if move.index == len(self.kept) - 1:
                made, result = move.made, self.kept[-1].give()
            ended = [waiting.pop(each) for each in node.inputs if each in waiting]
            for index, first in chain(*(each.kept for each in (*ended, move))):
                if index < len(self.kept) - 1:
                    self.kept[index].drop(first)
        self.step += 1
        self.next = max(self.next, self.step)
        return made, result

    def _compute(self, move, node, take, waiting):
        """Compute the slices of a move in the part of the planes, in bands of rows."""
        kept, ((start, stop), columns) = self.kept[move.index], self.boxes[move.index]
        kept.begin(move.made[1] - move.made[0])
        if node.kind == INPUT:
            kept.put((start, stop), self.engine.enter(take()))
        else:
            sides = stop - start, columns[1] - columns[0]
            size = value_bytes(self.engine.precision)
            rows = band_rows(self.engine.nodes, move.index, move.made, sides, size)
            rows = _whole_groups(rows, node)

            def compute(low):
                high = min(low + rows, stop)
                want = (move.made, (low, low + _whole_groups(high - low, node)), columns)
                kept.put((low, high), self._compute_rows(move, node, want, waiting), node.rows)

            self.engine.each(compute, range(start, stop, rows))
        kept.end()

    def _compute_rows(self, move, node, want, waiting):
        """Compute some rows of the slices of a move, and what it joins but nothing keeps."""
        if node.inputs[0] in waiting:
            parts = [
                self._compute_rows(waiting[each], self.engine.nodes[each], want, {})
                for each in node.inputs
            ]
            if node.kind == CONVOLUTION:
                parts = [self.engine.join(parts)]
            if node.before is not None:
                parts = [self.engine.befores[move.index](*parts)]
            return self.engine.step_of(move.index, parts, want, want)
        if node.kind == DOUBLED:
            return self._compute_doubled(move.index, node, want)
        have = input_box(node, want, self.shape, self.engine.nodes[node.inputs[0]].factor)
        if node.kind == CONVOLUTION:
            x, have = self._take_joined(move.index, node, have, want)
            if node.stacked or node.rows > 1:
                return self.engine.rearranged.convolve(move.index, node, x)
            return self.engine.step_of(move.index, [x], have, want)
        if node.kind == POOLING and self._is_comparable(node.inputs[0]):
            highest = self.kept[node.inputs[0]].highest(have, node.window[:2])
            return self.engine.pool_columns(highest, node.window[2])
        inputs = [self.kept[source].window(have) for source in node.inputs]
        return self.engine.step_of(move.index, inputs, have, want)

    def _take_joined(self, index, node, have, want):
        """Take what a convolution sees, with zeros beyond the ends of the volume, and its box."""
        endless = tuple(endless_range(node, axis, *want[axis]) for axis in range(3))
        kept = [self.kept[source] for source in node.inputs]
        if node.before is None:
            return self.engine.join_windows(kept, endless), endless
        return self.engine.take_through(index, kept, have, endless), endless

    def _is_comparable(self, index):
        """Tell whether `KeptPlanes.highest` can compare the values of a tensor."""
        if not self.engine.on_processor:
            return False
        not_negative = self.engine.nodes[index].activation in NOT_NEGATIVE
        return not_negative or self.engine.precision == "float32"

    def _compute_doubled(self, index, node, want):
        """Compute some rows of a "doubled" convolution from slices before the up-sampling."""
        needed = [endless_range(node, axis, *want[axis]) for axis in (1, 2)]
        times = node.step[1:]
        begins = (first * each + 1 for (first, _), each in zip(needed, times, strict=True))
        cuts = tuple(
            slice(low - begin, high - begin)
            for (low, high), begin in zip(want[1:], begins, strict=True)
        )

        def take(slices):
            return self.kept[node.inputs[0]].window((slices, *needed))

        parts = self.engine.rearranged.convolve_doubled(index, node, take, want[0])
        return self.engine.weave(parts, times, cuts, node.rows)


def _whole_groups(number, node):
    """So many rows, or a few more: a multiple of those that a node computes at once."""
    return -(-number // node.rows) * node.rows


class Result:
    """The slices of the result that a step makes.

    Parameters
    ----------
    ops : module
        Operations of the backend.
    box : tuple of (int, int)
        Rows and columns.
    channels : int
        Of the result.
    """

    def __init__(self, ops, box, channels):
        self.ops, self.box, self.channels, self.slices = ops, box, channels, None

    def begin(self, number):
        """Make room for the slices that follow, so many."""
        sides = (high - low for low, high in self.box)
        self.slices = np.empty((number, *sides, self.channels), np.float32)

    def put(self, ends, band, rows=1):
        """Take some rows of these slices, see `KeptPlanes.put`."""
        first, stop = (end - self.box[0][0] for end in ends)
        for made, plane in zip(self.slices, self.ops.convert_to_numpy(band)[0], strict=True):
            put_rows(made[first:stop], plane, rows)

    def end(self):
        """Do nothing: the slices are given when they are asked for."""

    def give(self):
        """Give the slices away: (Z, Y, X, C) ndarray of float32."""
        slices, self.slices = self.slices, None
        return slices
