"""HDF5 and NeXus: one dataset of a file, read slab by slab."""

import os
from contextlib import contextmanager
from math import prod
from pathlib import Path

import h5py
import numpy as np

from tomoseg_tf.volume.hdf5.attributes import text
from tomoseg_tf.volume.hdf5.finding import describe_volumes, find_volume, volume_axes
from tomoseg_tf.volume.hdf5.opening import Hdf5Error, TooManyError, damage, open_hdf5
from tomoseg_tf.volume.hdf5.spacing import read_spacing
from tomoseg_tf.volume.hdf5.stored import check_stored, compression, layout
from tomoseg_tf.volume.hdf5.tree import Hdf5Tree
from tomoseg_tf.volume.storage.contiguous import native, read_slices
from tomoseg_tf.volume.volume import BYTE_ORDERS, CLASSES, CONTENT, SLAB_BYTES, Volume

LEFT_OUT = 8  # links that cannot be followed, and the like, of which each is told
WASTE = 4  # decoding of chunks, in slabs read, that a notice tells


class Hdf5Volume(Volume):
    """A volume in an HDF5 or NeXus file.

    The file is not kept open. A dataset in one uncompressed piece is read at its offset, another
    by the library.

    Parameters
    ----------
    path : Path
        File.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the file states.
    inside : str, optional
        Path of the dataset; the NeXus default or the only volume when not given.

    Raises
    ------
    ValueError
        If it is no HDF5 file, is damaged, never was written or lacks a file that it needs, or if
        the dataset is no volume.
    """

    def __init__(self, path, spacing=None, *, inside=None):
        with damage(path), Hdf5Tree(path) as tree:
            found = find_volume(tree, inside)
            dataset, name = found.dataset, _name(path, found)
            self._picked = volume_axes(dataset.shape, found.index, name)
            kept = [axis for axis, index in enumerate(self._picked) if index is None]
            notices, self._files = check_stored(tree, dataset)
            notices += _left_out(tree)[:1]
            if spacing is None:
                spacing, notice = read_spacing(tree, found, kept)
                notices += [notice] if notice else []
            self._file, self._path = Path(dataset.file.filename), dataset.name
            self._stored, self._full = dataset.dtype, dataset.shape
            self._chunks = dataset.chunks and tuple(dataset.chunks[axis] for axis in kept)
            self._offset = _plain_offset(dataset)
            holds_classes = text(dataset, CONTENT) == CLASSES
            storage = {
                "dataset": f"{found.path}, {found.reason}",
                "byte_order": BYTE_ORDERS.get(dataset.dtype.byteorder, "not applicable"),
                "compression": compression(dataset),
                "reading": self._reading(layout(dataset)),
            }
        shape = tuple(self._full[axis] for axis in kept)
        if len(self._full) > 3:
            notices.insert(0, f"it is {shape} of a dataset of shape {self._full}")
        super().__init__(
            shape,
            self._stored,
            spacing=spacing,
            name=name,
            format="HDF5",
            notices=notices,
            storage=storage,
            holds_classes=holds_classes,
        )
        self.notices += self._wasteful()

    def slabs(self, depth=None):
        """Read the whole volume slab by slab, where it can be without decoding a chunk twice.

        Parameters
        ----------
        depth : int, optional
            Slices per slab; as `Volume.slabs`, rounded to whole chunks, when not given.

        Yields
        ------
        start : int
            First slice of the slab.
        slab : (n, Y, X) ndarray of `dtype`
            Slices from `start` on, `depth` of them, or fewer at the end.
        """
        return super().slabs(depth or self._slab_depth())

    @property
    def chunks(self):
        """Sides (z, y, x) of the blocks that are decoded as a whole, None where there are none."""
        return self._chunks

    def _read_box(self, box):
        if self._offset is not None:
            (z0, z1), rows, columns = box
            step = self.shape[1] * self.shape[2] * self._stored.itemsize
            offsets = [self._offset + z * step for z in range(z0, z1)]
            return read_slices(self._file, offsets, self.shape[1:], self._stored, rows, columns)
        ranges = iter(box)
        selection = tuple(
            slice(*next(ranges)) if index is None else index for index in self._picked
        )
        with self._dataset() as dataset:
            return native(np.ascontiguousarray(dataset[selection]))

    @contextmanager
    def _dataset(self):
        """Open the dataset again and check that it is the same."""
        with damage(self.name), open_hdf5(self._file) as file:
            dataset = file[self._path]
            if (dataset.shape, dataset.dtype) != (self._full, self._stored):
                raise Hdf5Error(f"{self.name}: has changed while it was read")
            yield dataset
        for path in self._files:  # the library would read one that is gone as fill values
            if not os.path.isfile(path):
                raise Hdf5Error(f"{self.name}: its source {path} is gone; put it back")

    def _slab_depth(self):
        """Slices of a slab that `slabs` reads."""
        depth = max(1, SLAB_BYTES // (prod(self.shape[1:]) * self.dtype.itemsize))
        if not self._chunks:
            return depth
        whole = depth - depth % self._chunks[0]
        return whole or min(self._chunks[0], 4 * depth)

    def _reading(self, kind):
        """Say how the voxels are read."""
        if kind == "virtual":
            count = len(set(self._files))
            return f"virtual dataset over {count or 'no'} other file{'' if count == 1 else 's'}"
        if self._chunks:
            return f"chunks of {' × '.join(str(side) for side in self._chunks)} voxels"
        return "at its offset in the file" if self._offset is not None else "by the library"

    def _wasteful(self):
        """Tell when each chunk is decoded for many slabs."""
        depth = self._slab_depth()
        slabs = min(self._chunks[0], self.shape[0]) / depth if self._chunks else 1
        if slabs < WASTE:
            return ()
        return (
            f"its chunks run through {self._chunks[0]} slices, so that reading decodes each about "
            f"{slabs:.0f} times; a copy with flat chunks is read faster (h5repack -l CHUNK=...)",
        )


def list_datasets(path):
    """Name the datasets of an HDF5 file that may be volumes.

    Parameters
    ----------
    path : Path
        File.

    Returns
    -------
    list of str
        Path, shape and type of each, then what is left out and why; that it was not searched,
        where the file holds too much.

    Raises
    ------
    ValueError
        If it is no HDF5 file or is damaged.
    """
    with damage(path), Hdf5Tree(path) as tree:
        try:
            return describe_volumes(tree) + _left_out(tree)
        except TooManyError as error:
            return [f"not searched: {error}"]


def _name(path, found):
    """Location of a dataset."""
    index = "" if found.index is None else f"[{found.index}]"
    return f"{path}::{found.path}{index}"


def _left_out(tree):
    """Say what was found in a file and cannot be followed or read, and why."""
    refused = sorted(set(tree.refused))
    more = [f"left out: {len(refused) - LEFT_OUT} more, for the like"][: len(refused) > LEFT_OUT]
    return [f"left out: {text}" for text in refused[:LEFT_OUT]] + more


def _plain_offset(dataset):
    """Offset of a dataset of three axes in one piece and of a plain type, else None."""
    if layout(dataset) != "contiguous" or len(dataset.shape) != 3 or dataset.dtype.kind == "b":
        return None
    plain = dataset.id.get_type().equal(h5py.h5t.py_create(dataset.dtype))
    return dataset.id.get_offset() if plain else None
