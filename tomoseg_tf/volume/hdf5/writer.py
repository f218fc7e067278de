"""HDF5 files written slab by slab: NeXus, with the voxel size also as ilastik and Fiji have it.

The dataset is laid out in one piece at once and each slab is written at its offset, so that memory
does not grow, slabs may come in any order, and the library has nothing left to write.
"""

import math

import h5py
import numpy as np

from tomoseg_tf.volume.hdf5.opening import Hdf5Error, damage
from tomoseg_tf.volume.hdf5.spacing import ILASTIK
from tomoseg_tf.volume.hdf5.strangers import AXES, first_stranger
from tomoseg_tf.volume.hdf5.tree import Hdf5Tree
from tomoseg_tf.volume.plain import PlainWriter
from tomoseg_tf.volume.storage.full_disk import try_room
from tomoseg_tf.volume.storage.staging import check_destination
from tomoseg_tf.volume.volume import CLASSES, CONTENT

DEFAULT = "/entry/data/data"


class Hdf5Writer(PlainWriter):
    """Writes an HDF5 file with one dataset.

    A path through at least two groups makes them the NXentry and NXdata of a NeXus file.

    Parameters
    ----------
    path, shape, dtype, spacing, classes
        As for `Writer`.
    inside : str, optional
        Path of the dataset in the file.

    Raises
    ------
    ValueError
        If the path is none of a dataset.
    """

    def __init__(self, path, shape, dtype, spacing=None, *, classes=False, inside=None):
        super().__init__(path, shape, dtype, spacing, classes=classes)
        steps = _checked(inside or DEFAULT)
        try_room(path, 2**16, sparse=math.prod(self.shape) * self.dtype.itemsize)
        with h5py.File(path, "w", locking=False) as file:
            file.attrs["creator"] = "tomoseg-tf"
            group = _groups(file, steps)
            dataset = _allocate(group, steps[-1], self.shape, self.dtype.newbyteorder("<"))
            if self.spacing:
                dataset.attrs[ILASTIK] = self.spacing
            if self.classes:
                dataset.attrs[CONTENT] = CLASSES
            if len(steps) > 2:
                _describe(group, steps[-1], self.shape, self.spacing)
            file.flush()
            offset = dataset.id.get_offset()
        self._begin(path, offset)


def check_hdf5_destination(path, overwrite=False, *, folder=False, inside=None):
    """Check that an HDF5 file may be written; one that holds anything else is not replaced.

    Parameters
    ----------
    path : Path
        File to be written.
    overwrite : bool, optional
        Whether an existing file may be replaced.
    folder : bool, optional
        As for `check_destination`.
    inside : str, optional
        Path of the dataset to be written.

    Raises
    ------
    ValueError
        If it exists (and may not be replaced, is damaged or still being written, or holds anything
        but what `Hdf5Writer` writes for that dataset), or the folder it belongs into does not
        exist.
    """
    steps = _checked(inside or DEFAULT)
    place = "/" + "/".join(steps)
    stranger = _stranger(path, steps)
    if stranger:
        raise ValueError(
            f"{path} already exists and holds {stranger}: the whole file would be replaced, not "
            f"only {place}; choose another file name"
        )
    if inside and not overwrite and path.is_file():
        raise ValueError(
            f"{path} already exists and nothing is added to it; choose another file name, or pass "
            "--overwrite to replace the whole file"
        )
    check_destination(path, overwrite, folder=folder)


def _stranger(path, steps):
    """First thing in an existing file that replacing it would lose, None if there is none."""
    if not path.is_file() or not h5py.is_hdf5(path):
        return None
    try:
        with damage(path), Hdf5Tree(path) as tree:
            return first_stranger(tree.root, steps)
    except Hdf5Error as error:
        raise ValueError(
            f"{path} already exists but cannot be read, so that nobody knows what would be lost "
            "with it; remove it first, or choose another file name"
        ) from error


def _checked(inside):
    """Names in the path of a dataset to be written."""
    steps = [step for step in inside.split("/") if step]
    wrong = not steps or inside.endswith("/") or any(step in (".", "..") for step in steps)
    if wrong or not inside.isprintable():
        raise ValueError(
            f"output: {inside!r} is not the path of a dataset; use one such as {DEFAULT}"
        )
    return steps


def _groups(file, steps):
    """Make the groups of a path, each but the last naming the next as its default."""
    classes = ["NXentry", *["NXcollection"] * (len(steps) - 3), "NXdata"]
    group, nexus = file["/"], len(steps) > 2
    if nexus:
        group.attrs["NX_class"] = "NXroot"
    for index, step in enumerate(steps[:-1]):
        if nexus:
            group.attrs["default"] = step
        group = group.create_group(step)
        if nexus:
            group.attrs["NX_class"] = classes[index]
    return group


def _allocate(group, name, shape, dtype):
    """Make a dataset in one piece whose place in the file is fixed at once and not filled."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    properties.set_obj_track_times(False)  # the same voxels are the same bytes at any time
    space, kind = h5py.h5s.create_simple(shape), h5py.h5t.py_create(dtype, logical=True)
    return h5py.Dataset(h5py.h5d.create(group.id, name.encode(), kind, space, properties))


def _describe(group, name, shape, spacing):
    """Name the signal of an NXdata group and, where the spacing is known, write its axes."""
    group.attrs["signal"] = name
    if spacing is None or name in AXES:
        return
    group.attrs["axes"] = list(AXES)
    for axis, side, step in zip(AXES, shape, spacing, strict=True):
        positions = group.create_dataset(axis, data=np.arange(side) * step)
        positions.attrs["units"] = "um"
