"""OME-Zarr stores (0.5, Zarr version 3) written slab by slab, each chunk once."""

from math import prod

import zarr

from tomoseg_tf.volume.volume import CLASSES, CONTENT
from tomoseg_tf.volume.writer import Writer
from tomoseg_tf.volume.zarr.layers import Layers
from tomoseg_tf.volume.zarr.ome import image_attributes
from tomoseg_tf.volume.zarr.volume import MARK

CHUNK_SIDE = 256
MAX_DEPTH = 32
LAYER_BYTES = 64 * 2**20  # of chunks that lie side by side, gathered in memory


class ZarrWriter(Writer):
    """Writes an OME-Zarr image with one level, ``0``.

    The array is marked as complete at the end; until then, and if it loses chunks later, it is
    refused as input.
    """

    def __init__(self, path, shape, dtype, spacing=None, *, classes=False, inside=None):
        super().__init__(path, shape, dtype, spacing, classes=classes)
        if inside is not None:
            raise ValueError(f"{path}: a store is written as a whole; leave out ::{inside}")
        name = path.name.removeprefix(".").partition(".partial-")[0]
        name = name.partition(".ome.zarr")[0].partition(".zarr")[0]
        chunks = chunk_shape(self.shape, self.dtype)
        attributes = image_attributes(name, self.spacing)
        group = zarr.create_group(path, zarr_format=3, attributes=attributes, overwrite=True)
        self._array = group.create_array(
            "0",
            shape=self.shape,
            chunks=chunks,
            dtype=self.dtype,
            fill_value=0,
            dimension_names=["z", "y", "x"],
            compressors=zarr.codecs.BloscCodec(cname="zstd", clevel=3, shuffle="shuffle"),
            attributes=self._mark(complete=False),
            config={"write_empty_chunks": True},
        )
        self._layers = Layers(self.shape, self.dtype, chunks[0], path.parent)

    def check_complete(self):
        """Check that every slice was written, write what is left and mark the array as complete.

        Raises
        ------
        ValueError
            If not, with the number of slices that are missing.
        """
        super().check_complete()
        for first, layer, filled in self._layers.rest():  # slices that were written again
            whole = self._array[first : first + len(layer)]
            whole[filled] = layer[filled]
            self._array[first : first + len(layer)] = whole
        self._array.attrs.update(self._mark(complete=True))

    def close(self):
        """Drop what is held."""
        self._layers.close()

    def _mark(self, *, complete):
        """Attributes of the array: whether it is complete, and that it holds classes."""
        return {MARK: {"complete": complete} | ({CONTENT: CLASSES} if self.classes else {})}

    def _write(self, start, slab):
        for first, layer in self._layers.add(start, slab):
            self._array[first : first + len(layer)] = layer


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
