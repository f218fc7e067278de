"""Which dataset of an HDF5 file is the volume, and which of its axes are z, y and x."""

import re
from dataclasses import dataclass, replace

import h5py

from tomoseg_tf.volume.hdf5.nexus import default_dataset, signal_name
from tomoseg_tf.volume.hdf5.opening import DAMAGE, Hdf5Error, MissingError, damage
from tomoseg_tf.volume.hdf5.stored import check_sources

SHOWN = 8  # volumes that an error lists


@dataclass(frozen=True)
class Found:
    """A dataset that is a volume: where it is, its group, why it is meant, index in a series."""

    path: str
    dataset: h5py.Dataset
    group: h5py.Group
    reason: str
    index: int | None = None


def find_volume(tree, inside=None):
    """Find the dataset that a location means.

    Without a path this is what NeXus viewers show by default, else the only volume in the file.

    Parameters
    ----------
    tree : Hdf5Tree
        The open file.
    inside : str, optional
        Path of a dataset, or of a group that holds one; ``[3]`` at the end picks the fourth volume
        of a series.

    Returns
    -------
    Found
        The dataset.

    Raises
    ------
    Hdf5Error
        If there is no volume, or several and none is the default; the error lists them.
    """
    if inside is None:
        return _in_group(tree, tree.root, "")
    path, index = inside, None
    try:
        node = tree.resolve(tree.root, f"/{path}")
    except MissingError:
        match = re.fullmatch(r"(.+)\[([0-9]{1,9})\]", inside)
        if not match:
            raise _missing(tree, inside) from None
        path, index = match[1], int(match[2])
        try:
            node = tree.resolve(tree.root, f"/{path}")
        except MissingError:
            raise _missing(tree, path) from None
    path = "/".join(("", *filter(None, path.split("/"))))
    if isinstance(node, h5py.Group):
        found = _in_group(tree, node, path)
        return replace(found, index=index)
    if not isinstance(node, h5py.Dataset):
        raise Hdf5Error(f"{tree.path}::{path}: is no dataset; {_listed(tree, _volumes(tree))}")
    check_sources(tree, node)
    if node.shape is None:
        raise Hdf5Error(f"{tree.path}::{path}: holds nothing; name another dataset")
    group = tree.resolve(tree.root, path.rpartition("/")[0] or "/")
    return Found(path, node, group, "as named", index)


def volume_axes(shape, index, name):
    """Tell which axes of a dataset are z, y and x, and what is read of the others.

    Axes of one voxel at the end or the start are left out.

    Parameters
    ----------
    shape : tuple of int
        Shape of the dataset.
    index : int or None
        Index along the first axis of a series of volumes.
    name : str
        What errors call the dataset.

    Returns
    -------
    tuple of (int or None)
        One for each axis: the index that is read, None for z, y and x.

    Raises
    ------
    Hdf5Error
        If there are not three axes left, or the index is beyond the series.
    """
    picked = {}
    first, last = 0, len(shape) - 1
    if index is not None:
        if len(shape) < 4 or index >= shape[0]:
            volumes = shape[0] if len(shape) > 3 else 1
            raise Hdf5Error(f"{name}: has shape {shape}, {volumes} volumes; leave out [{index}]")
        picked[0], first = index, 1
    while last - first >= 3 and 1 in (shape[first], shape[last]):
        axis = last if shape[last] == 1 else first
        picked[axis] = 0
        first, last = (first, last - 1) if axis == last else (first + 1, last)
    if last - first == 3 and index is None:
        raise Hdf5Error(
            f"{name}: holds {shape[first]} volumes of shape {shape[first + 1 : last + 1]}, such as "
            f"time points; name one of them: {name}[0] to {name}[{shape[first] - 1}]"
        )
    if last - first != 2 or 0 in shape:
        raise Hdf5Error(
            f"{name}: shape {shape} is not that of a volume; three axes (z, y, x) are needed"
        )
    return tuple(picked.get(axis) for axis in range(len(shape)))


def describe_volumes(tree):
    """Name the datasets of a file that may be volumes.

    Parameters
    ----------
    tree : Hdf5Tree
        The open file.

    Returns
    -------
    list of str
        Path, shape and type of each.

    Raises
    ------
    Hdf5Error
        If the file holds too many objects.
    """
    return [_described(found) for found in _volumes(tree)]


def _in_group(tree, group, path):
    """Volume that a group shows by default, or the only one below it."""
    default = default_dataset(tree, group)
    if default and _may_be_volume(tree, default[1]):
        parent, dataset, inside = default
        return Found(f"{path}/{inside}", dataset, parent, "the NeXus default")
    found = _volumes(tree, group, path)
    shown = [item for item in found if signal_name(item.group) == item.path.rpartition("/")[2]]
    if len(shown) == 1:
        return replace(shown[0], reason="the only signal of an NXdata group")
    if len(found) == 1:
        return found[0]
    raise Hdf5Error(f"{tree.path}: {_listed(tree, found)}")


def _volumes(tree, group=None, path=""):
    """Datasets below a group that may be volumes."""
    group = group or tree.root
    groups, found = {}, []
    for inside, node in tree.walk(group):
        if isinstance(node, h5py.Group):
            groups[inside] = node
        elif isinstance(node, h5py.Dataset) and _may_be_volume(tree, node):
            parent = groups.get(inside.rpartition("/")[0])
            found.append(Found(f"{path}/{inside}", node, parent or group, "the only volume"))
    return found


def _may_be_volume(tree, dataset):
    """Whether a dataset holds numbers along three or more axes that are no single voxels."""
    try:
        with damage(f"{tree.path}::{dataset.name}"):
            check_sources(tree, dataset)
            shape = dataset.shape
            return len(shape or ()) >= 3 and 0 not in shape and _is_numeric(dataset)
    except Hdf5Error as error:
        tree.refused.append(f"{error}")
        return False


def _is_numeric(dataset):
    """Whether a dataset holds integers, floats or bools; some types h5py does not know at all."""
    try:
        return dataset.dtype.kind in "iufb"
    except DAMAGE:
        return False


def _missing(tree, path):
    """Error for a path that does not exist."""
    listed = _listed(tree, _volumes(tree))
    return Hdf5Error(f"{tree.path}: holds no {path}; {listed}")


def _listed(tree, found):
    """Say which volumes there are and how to name one."""
    if not found:
        refused = f" ({tree.refused[0]})" if tree.refused else ""
        return f"there is no volume in the file, a dataset of numbers along three axes{refused}"
    listed = ", ".join(_described(item) for item in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"name a volume as in {tree.path}::{found[0].path}; there are {listed}{more}"


def _described(found):
    """Path, shape and type of a dataset."""
    shape = " × ".join(str(side) for side in found.dataset.shape)
    return f"{found.path} ({shape} {found.dataset.dtype.name})"
