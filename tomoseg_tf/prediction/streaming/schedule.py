"""When each slice of each tensor is computed, and how long it is kept: integers, no arrays.

The result is made in chunks of slices, counted from slice 0. Every tensor is as many slices
ahead of it as the steps between them need, and goes forward with it. A tensor is kept from the
first slice on that a later step needs. Zeros stand only where the volume ends, so that the first
chunk, the last and those between follow one rule. Before the first chunk come steps that give no
result, in which the tensors fill up as they will flow later.

A run may begin at any chunk. Each tensor then joins in the step in which its first slice that is
needed comes, so that every step has the length that it has in a run from slice 0: the same sums
in the same order.
"""

from dataclasses import dataclass

from tomoseg_tf.prediction.geometry import (
    CONVOLUTION,
    DOUBLED,
    EXPANSION,
    LINEAR,
    UPSAMPLING,
    input_range,
)
from tomoseg_tf.prediction.streaming.bands import users_of


@dataclass(frozen=True)
class Move:
    """One step of one node.

    Attributes
    ----------
    index : int
        Of the node.
    made : (int, int)
        Slices of its tensor that it computes.
    needed : tuple of (int, int)
        Slices of each of its inputs that it takes.
    kept : tuple of (int, int)
        Inputs, and its own tensor, each with the first slice that is needed after this step.
    """

    index: int
    made: tuple
    needed: tuple
    kept: tuple


def leads(nodes):
    """How far each tensor must be ahead of the result, in slices of the volume.

    A tensor whose slices are f of the volume ends at slice (r + lead) // f when the result ends
    at slice r. So every tensor goes forward by as many slices of the volume as the result does,
    rounded down to its own, and no step makes many at once.

    Parameters
    ----------
    nodes : list of Node
        The network; the last node is its result.

    Returns
    -------
    list of int
        One per node.
    """
    ahead = [0] * len(nodes)
    for index in reversed(range(len(nodes))):
        node = nodes[index]
        for source in node.inputs:
            ahead[source] = max(ahead[source], ahead[index] + _lead(node, nodes[source].factor[0]))
    return ahead


def _lead(node, inside):
    """Slices of the volume by which a node's input must be ahead of what it makes."""
    if node.kind == CONVOLUTION:
        return node.window[0] // 2 * node.dilation[0] * inside
    if node.kind not in (UPSAMPLING, LINEAR, EXPANSION, DOUBLED):
        return 0
    cell = inside - node.factor[0]
    if node.kind == DOUBLED:
        return cell + node.window[0] // 2 * node.factor[0]
    return cell + inside if node.kind == LINEAR and cell else cell


class Schedule:
    """The order in which the slices of a volume go through a network.

    Parameters
    ----------
    nodes : list of Node
        The network; the last node is its result.
    depth : int
        Padded slices of the volume.
    chunk : int
        Slices of the result that are made at a time.
    """

    def __init__(self, nodes, depth, chunk):
        self.nodes, self.depth, self.chunk = nodes, depth, chunk
        self.users, self.leads = users_of(nodes), leads(nodes)

    @property
    def num_steps(self):
        """Chunks of the result."""
        return -(-self.depth // self.chunk)

    def stops(self, step):
        """Slice of each tensor that a step ends before; 0 for those that it does not reach."""
        reached = (step + 1) * self.chunk
        return tuple(
            min(max(0, (reached + lead) // node.factor[0]), self._side(index))
            for index, (node, lead) in enumerate(zip(self.nodes, self.leads, strict=True))
        )

    def joins(self, first):
        """Step in which each node joins a run of which the given step is the first to give any."""
        joins = [first] * len(self.nodes)
        for index in reversed(range(len(self.nodes) - 1)):
            step = min(joins[user] for user in self.users[index])
            lowest = min(
                self._first_need(user, index, self.stops(joins[user] - 1)[user])
                for user in self.users[index]
            )
            while self.stops(step - 1)[index] > lowest:
                step -= 1
            joins[index] = step
        return joins

    def begin(self, joins):
        """Slice at which each node begins, if it joins in the given steps."""
        return [self.stops(step - 1)[index] for index, step in enumerate(joins)]

    def moves(self, step, joins, reached):
        """List what a step computes, node after node.

        Parameters
        ----------
        step : int
            Its number.
        joins : list of int
            From `joins`.
        reached : list of int
            Slice that each tensor has been computed up to; changed as the moves are made.

        Yields
        ------
        Move
        """
        stops = self.stops(step)
        for index, node in enumerate(self.nodes):
            start, stop = reached[index], stops[index]
            if step < joins[index] or start >= stop:
                continue
            needed = tuple(self._needs(index, source, start, stop) for source in node.inputs)
            reached[index] = stop
            kept = tuple((each, self._kept_from(each, reached)) for each in (*node.inputs, index))
            yield Move(index, (start, stop), needed, kept)

    def _kept_from(self, index, reached):
        """First slice of a tensor that a later step needs."""
        needs = (self._first_need(user, index, reached[user]) for user in self.users[index])
        return min(needs, default=reached[index])

    def _first_need(self, user, source, start):
        return self._needs(user, source, start, start + 1)[0]

    def _needs(self, user, source, start, stop):
        return input_range(self.nodes[user], 0, start, stop, self._side(source))

    def _side(self, index):
        return self.depth // self.nodes[index].factor[0]
