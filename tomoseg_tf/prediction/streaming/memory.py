"""What a stream keeps at each of its steps, counted before anything is computed."""

import numpy as np

from tomoseg_tf.prediction.geometry import CONVOLUTION, INPUT, LINEAR, POOLING, stride
from tomoseg_tf.prediction.streaming.convolutions import is_stacked

SETTLED = 3  # steps after those that fill the tensors twice, when what is kept repeats itself


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
    (moves, nodes) ndarray of float64
        Slices times channels of each node's tensor: those that are kept, and those that the
        move takes and makes besides. Times the voxels of the tensors' planes they are the
        values. Moves that repeat earlier ones are left out.
    """
    nodes = schedule.nodes
    lengths, rows = [_Lengths() for _ in nodes], []
    joins = schedule.joins(0)
    reached = schedule.begin(joins)
    settled = 2 * -min(joins) + SETTLED + stride(nodes)[0] // schedule.chunk
    for step in range(min(joins), min(min(joins) + settled, schedule.num_steps)):
        for move in schedule.moves(step, joins, reached):
            row = np.array([each.kept for each in lengths], np.float64)
            row *= [node.channels for node in nodes]
            for index, values in _beside(nodes, move):
                row[index] += values
            rows.append(row)
            lengths[move.index].append(move.made[1] - move.made[0])
            for index, first in move.kept:
                lengths[index].drop(first)
    return np.unique(np.array(rows), axis=0)


def _beside(nodes, move):
    """Values per voxel of its plane that a move has beside what is kept: (node, values)."""
    node, size = nodes[move.index], move.made[1] - move.made[0]
    if node.kind == INPUT:
        return [(move.index, 2 * size * node.channels)]
    source = node.inputs[0]
    taken = move.needed[0][1] - move.needed[0][0]
    inside = nodes[source].channels
    made = (move.index, 2 * size * node.channels)
    if is_stacked(node):  # in bands of rows
        return [made]
    if node.kind in (POOLING, LINEAR, CONVOLUTION):
        copies = 2 if node.kind == CONVOLUTION else 1
        return [made, (source, copies * taken * inside)]
    return [made, *((each, taken * nodes[each].channels) for each in node.inputs[1:])]
