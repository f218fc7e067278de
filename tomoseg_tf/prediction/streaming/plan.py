"""Choose how a volume is streamed: the least work that fits the memory."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from tomoseg_tf.prediction.geometry import (
    CONCATENATION,
    CONVOLUTION,
    EXPANSION,
    LINEAR,
    POINTWISE,
    POOLING,
    SUM,
    UPSAMPLING,
    padded_shape,
)
from tomoseg_tf.prediction.plan import MAX_MEMORY, Plan
from tomoseg_tf.prediction.streaming.choices import Choices, Parts, work_of_one_pass
from tomoseg_tf.prediction.streaming.rewrite import (
    compute_again,
    convolve_before_doubling,
    fill_lanes,
    stack_neighbours,
    take_parts,
)
from tomoseg_tf.prediction.streaming.schedule import Schedule

STREAMED = {CONVOLUTION, POOLING, UPSAMPLING, EXPANSION, LINEAR, CONCATENATION, SUM, POINTWISE}
CHUNKS = 1, 2, 4, 8  # longer ones were no faster, and need more memory


@dataclass(frozen=True)
class StreamPlan(Plan):
    """How a volume is streamed.

    Attributes
    ----------
    tile : tuple of int
        Slices that are written at a time, and sides of the parts of the planes.
    chunk : int
        Slices of the result that are made at a time.
    again : bool
        Whether the first shortcut is computed again rather than held.
    """

    chunk: int = 1
    again: bool = False

    def layers(self):
        """Boxes by z-range, see `Plan.layers`; ranges are counted from slice 0."""
        (low, high), depth = self.roi[0], self.tile[0]
        cuts = [
            [(start, min(start + side, stop)) for start in range(first, stop, side)]
            for (first, stop), side in zip(self.roi[1:], self.tile[1:], strict=True)
        ]
        for start in range(low // depth * depth, high, depth):
            z = max(start, low), min(start + depth, high)
            yield z, [(z, y, x) for y, x in product(*cuts)]


def why_not_streamed(nodes):
    """Say why a network cannot be streamed: a step is unknown, or slices are fewer after it.

    Parameters
    ----------
    nodes : list of Node
        The network.

    Returns
    -------
    str or None
        A few words; None if it can.
    """
    strange = [node.name for node in nodes[1:] if node.kind not in STREAMED]
    if strange:
        return f"its layer {strange[0]} gives no slice before it has seen them all"
    times = nodes[-1].factor[0]
    return None if times == 1 else f"its result has one slice for {times} of the volume"


def plan_stream(
    nodes,
    shape,
    *,
    roi,
    value_bytes=4,
    voxel_bytes=(1, 1),
    max_memory=None,
    stacked=0,
    lanes=1,
):
    """Choose the chunk, and parts of the planes, that cost the least work within the memory.

    Parameters
    ----------
    nodes : list of Node
        The network.
    shape : tuple of int
        Sides (Z, Y, X) of the volume.
    roi : tuple of (int, int)
        Part to predict.
    value_bytes : int
        Bytes per value inside the network.
    voxel_bytes : (int, int)
        Bytes per voxel of the volume, and of all results together.
    max_memory : float, optional
        Bytes to stay within; 2.5 GB by default.
    stacked : int
        See `tomoseg_tf.prediction.streaming.rewrite.stack_neighbours`.
    lanes : int
        See `tomoseg_tf.prediction.streaming.rewrite.fill_lanes`.

    Returns
    -------
    list of Node
        The network as it is to be streamed.
    StreamPlan

    Raises
    ------
    ValueError
        If nothing fits into the memory.
    """
    max_memory = max_memory or MAX_MEMORY
    padded = padded_shape(nodes, shape)
    parts = Parts(nodes, roi, padded)
    held = stack_neighbours(take_parts(convolve_before_doubling(nodes)), stacked)
    again = compute_again(held)
    held, again = fill_lanes(held, lanes), again and fill_lanes(again, lanes)
    pass_once = work_of_one_pass(held, roi, padded)
    best, least = None, np.inf
    for variant, chunk in product([held, again] if again else [held], CHUNKS):
        if chunk > padded[0]:
            continue
        choices = Choices(variant, Schedule(variant, padded[0], chunk), roi, parts, value_bytes)
        for depth in choices.depths():
            cost, work, memory = choices.of(depth, voxel_bytes)
            least = min(least, memory.min())
            cost = np.where(memory <= max_memory, cost, np.inf)
            place = np.unravel_index(cost.argmin(), cost.shape)
            if best is None or cost[place] < best[0]:
                tile = (min(depth, padded[0]), *parts.sides_at(place))
                best = cost[place], variant, chunk, tile, memory[place], work[place]
    if not np.isfinite(best[0]):
        raise ValueError(
            f"a volume of {' x '.join(map(str, shape))} needs about {least / 1e9:.1f} GB "
            f"in the smallest parts, more than the {max_memory / 1e9:.1f} GB allowed; allow more"
        )
    _, variant, chunk, tile, memory, work = best
    settings = {"chunk": chunk, "again": variant is again}
    overhead = float(work / pass_once)
    return variant, StreamPlan(
        tuple(shape), padded, tuple(roi), tile, int(memory), overhead, **settings
    )
