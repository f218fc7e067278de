"""The OME-Zarr metadata of an image, 0.1 to 0.5: axes, units and scales, read and written."""

import math

from tomoseg_tf.volume.spacing import micrometres

VERSION = "0.5"
OLD_AXES = "tczyx"  # of versions 0.1 and 0.2, which do not state them
ADVICE = "state it with --spacing"


def find_multiscales(attributes):
    """Find the first image that the attributes of a group describe.

    Parameters
    ----------
    attributes : dict
        Attributes of a group.

    Returns
    -------
    dict or None
        The first multiscales entry, with a list of ``datasets``; None if there is none.
    """
    space = attributes.get("ome")
    entries = (space if isinstance(space, dict) else attributes).get("multiscales")
    if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
        return None
    levels = entries[0].get("datasets")
    usable = isinstance(levels, list) and levels
    if not usable or not all(isinstance(level, dict) and "path" in level for level in levels):
        return None
    return entries[0]


def read_axes(multiscales, num_axes):
    """Read the axes of an image.

    Parameters
    ----------
    multiscales : dict
        Multiscales entry.
    num_axes : int
        Number of axes of its arrays.

    Returns
    -------
    names : tuple of str, or None
        Name of each axis, in lower case; None if it does not state as many as the arrays have.
    units : tuple of (str or None)
        Unit of each axis.
    """
    axes = multiscales.get("axes", list(OLD_AXES))
    if not isinstance(axes, list) or len(axes) != num_axes:
        return None, (None,) * num_axes
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in axes]
    names = tuple(str(axis.get("name", "")).casefold() for axis in axes)
    return names, tuple(axis.get("unit") for axis in axes)


def read_scale(multiscales, level, num_axes):
    """Read the size of a voxel of one level along each axis.

    Parameters
    ----------
    multiscales : dict
        Multiscales entry.
    level : int
        Index of the level in its datasets.
    num_axes : int
        Number of axes of its arrays.

    Returns
    -------
    tuple of float, or None
        The product of the scales of the level and of the whole image, in the units of the axes;
        None if the level states none.
    """
    own = _scale(multiscales["datasets"][level], num_axes)
    whole = _scale(multiscales, num_axes) or (1.0,) * num_axes
    return None if own is None else tuple(a * b for a, b in zip(own, whole, strict=True))


def spacing_of(names, units, scale):
    """Voxel spacing that scales and units of axes state.

    Parameters
    ----------
    names : tuple of str
        Name of each axis.
    units : tuple of (str or None)
        Unit of each axis.
    scale : tuple of float, or None
        Size of a voxel along each axis, in that unit.

    Returns
    -------
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm; None if it is unknown.
    notice : str or None
        Why it is unknown, where some numbers are stated.
    """
    if scale is None:
        return None, None
    place = {name: index for index, name in enumerate(names)}
    missing = [axis for axis in "zyx" if axis not in place]
    if missing:
        return None, f"it has no axis {missing[0]!r}: the voxel size is unknown; {ADVICE}"
    sizes = [scale[place[axis]] for axis in "zyx"]
    named = [units[place[axis]] for axis in "zyx"]
    lengths = [micrometres(unit) if isinstance(unit, str) else None for unit in named]
    if not any(lengths) and all(size == 1.0 for size in sizes):
        return None, None  # 1 voxel per voxel: no calibration at all
    stated = ", ".join(f"{size:.7g}" for size in sizes)
    for unit, length in zip(named, lengths, strict=True):
        if length is None:
            what = f"the unit {unit!r}, which is no length" if unit else "no unit"
            return None, f"its voxel size ({stated}) along (z, y, x) has {what}; {ADVICE}"
    spacing = tuple(size * length for size, length in zip(sizes, lengths, strict=True))
    if not all(math.isfinite(size) and size > 0 for size in spacing):
        return None, f"its voxel size ({stated}) along (z, y, x) is not positive; {ADVICE}"
    return spacing, None


def image_attributes(name, spacing, factors=((1, 1, 1),), method=None):
    """Compose the attributes of the group of an image with levels ``0``, ``1`` and so on.

    Parameters
    ----------
    name : str
        Name of the image.
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm; None states voxels of size 1 without unit.
    factors : sequence of tuple of three int, optional
        Voxels of the image per voxel of each level, per axis. The centre of a joined voxel lies
        amid those that it joins, which a translation states.
    method : str, optional
        How voxels are joined.

    Returns
    -------
    dict
        Attributes of version 0.5.
    """
    unit = {} if spacing is None else {"unit": "micrometer"}
    image = {
        "name": name,
        "axes": [{"name": axis, "type": "space", **unit} for axis in "zyx"],
        "datasets": [
            {
                "path": str(level),
                "coordinateTransformations": _transformations(spacing or (1.0,) * 3, factor),
            }
            for level, factor in enumerate(factors)
        ],
    }
    if len(factors) > 1 and method:
        image["type"] = method
    return {"ome": {"version": VERSION, "multiscales": [image]}}


def _transformations(spacing, factor):
    """Scale of a level, and the translation of its first voxel where it is not that of all."""
    pairs = list(zip(spacing, factor, strict=True))
    found = [{"type": "scale", "scale": [float(size * count) for size, count in pairs]}]
    if max(factor) > 1:
        shift = [float(size * (count - 1) / 2) for size, count in pairs]
        found.append({"type": "translation", "translation": shift})
    return found


def _scale(item, num_axes):
    """Scale among the transformations of a level or image, None if there is none that fits."""
    transformations = item.get("coordinateTransformations")
    for entry in transformations if isinstance(transformations, list) else ():
        values = entry.get("scale") if isinstance(entry, dict) else None
        if isinstance(values, list) and len(values) == num_axes:
            numbers = [value for value in values if isinstance(value, (int, float))]
            return tuple(float(value) for value in numbers) if numbers == values else None
    return None
