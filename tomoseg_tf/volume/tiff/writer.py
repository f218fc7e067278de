"""TIFF files written slab by slab: ImageJ below 4 GB, OME-TIFF otherwise.

The space is reserved at once and each slab is written at its offset, so that memory does not grow
and slabs may come in any order.
"""

from math import prod
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import tifffile

from tomoseg_tf.volume.plain import PlainWriter
from tomoseg_tf.volume.spacing import as_rational
from tomoseg_tf.volume.volume import CLASSES, CONTENT

SOFTWARE = "tomoseg-tf"  # what each file says that wrote it
IMAGEJ_TYPES = ("uint8", "uint16", "float32")
OME_TYPES = ("int8", "int16", "int32", "uint8", "uint16", "uint32", "float32", "float64")
SHOWN = {"min": 0.0, "max": 3.0}  # classes are not all black in ImageJ; their values stay
CLASSIC_BYTES = 2**32 - 2**25  # a classic TIFF has 32-bit offsets; the rest is for its pages


class TiffWriter(PlainWriter):
    """Writes a TIFF file, in the format that `tiff_options` chooses."""

    ome = False

    def __init__(self, path, shape, dtype, spacing=None, *, classes=False):
        super().__init__(path, shape, dtype, spacing, classes=classes)
        options = tiff_options(
            self.shape, self.dtype, self.spacing, ome=self.ome, classes=self.classes
        )
        if options.get("ome"):
            options["metadata"]["UUID"] = _uuid(path, self)
        offset, _ = tifffile.imwrite(path, dtype=self.dtype, returnoffset=True, **options)
        self._begin(path, offset, options["byteorder"])


class OmeTiffWriter(TiffWriter):
    """Writes an OME-TIFF file."""

    ome = True


def tiff_options(shape, dtype, spacing, *, ome=False, classes=False):
    """Choose the kind of TIFF file for a volume and how it states the spacing and the classes.

    ImageJ format for the types and sizes that it knows, else OME-TIFF, else (whole numbers of 64
    bits, floats of 16) a plain TIFF with the fields of the ImageJ format as JSON.

    Parameters
    ----------
    shape : tuple of three int
        Shape (Z, Y, X).
    dtype : dtype
        Type of the voxels.
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm.
    ome : bool, optional
        Whether it has to be OME-TIFF.
    classes : bool, optional
        Whether it is to state that its voxels are classes: in the description.

    Returns
    -------
    dict
        Keyword arguments for `tifffile.imwrite`, the shape that it has to be given among them.

    Raises
    ------
    ValueError
        If the kind of file cannot hold the type, or a TIFF tag not the spacing.
    """
    dtype = np.dtype(dtype)
    big = prod(shape) * dtype.itemsize > CLASSIC_BYTES
    options = {"shape": shape, "bigtiff": big}
    options |= {"photometric": "minisblack", "software": SOFTWARE}
    if ome and dtype.name not in OME_TYPES:
        raise ValueError(f"OME-TIFF cannot hold {dtype}; use a name ending in .tif or .npy")
    if dtype.name in IMAGEJ_TYPES and not big and not ome:
        options |= {"imagej": True, "byteorder": ">"}
        metadata = {"axes": "ZYXS"} | ({CONTENT: CLASSES} if classes else {})
        if classes and dtype == np.uint8:
            metadata |= SHOWN
        options |= {"shape": (*shape, 1), "metadata": metadata}  # else X = 1 is lost
        return _add_spacing(options, spacing)
    options["byteorder"] = "<"
    if dtype.name in OME_TYPES:
        metadata = {"axes": "ZYX"} | ({"Description": f"{CONTENT}={CLASSES}"} if classes else {})
        options |= {"ome": True, "metadata": metadata}
        return _add_ome_spacing(options, spacing)
    if shape[2] == 1:
        raise ValueError(f"TIFF cannot hold {dtype} one voxel wide; use a name ending in .npy")
    options["metadata"] = {"axes": "ZYX"} | ({CONTENT: CLASSES} if classes else {})
    return _add_spacing(options, spacing)


def _uuid(path, writer):
    """Identify a file by its name and contents, so that a command gives the same bytes again."""
    name = path.name.removeprefix(".").partition(".partial-")[0]
    text = f"{name} {writer.shape} {writer.dtype} {writer.spacing}"
    return f"urn:uuid:{uuid5(NAMESPACE_URL, text)}"


def _add_spacing(options, spacing):
    """State the spacing as ImageJ does: voxels per unit in tags, z and the unit in the text."""
    if spacing is None:
        return options
    z, y, x = spacing
    options["metadata"] |= {"unit": "um", "spacing": z}
    return options | {"resolution": (as_rational(1 / x), as_rational(1 / y))}


def _add_ome_spacing(options, spacing):
    """State the spacing in OME-XML, and in tags for readers that know no OME."""
    if spacing is None:
        return options
    for axis, size in zip("ZYX", spacing, strict=True):
        options["metadata"] |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": "µm"}
    _, y, x = spacing
    resolution = as_rational(1e4 / x), as_rational(1e4 / y)
    return options | {"resolution": resolution, "resolutionunit": "CENTIMETER"}
