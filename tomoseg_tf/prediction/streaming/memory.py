"""What a stream holds at each of its steps, counted before anything is computed."""

import numpy as np

from tomoseg_tf.prediction.geometry import INPUT, stride
from tomoseg_tf.prediction.streaming.bands import (
    AT_ONCE,
    BAND,
    LEAST_ROWS,
    joined_at_once,
    values_per_voxel,
)

SETTLED = 3  # steps after those that fill the tensors twice, when what is kept repeats itself
ENTERING = 3  # times that slices are there when they come in: as read, with channels, as a tensor


class _Lengths:
    """Lengths of the pieces of a tensor that are kept, as `Kept` keeps the pieces."""

    def __init__(self):
        self.start = self.kept = 0
        self.pieces = []

    def append(self, length):
        self.pieces.append(length)
        self.kept += length

    def drop(self, start):
        while self.pieces and self.start + self.pieces[0] <= start:
            self.kept -= self.pieces[0]
            self.start += self.pieces.pop(0)


def kept_values(schedule):
    """Count the values per voxel of a plane that are in memory, move after move.

    Parameters
    ----------
    schedule : Schedule
        Of a volume, from its first slice on.

    Returns
    -------
    values : (moves, nodes) ndarray of float64
        Slices times channels of each node's tensor: those that are kept, and once those that the
        move makes. Times the voxels of the tensors' planes they are the values. Moves that
        repeat earlier ones are left out.
    makes : (moves,) ndarray of int
        Node that each move computes.
    """
    nodes = schedule.nodes
    lengths, rows = [_Lengths() for _ in nodes], []
    joins, joined = schedule.joins(0), joined_at_once(nodes)
    channels = np.array([node.channels for node in nodes])
    reached, waiting = schedule.begin(joins), []
    settled = 2 * -min(joins) + SETTLED + stride(nodes)[0] // schedule.chunk
    for step in range(min(joins), min(min(joins) + settled, schedule.num_steps)):
        for move in schedule.moves(step, joins, reached):
            if move.index in joined:
                waiting.append(move)
                continue
            size = move.made[1] - move.made[0]
            row = np.array([each.kept for each in lengths])
            row[move.index] += size
            rows.append((*(row * channels), move.index))
            if move.index < len(nodes) - 1:
                lengths[move.index].append(size)
            for ended in (*waiting, move):
                for index, first in ended.kept:
                    lengths[index].drop(first)
            waiting = []
    unique = np.unique(np.array(rows), axis=0)
    return unique[:, :-1].astype(np.float64), unique[:, -1]


def values_beside(nodes, chunk, heights, widths):
    """Count the values that computing the slices of a step takes beside what is kept and made.

    Parameters
    ----------
    nodes : list of Node
        The network.
    chunk : int
        Slices of the result that are made at a time.
    heights, widths : (..., nodes) ndarray
        Sides of the part of each node's plane.

    Returns
    -------
    (..., nodes) ndarray of float64
        Those of a band and what it takes; or the result once more, of which the bands are put
        together.
    """
    sizes = np.array([max(1, chunk // node.factor[0]) for node in nodes])
    channels = np.array([node.channels for node in nodes])
    values = np.array([values_per_voxel(nodes, index) for index in range(len(nodes))])
    per_row = sizes * widths
    rows = np.maximum(LEAST_ROWS, BAND // (per_row * values))
    made = per_row * heights * channels
    band = AT_ONCE * per_row * np.minimum(rows, heights) * 2 * (values + channels)
    entering = [ENTERING - 1 if node.kind == INPUT else 0 for node in nodes]
    return np.where(np.array(entering) > 0, entering * made, np.maximum(made, band))
