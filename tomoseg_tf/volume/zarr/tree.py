"""The groups and arrays of a Zarr store: found, listed, and none of them outside of the store."""

import os
from pathlib import Path

from tomoseg_tf.volume.zarr.chunks import check_inside
from tomoseg_tf.volume.zarr.metadata import read_node
from tomoseg_tf.volume.zarr.ome import find_multiscales

MAX_DEPTH = 5  # of groups within groups that are searched
MAX_FOLDERS = 2000  # that are searched for arrays
LISTED = 12  # arrays that an error lists


def find_node(root, text):
    """Find the array or group at a path of a store, or the level of that number.

    Parameters
    ----------
    root : Path
        Folder of the store, resolved.
    text : str
        Path in the store, empty for the store itself, or number of a level of its image.

    Returns
    -------
    Node
        The array or group.

    Raises
    ------
    ValueError
        If it is no store, or there is nothing at the path.
    """
    node = read_node(_checked(root, root))
    if node is None:
        raise ValueError(
            f"{root}: is no Zarr store; a zarr.json, .zarray or .zgroup file is missing in it"
        )
    folder = root / text
    found = read_node(_checked(root, folder)) if os.path.isdir(folder) else None
    if found is not None:
        return found
    image = find_multiscales(node.attributes)
    if image and text.isdecimal() and int(text) < len(image["datasets"]):
        return _level(root, node, image, int(text))
    raise ValueError(f"{root}: has no array {text!r}; {_listing(root, node)}")


def _checked(root, folder):
    """Check that the metadata files of a folder lie in the store."""
    for name in ("zarr.json", ".zarray", ".zgroup", ".zattrs"):
        if os.path.lexists(folder / name):
            check_inside(root, folder / name)
    check_inside(root, folder)
    return folder


def array_of_group(root, group, notices):
    """Find the array that is meant by a group: the first level of its image, or the only array.

    Parameters
    ----------
    root : Path
        Folder of the store, resolved.
    group : Node
        Group.
    notices : list of str
        What the user should know is appended.

    Returns
    -------
    Node
        The array.

    Raises
    ------
    ValueError
        If there is none, or several to choose from.
    """
    if "bioformats2raw.layout" in group.attributes and (group.folder / "0").is_dir():
        inner = read_node(_checked(root, group.folder / "0"))
        if (group.folder / "1").is_dir():
            notices.append("it holds several images; the first one is read, ::1 names the next")
        group = inner if inner and not inner.is_array else group
    image = find_multiscales(group.attributes)
    if image:
        return _level(root, group, image, 0)
    arrays = _arrays(root, group.folder)
    if len(arrays) != 1:
        raise ValueError(f"{group.folder}: {_listing(root, group)}")
    return arrays[0]


def _level(root, group, image, level):
    """Array of a level of an image."""
    path = str(image["datasets"][level]["path"])
    folder = group.folder / path
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise ValueError(f"{group.folder}: its level {path!r} leads out of the store")
    node = read_node(_checked(root, folder)) if os.path.isdir(folder) else None
    if node is None or not node.is_array:
        raise ValueError(
            f"{group.folder}: its level {path[:200]!r} is no array; copy or write the store again"
        )
    return node


def image_of_array(root, node):
    """Find the image that an array is a level of.

    Parameters
    ----------
    root : Path
        Folder of the store, resolved.
    node : Node
        Array.

    Returns
    -------
    image : dict or None
        Multiscales entry; None if there is none.
    level : int
        Index of the array in it.
    """
    folder = node.folder
    while folder != root and root in folder.parents:
        folder = folder.parent
        group = read_node(_checked(root, folder))
        image = find_multiscales(group.attributes) if group else None
        path = node.folder.relative_to(folder).as_posix()
        for level, item in enumerate(image["datasets"] if image else ()):
            if str(item["path"]).strip("/") == path:
                return image, level
    return None, 0


def stated_version(node):
    """Version of OME-Zarr that the group above an array states, or what its Zarr version says.

    Parameters
    ----------
    node : Node
        Array.

    Returns
    -------
    str
        Version such as ``0.5``.
    """
    group = read_node(node.folder.parent)
    space = group.attributes.get("ome") if group else None
    stated = space.get("version") if isinstance(space, dict) else None
    return stated or ("0.5" if node.version == 3 else "0.4")


def _arrays(root, folder):
    """Arrays below a folder; the search is bounded."""
    waiting, found, seen = [(folder, 0)], [], 0
    while waiting and seen < MAX_FOLDERS:
        path, depth = waiting.pop()
        seen += 1
        node = read_node(_checked(root, path))
        if node is not None and node.is_array:
            found.append(node)
        elif depth < MAX_DEPTH:
            entries = sorted(item for item in path.iterdir() if not item.is_symlink())
            waiting += [(item, depth + 1) for item in reversed(entries) if item.is_dir()]
    return found


def _listing(root, group):
    """Say which arrays there are to choose from."""
    arrays = _arrays(root, group.folder)
    if not arrays:
        return "it holds no array"
    named = [f"{root.name}::{_describe(root, node)}" for node in arrays[:LISTED]]
    more = f" and {len(arrays) - LISTED} more" if len(arrays) > LISTED else ""
    return f"it holds {', '.join(named)}{more}; name one of them"


def list_arrays(path):
    """Name the arrays of a store.

    Parameters
    ----------
    path : Path
        Folder of the store.

    Returns
    -------
    list of str
        Path, shape and type of each.

    Raises
    ------
    ValueError
        If its metadata are damaged, or lead out of the store.
    """
    root = Path(path).resolve()
    return [_describe(root, node) for node in _arrays(root, root)]


def _describe(root, node):
    """Path, shape and type of an array in one line."""
    dtype = node.metadata.get("data_type", node.metadata.get("dtype"))
    where = node.folder.relative_to(root).as_posix()
    return f"{where} {node.metadata.get('shape')} {dtype}"[:200]
