"""One run through the slices of a volume, and what it keeps on the way."""

from functools import reduce
from itertools import chain

import numpy as np

from tomoseg_tf.prediction.fused import activate
from tomoseg_tf.prediction.geometry import (
    DOUBLED,
    INPUT,
    endless_range,
    input_box,
    needed_boxes,
)
from tomoseg_tf.prediction.streaming.bands import band_rows, joined_at_once
from tomoseg_tf.prediction.streaming.kept import Kept


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
        self.kept = [Kept(start) for start in self.reached]
        self.step, self.next = min(self.joins), first
        boxes = needed_boxes(engine.nodes, ((0, shape[0]), *planes), shape)
        self.boxes = [box[1:] for box in boxes]
        self.joined = joined_at_once(engine.nodes)

    @property
    def num_bytes(self):
        """Bytes of all slices that are kept."""
        itemsize = 4 if self.engine.precision == "float32" else 2
        return itemsize * sum(
            int(np.prod(piece.shape)) for kept in self.kept for piece in kept.pieces
        )

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
            if node.kind == INPUT:
                piece = self.engine.enter(take())
            else:
                piece = self._compute(move, node, waiting)
            if move.index == len(self.kept) - 1:
                made, result = move.made, np.asarray(self.engine.ops.convert_to_numpy(piece))
            else:
                self.kept[move.index].append(piece)
            del piece
            ended = [waiting.pop(each) for each in node.inputs if each in waiting]
            for index, first in chain(*(each.kept for each in (*ended, move))):
                self.kept[index].drop(first)
        self.step += 1
        self.next = max(self.next, self.step)
        return made, result

    def _compute(self, move, node, waiting):
        """Compute the slices of a move in the part of the planes, in bands of rows."""
        (start, stop), columns = self.boxes[move.index]
        rows = band_rows(self.engine.nodes, move.index, move.made, columns[1] - columns[0])
        bands = self.engine.each(
            lambda low: self._compute_rows(
                move, node, (low, min(low + rows, stop)), columns, waiting
            ),
            range(start, stop, rows),
        )
        return bands[0] if len(bands) == 1 else self.engine.ops.concatenate(bands, axis=1)

    def _compute_rows(self, move, node, rows, columns, waiting):
        """Compute some rows of the slices of a move, and what it joins but nothing keeps."""
        want = (move.made, rows, columns)
        if node.inputs[0] in waiting:
            parts = (
                self._compute_rows(waiting[each], self.engine.nodes[each], rows, columns, {})
                for each in node.inputs
            )
            return activate(node, reduce(self.engine.ops.add, parts))
        factor = self.engine.nodes[node.inputs[0]].factor
        planes = input_box(node, want, self.shape, factor)[1:]
        inputs = [
            self._take(source, needed, planes)
            for source, needed in zip(node.inputs, move.needed, strict=True)
        ]
        have = (move.needed[0], *planes)
        if node.stacked:
            return self._convolve(move.index, node, inputs, have, want)
        return self.engine.step_of(move.index, inputs, have, want)

    def _take(self, source, needed, planes):
        """Slices of an input, cut to a part of the planes."""
        cuts = tuple(
            slice(low - first, high - first)
            for (low, high), (first, _) in zip(planes, self.boxes[source], strict=True)
        )
        parts = self.kept[source].take(*needed)
        if planes != self.boxes[source]:
            parts = [part[(slice(None), *cuts)] for part in parts]
        return parts[0] if len(parts) == 1 else self.engine.ops.concatenate(parts, axis=0)

    def _convolve(self, index, node, inputs, have, want):
        """Convolve with zeros beyond the part, and cut off what they reach."""
        engine, (start, stop) = self.engine, want[0]
        x = engine.ops.cast(inputs.pop(), engine.number_format(index))
        low, begins = have[0][0], [held[0] for held in have[1:]]
        if node.kind == DOUBLED:
            needed = [endless_range(node, axis, *want[axis]) for axis in (1, 2)]
            margins = [
                (held[0] - first, last - held[1])
                for (first, last), held in zip(needed, have[1:], strict=True)
            ]
            x = engine.stacked.convolve_doubled(index, node, x, low, want[0], margins)
            times = zip(needed, node.step[1:], strict=True)
            begins = [first * each + 1 for (first, _), each in times]
        else:
            gap, taps = node.dilation[0], node.window[0]
            offsets = [start + gap * (tap - taps // 2) - low for tap in range(taps)]
            x = engine.stacked.convolve(index, node, x, offsets, stop - start)
        cuts = tuple(
            slice(first - begin, last - begin)
            for (first, last), begin in zip(want[1:], begins, strict=True)
        )
        if x.shape[1:3] == tuple(cut.stop - cut.start for cut in cuts):
            return x
        return x[(slice(None), *cuts)]
