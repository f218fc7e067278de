"""Which array of a Zarr store is the volume, and which of its axes are z, y and x."""

import re
from dataclasses import dataclass

from tomoseg_tf.volume.zarr.metadata import MARK, ArrayLayout, Node, read_array_layout
from tomoseg_tf.volume.zarr.ome import read_axes, read_scale, spacing_of
from tomoseg_tf.volume.zarr.tree import (
    array_of_group,
    find_node,
    image_of_array,
    stated_version,
)

UNNAMED = {1: "x", 2: "yx", 3: "zyx"}


@dataclass(frozen=True)
class Selection:
    """The array that is the volume; `axes` has the index of z, y and x, None where there is none.

    `picks` has the index to take along each further axis, `spacing` is in µm.
    """

    node: Node
    layout: ArrayLayout
    axes: tuple[int | None, int | None, int | None]
    picks: dict[int, int]
    spacing: tuple[float, float, float] | None
    spacing_notice: str | None
    notices: tuple[str, ...]
    version: str | None

    @property
    def shape(self):
        """Shape (Z, Y, X) of the volume."""
        return tuple(1 if axis is None else self.layout.shape[axis] for axis in self.axes)


def select_array(root, inside=None):
    """Find the volume of a store.

    Parameters
    ----------
    root : Path
        Folder of the store, resolved.
    inside : str, optional
        Path of an array or group in it, or number of a level of its image; ``[i]`` or ``[i,j]`` may
        follow with the index along each axis that is not z, y or x. When not given: the first level
        of the image, or the only array.

    Returns
    -------
    Selection
        The array and how it is read.

    Raises
    ------
    ValueError
        If there is none, or more than one to choose from, or its axes are not those of a volume.
    """
    text, indices = _split_indices(root, inside)
    node = find_node(root, text)
    notices = []
    if not node.is_array:
        node = array_of_group(root, node, notices)
    layout = read_array_layout(node)
    image, level = image_of_array(root, node)
    names, units = read_axes(image, len(layout.shape)) if image else (None, None)
    scale = read_scale(image, level, len(layout.shape)) if image and names else None
    ours = MARK in node.attributes  # its further levels are made from the first
    if image and level == 0 and len(image["datasets"]) > 1 and not text and not ours:
        count = len(image["datasets"])
        notices.append(f"it holds {count} levels; the first one is read, ::1 names the next")
    names = names or layout.names or ()
    axes, others = _axes(node, layout.shape, [name.casefold() for name in names])
    picks = _picks(root, node, layout.shape, names, others, indices)
    notices += _squeezed(layout.shape, names, others, picks)
    spacing, notice = spacing_of(names, units, scale) if scale else (None, None)
    version = str(image.get("version") or stated_version(node)) if image else None
    return Selection(node, layout, axes, picks, spacing, notice, tuple(notices), version)


def _split_indices(root, inside):
    """Split ``path[i,j]`` into the path and the indices."""
    match = re.fullmatch(r"([^\[\]]*)(?:\[([0-9, ]+)\])?", inside or "")
    if match is None:
        raise ValueError(f"{root}::{inside}: is no path in a store; write ::path or ::path[index]")
    text = (match.group(1) or "").strip("/")
    indices = [int(part) for part in (match.group(2) or "").split(",") if part.strip()]
    if ".." in text.split("/"):
        raise ValueError(f"{root}::{inside}: leads out of the store; leave out '..'")
    return text, indices


def _axes(node, shape, names):
    """Find the indices of z, y and x, and those of the further axes."""
    spatial = [name for name in names if name in ("z", "y", "x")]
    if len(names) == len(shape) and {"y", "x"} <= set(spatial):
        if len(set(spatial)) < len(spatial):
            raise ValueError(f"{node.folder}: two of its axes {tuple(names)} have one name")
        axes = tuple(names.index(axis) if axis in names else None for axis in "zyx")
        return axes, [index for index in range(len(shape)) if index not in axes]
    kept = list(range(len(shape)))
    while len(kept) > 3:  # no names: axes of length 1 in front, then behind, are dropped
        place = 0 if shape[kept[0]] == 1 or shape[kept[-1]] != 1 else -1
        kept.pop(place)
    known = UNNAMED.get(len(kept), "")
    axes = tuple(kept[known.index(axis)] if axis in known else None for axis in "zyx")
    return axes, [index for index in range(len(shape)) if index not in kept]


def _picks(root, node, shape, names, others, indices):
    """Index to take along each further axis; one must be named where it is longer than 1."""
    long = [axis for axis in others if shape[axis] > 1]
    labels = [names[axis] if len(names) == len(shape) else f"axis {axis}" for axis in long]
    if len(indices) != len(long):
        inner = node.folder.relative_to(root).as_posix()
        stated = ", ".join(
            f"{shape[axis]} along {label}" for axis, label in zip(long, labels, strict=True)
        )
        zeros = ",".join("0" for _ in long)
        remedy = f"write {root.name}::{inner}[{zeros}]" if long else "leave out [...]"
        raise ValueError(
            f"{node.folder}: has {stated or 'no further axes'} beside z, y and x; {remedy}"
        )
    for axis, label, index in zip(long, labels, indices, strict=True):
        if index >= shape[axis]:
            raise ValueError(f"{node.folder}: has {shape[axis]} along {label}, not {index + 1}")
    return dict.fromkeys(others, 0) | dict(zip(long, indices, strict=True))


def _squeezed(shape, names, others, picks):
    """Say what was done with further axes."""
    for axis in others:
        label = repr(names[axis]) if len(names) == len(shape) else str(axis)
        if shape[axis] == 1:
            yield f"its axis {label} of length 1 is left out"
        else:
            yield f"index {picks[axis]} of the {shape[axis]} along its axis {label} is read"
