"""What an HDF5 file holds beside one volume as `Hdf5Writer` writes it."""

import os

import h5py

from tomoseg_tf.volume.hdf5.members import open_member
from tomoseg_tf.volume.hdf5.spacing import ILASTIK
from tomoseg_tf.volume.volume import CONTENT

AXES = ("z", "y", "x")
OF_ROOT = {"creator", "NX_class", "default"}
OF_GROUP = {"NX_class", "default", "signal", "axes"}


def first_stranger(root, steps):
    """Find something in a file that is no part of a volume as it is written here.

    Parameters
    ----------
    root : h5py.Group
        Root group of the file.
    steps : list of str
        Names in the path of the volume.

    Returns
    -------
    str or None
        Path of a member, or of an attribute behind a ``@``; None if there is nothing else.
    """
    return next(_strangers(root, steps), None)


def _strangers(root, steps):
    """Members and attributes that are not those of the volume, from the root on."""
    group, path = root, ""
    yield from _attributes(root, "/", OF_ROOT)
    for depth, step in enumerate(steps, 1):
        is_last = depth == len(steps)
        axes = set(AXES) - {step} if is_last and depth > 2 else set()
        for name in map(os.fsdecode, group.id):
            expected = name == step or name in axes
            if not expected or not _is_own(group, name, not is_last, 1 if name in axes else 3):
                yield f"{path}/{name}"
            elif is_last:
                own = {"units"} if name in axes else {ILASTIK, CONTENT}
                yield from _attributes(group[name], f"{path}/{name}", own)
        if is_last or step not in group:
            return
        group, path = group[step], f"{path}/{step}"
        yield from _attributes(group, path, OF_GROUP)


def _is_own(group, name, is_group, num_axes):
    """Whether a member is stored in the file itself, as a group or with so many axes."""
    if group.id.links.get_info(os.fsencode(name)).type != h5py.h5l.TYPE_HARD:
        return False
    node = open_member(group, os.fsencode(name))
    if is_group or not isinstance(node, h5py.Dataset):
        return is_group and isinstance(node, h5py.Group)
    properties = node.id.get_create_plist()
    if properties.get_layout() == h5py.h5d.VIRTUAL or properties.get_external_count():
        return False
    return len(node.shape or ()) == num_axes


def _attributes(node, path, own):
    """Attributes of an object that are not its own ones."""
    yield from (f"{path}@{name}" for name in node.attrs if name not in own)
