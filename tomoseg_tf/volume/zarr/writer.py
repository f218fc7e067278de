"""OME-Zarr stores (0.5, Zarr version 3) with their pyramid, written slab by slab."""

from math import prod

import zarr

from tomoseg_tf.volume.volume import CLASSES, CONTENT
from tomoseg_tf.volume.writer import Writer
from tomoseg_tf.volume.zarr.layers import Layers
from tomoseg_tf.volume.zarr.metadata import MARK
from tomoseg_tf.volume.zarr.ome import image_attributes
from tomoseg_tf.volume.zarr.pyramid import halve, holds_labels, plan_levels

CHUNK_SIDE = 256
MAX_DEPTH = 32
LAYER_BYTES = 64 * 2**20  # of chunks that lie side by side, gathered in memory


class ZarrWriter(Writer):
    """Writes an OME-Zarr image: level ``0``, and lower resolutions of one that is large.

    A volume with a side of more than 256 voxels gets levels that halve it until none is, see
    `plan_levels`: viewers need them, and they cost a seventh of the space. They are made from the
    slabs that pass, so that nothing is read again and memory stays bounded. Classes and labels of
    objects are never averaged.

    The arrays are marked as complete at the end; until then, and if one loses chunks later, it is
    refused as input.
    """

    def __init__(self, path, shape, dtype, spacing=None, *, classes=False, inside=None):
        super().__init__(path, shape, dtype, spacing, classes=classes)
        if inside is not None:
            raise ValueError(f"{path}: a store is written as a whole; leave out ::{inside}")
        name = path.name.removeprefix(".").partition(".partial-")[0]
        name = name.partition(".ome.zarr")[0].partition(".zarr")[0]
        self._labels = holds_labels(self.dtype, classes)
        self._levels = plan_levels(self.shape, self.spacing)
        attributes = image_attributes(
            name,
            self.spacing,
            [level.factor for level in self._levels],
            "mode" if self._labels else "mean",
        )
        group = zarr.create_group(path, zarr_format=3, attributes=attributes, overwrite=True)
        depth = chunk_shape(self.shape, self.dtype)[0]
        self._arrays, self._layers = [], []
        for number, level in enumerate(self._levels):
            chunks = tuple(map(min, (depth, CHUNK_SIDE, CHUNK_SIDE), level.shape))
            self._arrays.append(self._create(group, str(number), level.shape, chunks))
            gathered = max(chunks[0], level.step[0] if level is not self._levels[-1] else 1)
            self._layers.append(Layers(level.shape, self.dtype, gathered, path.parent))

    def check_complete(self):
        """Check that every slice was written, write what is left and mark the arrays as complete.

        Raises
        ------
        ValueError
            If not, with the number of slices that are missing.
        """
        super().check_complete()
        for number, array in enumerate(self._arrays):
            rest = self._layers[number].rest()  # slices that were written again
            for first, layer, filled in rest:
                whole = array[first : first + len(layer)]
                whole[filled] = layer[filled]
                self._store(number, first, whole)
        for array in reversed(self._arrays):
            array.attrs.update(self._mark(complete=True))

    def close(self):
        """Drop what is held."""
        for layers in self._layers:
            layers.close()

    def _create(self, group, name, shape, chunks):
        """Make the array of a level."""
        return group.create_array(
            name,
            shape=shape,
            chunks=chunks,
            dtype=self.dtype,
            fill_value=0,
            dimension_names=["z", "y", "x"],
            compressors=zarr.codecs.BloscCodec(cname="zstd", clevel=3, shuffle="shuffle"),
            attributes=self._mark(complete=False),
            config={"write_empty_chunks": True},
        )

    def _mark(self, *, complete):
        """Attributes of an array: whether it is complete, and that it holds classes."""
        return {MARK: {"complete": complete} | ({CONTENT: CLASSES} if self.classes else {})}

    def _write(self, start, slab):
        self._add(0, start, slab)

    def _add(self, number, start, slab):
        """Add a slab to a level."""
        for first, layer in self._layers[number].add(start, slab):
            self._store(number, first, layer)

    def _store(self, number, first, layer):
        """Write whole chunks of a level, and hand them halved to the next."""
        self._arrays[number][first : first + len(layer)] = layer
        if number + 1 < len(self._arrays):
            step = self._levels[number].step
            self._add(number + 1, first // step[0], halve(layer, step, labels=self._labels))


def chunk_shape(shape, dtype):
    """Choose the chunks of an array that is written slab by slab and viewed from any side.

    Parameters
    ----------
    shape : tuple of three int
        Shape (Z, Y, X) of the array.
    dtype : dtype
        Type of the voxels.

    Returns
    -------
    tuple of three int
        At most 32 × 256 × 256 voxels; thinner where the slices are so large that as many of them
        would take more than 64 MiB.
    """
    depth = min(MAX_DEPTH, max(1, LAYER_BYTES // (prod(shape[1:]) * dtype.itemsize)))
    depth = 1 << (depth.bit_length() - 1)  # a power of two
    return min(depth, shape[0]), min(CHUNK_SIDE, shape[1]), min(CHUNK_SIDE, shape[2])
