"""NeXus: which dataset a file shows by default, and what its axes say about the voxel size."""

import h5py
import numpy as np

from tomoseg_tf.volume.hdf5.attributes import numbers, stored_numbers, text, texts
from tomoseg_tf.volume.hdf5.members import open_member
from tomoseg_tf.volume.hdf5.opening import MissingError
from tomoseg_tf.volume.spacing import micrometres

MAX_STEPS = 16  # @default attributes behind one another
REGULAR = 1e-3  # how much steps along an axis may differ from their mean


def default_dataset(tree, group):
    """Follow the attributes @default, then @signal, as NeXus viewers do.

    Parameters
    ----------
    tree : Hdf5Tree
        The open file.
    group : h5py.Group
        Where to begin.

    Returns
    -------
    tuple of (h5py.Group, h5py.Dataset, str), or None
        The NXdata group, its signal and the path of the signal from `group`, without a leading
        slash; None if the attributes lead nowhere.
    """
    path = ""
    for _ in range(MAX_STEPS):
        name = signal_name(group)
        if name is None:
            name, wanted = text(group, "default"), h5py.Group
        else:
            wanted = h5py.Dataset
        if name is None:
            return None
        try:
            found = tree.resolve(group, name)
        except MissingError:
            return None
        path = f"{path}/{name}".lstrip("/")
        if isinstance(found, h5py.Dataset):
            return group, found, path
        if wanted is h5py.Dataset or not isinstance(found, h5py.Group):
            return None
        group = found
    return None


def signal_name(group):
    """Name of the signal of an NXdata group, in the present or the old style.

    Parameters
    ----------
    group : h5py.Group
        Group.

    Returns
    -------
    str or None
        Name of its member; None if it names none.
    """
    name = text(group, "signal")
    if name is not None or text(group, "NX_class") != "NXdata":
        return name
    for member in sorted(group.id):
        if group.id.links.get_info(member).type == h5py.h5l.TYPE_HARD:
            child = open_member(group, member)
            if numbers(child, "signal") == [1.0] or text(child, "signal") == "1":
                return member.decode("utf-8", "replace")
    return None


def axes_spacing(tree, group, dataset, kept):
    """Voxel size that the axes of an NXdata group state.

    Parameters
    ----------
    tree : Hdf5Tree
        The open file.
    group : h5py.Group
        The NXdata group of the dataset.
    dataset : h5py.Dataset
        The volume.
    kept : sequence of three int
        Its axes that are z, y and x.

    Returns
    -------
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm.
    notice : str or None
        Why it is unknown, where the axes state something.
    """
    names = texts(group, "axes") or texts(dataset, "axes")
    if len(names) == 1:
        names = names[0].strip("[]").replace(",", ":").split(":")  # the old style
    if len(names) != len(dataset.shape):
        return None, None
    steps = []
    for axis in kept:
        step, notice = _step(tree, group, names[axis].strip(), dataset.shape[axis])
        if notice:
            return None, notice
        steps.append(step)
    if any(step is None for step in steps):
        missing = [names[axis] for axis, step in zip(kept, steps, strict=True) if step is None]
        known = len(missing) < len(steps)
        return None, (
            f"the voxel size along {', '.join(missing)} is not known; state it with --spacing"
            if known
            else None
        )
    return tuple(steps), None


def _step(tree, group, name, side):
    """Distance in µm between the positions along an axis, and what is wrong with them."""
    if name in ("", "."):
        return None, None
    try:
        axis = tree.resolve(group, name)
    except MissingError:
        return None, None
    if not isinstance(axis, h5py.Dataset):
        return None, None
    positions = np.array(stored_numbers(axis, side + 1))
    if len(positions) < max(2, side):
        return None, None
    step = abs(positions[-1] - positions[0]) / (len(positions) - 1)
    unit = text(axis, "units") or text(axis, "unit")
    length = micrometres(unit)
    if length is None:
        if step == 1 and unit in (None, "", "px", "pixel", "pixels", "voxel", "voxels"):
            return None, None  # it only counts the voxels
        named = f"has the unit {unit!r}, which is no length" if unit else "has no unit"
        return None, f"its axis {name} {named}: the voxel size is unknown; state it with --spacing"
    even = np.abs(np.abs(np.diff(positions)) - step).max() <= REGULAR * step
    if not np.isfinite(step) or step == 0 or not even:
        return None, (
            f"the positions along its axis {name} are not regular: the voxel size is unknown; "
            "state it with --spacing"
        )
    return step * length, None
