"""Predict a volume in blocks of slices, each as if it were a volume of its own.

Networks that were fitted on patches of few slices have seen what lies beyond as zeros; so they
see it here again. Blocks begin at slice 0, whichever part is wanted. The last one ends with the
volume: where the depth is no multiple, it begins earlier and gives only what is still missing.
"""

from dataclasses import dataclass

import numpy as np

from tomoseg_tf.prediction.plan import Plan


@dataclass(frozen=True)
class BlockPlan(Plan):
    """How a volume is cut into blocks, and these into tiles.

    Attributes
    ----------
    depth : int
        Slices of a block.
    """

    depth: int = 1

    def layers(self):
        """Tiles by block, see `Plan.layers`.

        Yields
        ------
        (start, stop) : tuple of int
            Range in z: that of a block, or the part of it that is wanted.
        boxes : list of tuple of (int, int)
            Boxes of the tiles in it, row by row.
        """
        low, high = self.roi[0]
        _, planes = next(super().layers())
        for start in range(low // self.depth * self.depth, high, self.depth):
            z = max(start, low), min(start + self.depth, high)
            yield z, [(z, y, x) for _, y, x in planes]


class BlockEngine:
    """A network ready to compute tiles of blocks.

    Parameters
    ----------
    engine : Engine
        The network.
    slices : int
        Of the volume.
    depth : int
        Slices of a block, at most those of the volume.
    padded : tuple of int
        Padded sides of a block.
    """

    def __init__(self, engine, slices, depth, padded):
        self.engine, self.slices, self.depth, self.padded = engine, slices, depth, padded

    def needed(self, box, shape):
        """Part of the volume for a box of the result: the slices of its block.

        Parameters
        ----------
        box : tuple of (int, int)
            Wanted part of the result, inside one block.
        shape : tuple of int
            Padded sides of the volume.

        Returns
        -------
        tuple of (int, int)
        """
        first = self._first(box)
        _, y, x = self.engine.needed(((0, self.depth), *box[1:]), self.padded)
        return (first, first + self.depth), y, x

    def run(self, tile, box, shape, tick=None):
        """Compute one box of the result.

        Parameters
        ----------
        tile : (Z, Y, X) ndarray of float32
            Normalised grey of what `needed` says.
        box : tuple of (int, int)
            Wanted part of the result, inside one block.
        shape : tuple of int
            Padded sides of the volume.
        tick : callable, optional
            Not called: a tile is one step.

        Returns
        -------
        (Z, Y, X, C) ndarray of float32
            Probabilities in the box.
        """
        whole = ((0, self.depth), *box[1:])
        low, high = self.engine.needed(whole, self.padded)[0]
        missing = self.padded[0] - len(tile)
        tile = np.pad(tile, ((0, missing), (0, 0), (0, 0)))[low:high]
        result = self.engine.run(tile, whole, self.padded)
        start, stop = (end - self._first(box) for end in box[0])
        return result[start:stop]

    def _first(self, box):
        """First slice of the block of a box."""
        return min(box[0][0] // self.depth * self.depth, self.slices - self.depth)


class BlockNetwork:
    """A network of volumes, predicted in blocks of slices.

    Parameters
    ----------
    network : TiledNetwork
        The network.
    depth : int
        Slices of a block.
    """

    def __init__(self, network, depth):
        self.network, self.depth = network, depth
        self.num_classes = network.num_classes

    def plan(self, shape, *, roi, tile=None, voxel_bytes, max_memory=None):
        """Choose tiles of a block and make an engine, see `TiledNetwork.plan`."""
        depth = min(self.depth, shape[0])
        block = (depth, *shape[1:])
        tile = (depth, *((None, None) if tile is None else tile[1:]))
        engine, plan = self.network.plan(
            block,
            roi=((0, depth), *roi[1:]),
            tile=tile,
            voxel_bytes=voxel_bytes,
            max_memory=max_memory,
        )
        blocks = BlockPlan(
            tuple(shape),
            (shape[0], *plan.padded[1:]),
            tuple(roi),
            plan.tile,
            plan.memory,
            plan.overhead,
            depth,
            reason=plan.reason,
        )
        return BlockEngine(engine, shape[0], depth, plan.padded), blocks
