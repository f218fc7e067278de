"""Spacing, and the mark of classes, in the metadata of TIFF files: ImageJ, OME, tifffile's own."""

import math
import re
import xml.etree.ElementTree as ElementTree

from tomoseg_tf.volume.spacing import micrometres
from tomoseg_tf.volume.volume import CLASSES, CONTENT

RESOLUTION_UNITS = {2: "inch", 3: "cm"}
ADVICE = "state it with --spacing"
CONTRADICTION = "its shape metadata contradict its pages and are left aside, with any voxel size"


def read_spacing(tif):
    """Read the voxel spacing that a TIFF file states.

    Parameters
    ----------
    tif : tifffile.TiffFile
        Open file with at least one page.

    Returns
    -------
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm; None if any of them is unknown.
    notice : str or None
        Why it is unknown, where the file states some numbers.
    """
    if not is_true_to_shape(tif.pages.first):  # tifffile would call the file damaged
        return None, CONTRADICTION
    if tif.is_ome:
        spacing, notice = _ome(tif.ome_metadata)
        if spacing or notice:
            return spacing, notice
    metadata = dict(tif.imagej_metadata or {})
    if not metadata and tif.shaped_metadata:
        metadata = dict(tif.shaped_metadata[0])
    return _tagged(tif.pages.first, metadata)


def names_other_files(tif):
    """Tell whether the OME metadata of a file place slices in other files.

    Parameters
    ----------
    tif
        As for `read_spacing`.

    Returns
    -------
    bool
        Whether a slice has the identifier of another file than this one.
    """
    root = _parsed(tif.ome_metadata)
    if root is None:
        return False
    own = {root.get("UUID")} - {None}
    return len(own | {(item.text or "").strip() for item in _elements(root, "UUID")}) > 1


def states_classes(tif):
    """Tell whether a TIFF file states that its voxels are classes, not grey levels.

    Parameters
    ----------
    tif
        As for `read_spacing`.

    Returns
    -------
    bool
        Whether ``content=classes`` is in its ImageJ, OME or tifffile description.
    """
    root = _parsed(tif.ome_metadata)
    if root is not None:
        texts = [(item.text or "").strip() for item in _elements(root, "Description")]
        return f"{CONTENT}={CLASSES}" in texts
    if not is_true_to_shape(tif.pages.first):
        return False
    metadata = tif.imagej_metadata or (tif.shaped_metadata or ({},))[0]
    return metadata.get(CONTENT) == CLASSES


def noted_shape(page):
    """Read the shape that tifffile noted in the description of a page.

    Parameters
    ----------
    page : tifffile.TiffPage
        First page of a file.

    Returns
    -------
    tuple of int, or None
        Shape of all pages together; None if none is noted.
    """
    if not page.is_shaped:
        return None
    texts = [text for text in (page.description, page.description1) if "shape" in text]
    noted = re.search(r'"?shape"?\W+([0-9, ]+)', texts[0]) if texts else None
    return tuple(int(side) for side in re.findall("[0-9]+", noted[1])) if noted else ()


def is_true_to_shape(page):
    """Tell whether the shape that tifffile noted, if any, is that of the pages.

    Parameters
    ----------
    page : tifffile.TiffPage
        First page of a file.

    Returns
    -------
    bool
        False if another program cut the pages and kept the description.
    """
    noted, own = noted_shape(page), [side for side in page.shape if side > 1]
    return noted is None or not own or [side for side in noted if side > 1][-len(own) :] == own


def _parsed(text):
    """Root of an OME-XML text, None if there is no text or it is damaged."""
    try:
        return ElementTree.fromstring(text) if text else None
    except (ElementTree.ParseError, ValueError):
        return None


def _elements(root, name):
    """Elements of a name, whatever the version of OME."""
    return [item for item in root.iter() if item.tag.rpartition("}")[2] == name]


def _tagged(page, metadata):
    """Spacing from x and y resolution tags, and unit and z spacing from the description."""
    sides = _side(page, "YResolution"), _side(page, "XResolution")
    along_z = _number(metadata.get("spacing"))
    if along_z is None and metadata.get("images", 1) > 1 and sides == (1.0, 1.0):
        along_z = 1.0  # ImageJ writes no spacing where it is 1 unit
    tag = page.tags.get("ResolutionUnit")
    unit = str(metadata.get("unit") or "").strip()
    unit = unit or RESOLUTION_UNITS.get(int(tag.value) if tag is not None else 0, "")
    return _in_micrometres((along_z, *sides), (unit, unit, unit))


def _ome(text):
    """Spacing from the first image of an OME-XML text."""
    root = _parsed(text)
    if root is None:
        return None, "its OME metadata is damaged: the voxel size is unknown"
    pixels = next(iter(_elements(root, "Pixels")), None)
    if pixels is None:
        return None, None
    values = [_number(pixels.get(f"PhysicalSize{axis}")) for axis in "ZYX"]
    units = [pixels.get(f"PhysicalSize{axis}Unit", "µm") for axis in "ZYX"]
    return _in_micrometres(values, units)


def _in_micrometres(values, units):
    """Join three numbers and units into a spacing, or say why there is none."""
    if all(value is None or value == 1.0 for value in values) and not any(
        micrometres(unit) for unit in units
    ):
        return None, None  # 1 pixel per pixel: no calibration at all
    stated = ", ".join("unknown" if value is None else f"{value:.7g}" for value in values)
    if not any(value is not None for value in values):
        return None, None
    for unit in units:
        if micrometres(unit) is None:
            named = f"the unit {unit!r}, which is no length" if unit else "no unit"
            return None, f"its voxel size ({stated}) along (z, y, x) has {named}; {ADVICE}"
    if any(value is None for value in values):
        return None, f"its voxel size ({stated}) {units[0]} is not known along each axis; {ADVICE}"
    pairs = zip(values, units, strict=True)
    return tuple(value * micrometres(unit) for value, unit in pairs), None


def _side(page, name):
    """Size of a pixel in the unit of the file, from a resolution tag."""
    tag = page.tags.get(name)
    if tag is None or not isinstance(tag.value, tuple) or len(tag.value) != 2:
        return None
    numerator, denominator = tag.value
    return denominator / numerator if numerator > 0 and denominator > 0 else None


def _number(value):
    """Positive finite number in a metadata field, None if it is something else."""
    try:
        number = abs(float(value))
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None
