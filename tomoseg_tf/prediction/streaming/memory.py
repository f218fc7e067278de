"""What a stream holds at each of its steps, counted before anything is computed."""

from collections import defaultdict
from fractions import Fraction
from itertools import chain
from math import prod

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


def largest_alike(nodes, values):
    """Give each tensor the planes of the largest of those that use its memory by turns.

    Parameters
    ----------
    nodes : list of Node
        The network.
    values : (..., nodes) ndarray
        Of the part of each tensor's plane, all channels.

    Returns
    -------
    (..., nodes) ndarray
        The most that a tensor has of those that are `alike`.
    """
    found = np.array(values)
    for group in alike(nodes):
        found[..., group] = found[..., group].max(axis=-1, keepdims=True)
    return found


def alike(nodes):
    """Group the tensors whose whole planes have the same number of values: lists of indices."""
    groups = defaultdict(list)
    for index, node in enumerate(nodes):
        groups[Fraction(node.channels, prod(node.factor[1:]))].append(index)
    return list(groups.values())


def kept_slices(schedule):
    """Count the slices of each tensor that are in memory, move after move.

    Parameters
    ----------
    schedule : Schedule
        Of a volume, from its first slice on.

    Returns
    -------
    (moves, nodes) ndarray of int
        Those that are kept and those that the move makes. Moves that repeat earlier ones are
        left out.
    """
    nodes = schedule.nodes
    joins, joined = schedule.joins(0), joined_at_once(nodes)
    reached, waiting, rows = schedule.begin(joins), [], []
    starts, stops = np.array(reached), np.array(reached)
    settled = 2 * -min(joins) + SETTLED + stride(nodes)[0] // schedule.chunk
    for step in range(min(joins), min(min(joins) + settled, schedule.num_steps)):
        for move in schedule.moves(step, joins, reached):
            if move.index in joined:
                waiting.append(move)
                continue
            stops[move.index] = move.made[1]
            rows.append(stops - starts)
            for index, first in chain(*(each.kept for each in (*waiting, move))):
                starts[index] = max(starts[index], min(first, stops[index]))
            waiting = []
    return np.unique(np.array(rows), axis=0)


def values_beside(nodes, chunk, heights, widths, value_bytes):
    """Count the values that computing the slices of a step takes beside what is kept and made.

    Parameters
    ----------
    nodes : list of Node
        The network.
    chunk : int
        Slices of the result that are made at a time.
    heights, widths : (..., nodes) ndarray
        Sides of the part of each node's plane.
    value_bytes : int
        Bytes per value inside the network.

    Returns
    -------
    (..., nodes) ndarray of float64
        Those of the bands that are made at once, and what these take; or what comes in.
    """
    sizes = np.array([max(1, chunk // node.factor[0]) for node in nodes])
    channels = np.array([node.channels for node in nodes])
    values = np.array([values_per_voxel(nodes, index) for index in range(len(nodes))])
    per_row = sizes * widths
    rows = BAND // (per_row * values * value_bytes)  # or less, see `band_rows`
    rows = np.maximum(LEAST_ROWS, rows)
    band = AT_ONCE * per_row * np.minimum(rows, heights) * 2 * (values + channels)
    enters = np.array([node.kind == INPUT for node in nodes])
    return np.where(enters, (ENTERING - 1) * per_row * heights * channels, band)
