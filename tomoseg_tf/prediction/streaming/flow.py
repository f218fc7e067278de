"""One run through the slices of a volume, and what it keeps on the way."""

import numpy as np

from tomoseg_tf.prediction.geometry import DOUBLED, INPUT, input_box, needed_boxes
from tomoseg_tf.prediction.streaming.convolutions import is_stacked
from tomoseg_tf.prediction.streaming.kept import Kept
from tomoseg_tf.prediction.streaming.schedule import read_range

BAND = 4_000_000  # values that are stacked at a time: the rows of a band stay in the cache
LEAST_ROWS = 8


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

    def reads(self, steps):
        """Part of the volume that steps take next: a range per axis, that in z may be empty."""
        begin = self.reached[0]
        return (read_range(self.schedule, self.joins, begin, steps), *self.boxes[0])

    @property
    def num_bytes(self):
        """Bytes of all slices that are kept."""
        itemsize = 4 if self.engine.precision == "float32" else 2
        return itemsize * sum(
            int(np.prod(piece.shape)) for kept in self.kept for piece in kept.pieces
        )

    def advance(self, grey, start):
        """Make the next step.

        Parameters
        ----------
        grey : (Z, Y, X) ndarray of float32
            Normalised grey of the part, with at least what the step takes of it.
        start : int
            Slice of the volume at which it begins.

        Returns
        -------
        (int, int) or None
            Slices of the result that were made; None if none were.
        (Z, Y, X, C) ndarray of float32 or None
            These slices.
        """
        made, result = None, None
        for move in self.schedule.moves(self.step, self.joins, self.reached):
            node = self.engine.nodes[move.index]
            if node.kind == INPUT:
                low, high = (end - start for end in move.made)
                piece = self.engine.enter(grey[low:high])
            else:
                piece = self._compute(move, node)
            if move.index == len(self.kept) - 1:
                made, result = move.made, np.asarray(self.engine.ops.convert_to_numpy(piece))
            self.kept[move.index].append(piece)
            del piece
            for index, first in move.kept:
                self.kept[index].drop(first)
        self.step += 1
        self.next = max(self.next, self.step)
        return made, result

    def _compute(self, move, node):
        """Compute the slices of a move, in the part of the planes."""
        (start, stop), columns = self.boxes[move.index]
        if not is_stacked(node):
            return self._compute_rows(move, node, (start, stop), columns)
        size, width = move.made[1] - move.made[0], columns[1] - columns[0]
        inside = self.engine.nodes[node.inputs[0]].channels
        rows = max(LEAST_ROWS, BAND // (size * width * inside * node.window[0]))
        bands = [
            self._compute_rows(move, node, (low, min(low + rows, stop)), columns)
            for low in range(start, stop, rows)
        ]
        return bands[0] if len(bands) == 1 else self.engine.ops.concatenate(bands, axis=1)

    def _compute_rows(self, move, node, rows, columns):
        """Compute some rows of the slices of a move."""
        want = (move.made, rows, columns)
        factor = self.engine.nodes[node.inputs[0]].factor
        planes = input_box(node, want, self.shape, factor)[1:]
        inputs = [
            self._take(source, needed, planes)
            for source, needed in zip(node.inputs, move.needed, strict=True)
        ]
        have = (move.needed[0], *planes)
        if is_stacked(node):
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
        """Convolve with zeros beyond the part, cut off what they reach, and rectify."""
        engine, (start, stop) = self.engine, want[0]
        x = engine.ops.cast(inputs.pop(), engine.number_format(index))
        low = have[0][0]
        if node.kind == DOUBLED:
            x = engine.convolutions.convolve_doubled(index, node, x, low, want[0])
        else:
            gap, taps = node.dilation[0], node.window[0]
            offsets = [start + gap * (tap - taps // 2) - low for tap in range(taps)]
            x = engine.convolutions.convolve(index, node, x, offsets, stop - start)
        times = node.step[1:] if node.kind == DOUBLED else (1, 1)
        cuts = tuple(
            slice(first - each * low, last - each * low)
            for (first, last), (low, _), each in zip(want[1:], have[1:], times, strict=True)
        )
        if x.shape[1:3] != tuple(cut.stop - cut.start for cut in cuts):
            x = x[(slice(None), *cuts)]
        return engine.biased(index, x)
