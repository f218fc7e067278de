"""Predict a volume in overlapping tiles, each as a volume of its own, and blend these.

For networks that cannot be predicted exactly, because a layer sees the whole tile or is not known
here. The result depends on the tiles.
"""

from math import prod

import numpy as np

from tomoseg_tf.backend import EnoughMemory
from tomoseg_tf.prediction.blended_tiles import BlendEngine, BlendPlan
from tomoseg_tf.prediction.device import find_device, place, value_bytes
from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.keras_network import check_network, compiled, copy_for
from tomoseg_tf.prediction.patches import patch_starts
from tomoseg_tf.prediction.plan import MAX_MEMORY

OVERLAP = 4  # one part in so many of a side is shared with the next tile
LAYERS = 4  # of tiles there are at most: being made, added up, and two that still overlap


class BlendedNetwork:
    """A network of volumes of any layers, predicted in tiles that are blended.

    Parameters
    ----------
    model : keras.Model
        Of one input and one output, of volumes of the same sides.
    tile : tuple of int
        Sides (Z, Y, X) of the tiles.
    precision, device : str
        As for `tomoseg_tf.prediction.networks.open_network`.

    Raises
    ------
    ValueError
        If the network cannot take such tiles, or gives other sides.
    """

    def __init__(self, model, tile, precision, device):
        self.device = find_device(device, precision)
        check_network(model)
        self.name, self.tile, self.num_classes = model.name, tuple(tile), model.output_shape[-1]
        self.channels, self.precision = model.input_shape[-1], precision
        fixed = model.input_shape[1:-1]
        if any(own not in (None, side) for own, side in zip(fixed, self.tile, strict=True)):
            sides = ",".join(map(str, fixed))
            raise ValueError(f"{model.name} takes tiles of {sides}: give these as --blend {sides}")
        try:
            with place(self.device):
                model = copy_for(model, self.tile, precision)
                self.model = compiled(model)
        except (TypeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(
                f"{self.name} cannot take tiles of {_text(self.tile)} ({reason}); give --blend "
                "multiples of what it pools by"
            ) from None
        if tuple(self.model.output_shape[1:-1]) != self.tile:
            raise ValueError(
                f"{self.name} gives {_text(self.model.output_shape[1:-1])} voxels for a tile of "
                f"{_text(self.tile)}; give --blend multiples of what it pools by"
            )
        self.values = sum(
            prod(side or 1 for side in each.shape[1:])
            for layer in model.layers
            for each in (layer.output if isinstance(layer.output, list) else [layer.output])
        )

    def __call__(self, grey):
        """Predict a tile.

        Parameters
        ----------
        grey : (Z, Y, X) ndarray of float32
            Normalised grey.

        Returns
        -------
        (Z, Y, X, C) ndarray of float32
        """
        batch = np.repeat(grey[None, ..., None], self.channels, axis=-1)
        text = f"a tile of {_text(self.tile)} voxels does not fit into the memory; give a smaller"
        with place(self.device), EnoughMemory(f"{text} --blend"):
            return np.asarray(self.model.predict_on_batch(batch)[0], np.float32)

    def plan(self, shape, *, roi, tile=None, voxel_bytes, max_memory=None):
        """Lay the tiles, and make an engine; see `TiledNetwork.plan`.

        Raises
        ------
        ValueError
            If a tile is given besides those that are blended, or they do not fit into the memory.
        """
        if tile is not None:
            raise ValueError("tiles that are blended are those of --blend; leave the tile out")
        padded = tuple(map(max, shape, self.tile))
        starts = tuple(
            tuple(patch_starts(length, side, side - side // OVERLAP).tolist())
            for length, side in zip(padded, self.tile, strict=True)
        )
        covered = prod(len(each) * side for each, side in zip(starts, self.tile, strict=True))
        planes = volume_of(roi[1:])
        layer = self.tile[0] * planes * (4 * self.num_classes)
        read = 2 * self.tile[0] * prod(padded[1:]) * (2 * 4 + voxel_bytes[0])
        memory = value_bytes(self.precision) * self.values + LAYERS * layer + read
        memory += self.tile[0] * planes * voxel_bytes[1]
        allowed = max_memory or MAX_MEMORY
        if memory > allowed:
            raise ValueError(
                f"blended tiles of {_text(self.tile)} need about {memory / 1e9:.2g} GB, more than "
                f"the {allowed / 1e9:.2g} GB allowed; give fewer slices, or allow more with "
                "--max-memory"
            )
        plan = BlendPlan(
            *(tuple(shape), padded, tuple(roi), self.tile, int(memory), covered / prod(shape)),
            starts,
            reason=f"{self.name} is predicted in blended tiles, which are not exact",
        )
        return BlendEngine(self, plan), plan


def _text(sides):
    return " x ".join(map(str, sides))
