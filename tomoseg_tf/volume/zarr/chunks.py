"""The files of a Zarr array: none outside of the store, and how many chunks there are."""

import os
import re
from itertools import product
from math import prod
from pathlib import Path

from tomoseg_tf.volume.zarr.metadata import MAX_AXES


def check_inside(root, path):
    """Check that a path of a store does not lead out of it.

    Parameters
    ----------
    root : Path
        Folder of the store, resolved.
    path : Path
        File or folder below it.

    Raises
    ------
    ValueError
        If it, or a link on its way, leads to a place outside.
    """
    resolved = Path(os.path.realpath(path))
    if resolved != root and root not in resolved.parents:
        raise ValueError(
            f"{path}: leads out of the store to {resolved}, which is not followed; copy it into "
            "the store"
        )


def count_chunks(root, folder, layout):
    """Count the chunks of an array that are stored.

    Parameters
    ----------
    root : Path
        Folder of the store, resolved.
    folder : Path
        Folder of the array.
    layout : ArrayLayout
        What the array declares.

    Returns
    -------
    stored : int
        Number of chunks that there are.
    declared : int
        Number of chunks that there should be.

    Raises
    ------
    ValueError
        If a chunk is no regular file, or a link that leads out of the store.
    """
    grid = [-(-side // chunk) for side, chunk in zip(layout.shape, layout.chunks, strict=True)]
    number = "(0|[1-9][0-9]*)"
    pattern = re.escape(layout.prefix) + re.escape(layout.separator).join([number] * len(grid))
    key, stored = re.compile(pattern), 0
    for name, entry in _walk(folder, MAX_AXES + 1):
        match = key.fullmatch(name)
        if match is None:
            continue
        if entry.is_symlink():
            check_inside(root, entry.path)
        if not entry.is_file():
            raise ValueError(f"{entry.path}: is no regular file; copy or write the store again")
        within = all(int(text) < side for text, side in zip(match.groups(), grid, strict=True))
        stored += within
    return stored, prod(grid)


def check_there(folder, layout, selection, name):
    """Check that the chunks of a selection are there, as a missing one is read as its fill value.

    Parameters
    ----------
    folder : Path
        Folder of the array, which was complete when it was opened.
    layout : ArrayLayout
        What the array declares.
    selection : sequence of slice
        What was read, one per axis.
    name : str
        What errors call the volume.

    Raises
    ------
    ValueError
        If one is not there any more.
    """
    ranges = [
        range(part.start // chunk, -(-part.stop // chunk))
        for part, chunk in zip(selection, layout.chunks, strict=True)
    ]
    for place in product(*ranges):
        path = folder / (layout.prefix + layout.separator.join(map(str, place)))
        if not path.exists():
            raise ValueError(
                f"{name}: its chunk {path} has vanished while it was read; copy or write the "
                "store again"
            )


def _walk(folder, depth):
    """Yield the files below a folder with their names relative to it; refuse linked folders."""
    waiting = [("", folder, depth)]
    while waiting:
        prefix, path, left = waiting.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if not entry.is_dir():
                    yield prefix + entry.name, entry
                elif entry.is_symlink():
                    raise ValueError(
                        f"{entry.path}: is a link to a folder, which is not followed; copy the "
                        "folder itself into the store"
                    )
                elif left:
                    waiting.append((f"{prefix}{entry.name}/", entry.path, left - 1))
