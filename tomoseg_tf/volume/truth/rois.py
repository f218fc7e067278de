"""Regions of interest that ImageJ and Fiji save: one in a .roi file, many in a .zip."""

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tomoseg_tf.volume.storage.damage import DAMAGE, reason
from tomoseg_tf.volume.truth.outlines import Oval, Polygons

SUFFIXES = (".roi", ".zip")
MAX_BYTES = 2**28  # of all regions of a file
LISTED = 8
AXES = "channel", "time", "slice"


@dataclass(frozen=True)
class Roi:
    """A region: name, group (0 is none), slice (None if none is set) and its outline."""

    name: str
    group: int
    z: int | None
    outline: Polygons | Oval


def read_rois(path):
    """Read the regions of a file that have an area.

    Parameters
    ----------
    path : str or Path
        File that ends in .roi or .zip.

    Returns
    -------
    rois : list of Roi
        Polygons, freehand and traced outlines, ellipses, rectangles and compositions of them, in
        their order. Rounded corners of rectangles count as sharp.
    others : list of str
        Names of what has no area: lines, points, texts and pictures.
    axis : {"channel", "time", "slice"} or None
        What ImageJ calls the slices of the regions: without a word of the file it takes a stack for
        channels. None if all are in the first one.

    Raises
    ------
    ValueError
        If it is no such file, is damaged, holds no region with an area, or the regions lie along
        several axes.
    """
    rois, places, others = [], [], []
    for entry, data in _entries(Path(path)):
        try:
            roi, place = _read(entry, data)
        except DAMAGE as error:
            raise ValueError(
                f"{path}: its region {entry} cannot be read ({reason(error)}); save it again in "
                "ImageJ"
            ) from error
        if isinstance(roi, Roi):
            rois.append(roi)
            places.append(place)
        else:
            others.append(roi)
    if not rois:
        listed = f" but {', '.join(others[:LISTED])}" if others else ""
        raise ValueError(f"{path}: holds no region with an area{listed}; draw outlines in ImageJ")
    axis = _stack_axis(path, places)
    pairs = zip(rois, places, strict=True)
    return [replace(roi, z=_slice(place, axis)) for roi, place in pairs], others, axis


def _stack_axis(path, places):
    """Find the axis of the stack that regions lie along; None if all are in the first of each."""
    held = {axis: {place[axis] for place in places} - {0} for axis in AXES}
    held = {axis: numbers for axis, numbers in held.items() if max(numbers, default=0) > 1}
    for axis in AXES:
        if len(held) > 1 and len(held.get(axis, ())) == 1:  # such as one channel of several
            del held[axis]
    if len(held) > 1:
        raise ValueError(
            f"{path}: its regions differ in {' and '.join(held)}, but a volume has slices only; "
            "save the regions of one volume as a file of their own"
        )
    return next(iter(held), None)


def _slice(place, axis):
    """Slice of a region, counted from 0; None if none is set."""
    along = max(place.values()) if axis is None else place[axis]
    number = along or place["stack"]
    return number - 1 if number else None


def _entries(path):
    """Names and bytes of the regions of a file."""
    if path.suffix.lower() == ".roi":
        with open(path, "rb") as file:
            return [(path.stem, file.read(MAX_BYTES))]
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if info.filename.lower().endswith(".roi")]
            size = sum(info.file_size for info in infos)
            if size > MAX_BYTES:
                raise ValueError(f"{path}: its regions have {size} bytes, more than {MAX_BYTES}")
            return [(Path(info.filename).stem, archive.read(info)) for info in infos]
    except (zipfile.BadZipFile, *DAMAGE) as error:
        if str(error).startswith(f"{path}:"):
            raise
        raise ValueError(
            f"{path}: is no archive of regions, or damaged ({reason(error)}); save it again with "
            "More > Save... of ImageJ's ROI Manager"
        ) from error


def _read(entry, data):
    """Region of an entry without its slice, or its name if it has no area; where it was drawn."""
    from roifile import ROI_SUBTYPE, ROI_TYPE, ImagejRoi  # takes long to import

    stored = ImagejRoi.frombytes(data)
    name = stored.name or entry
    areas = ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED, ROI_TYPE.RECT, ROI_TYPE.OVAL
    place = {"channel": stored.c_position, "time": stored.t_position, "slice": stored.z_position}
    place = {axis: max(0, number) for axis, number in {**place, "stack": stored.position}.items()}
    if stored.roitype not in areas or stored.subtype in (ROI_SUBTYPE.TEXT, ROI_SUBTYPE.IMAGE):
        return name, place
    box = stored.left, stored.top, stored.right, stored.bottom
    if stored.subpixelrect and not stored.composite:
        box = stored.xd, stored.yd, stored.xd + stored.widthd, stored.yd + stored.heightd
    if box[0] >= box[2] or box[1] >= box[3]:
        return name, place
    if stored.roitype == ROI_TYPE.OVAL:
        outline = Oval(*map(float, box))
    elif stored.roitype == ROI_TYPE.RECT and not stored.composite:
        left, top, right, bottom = map(float, box)
        corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
        outline = Polygons((np.array(corners),))
    else:
        paths = [np.asarray(path, np.float64) for path in stored.coordinates(multi=True)]
        paths = [path for path in paths if len(path) > 2]
        if not paths:
            return name, place
        outline = Polygons(tuple(paths))
    return Roi(name, stored.group, None, outline), place
