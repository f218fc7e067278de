"""RAW files: voxels in C order and nothing else; shape and type are told by the user."""

import os
from math import prod

import numpy as np

from tomoseg_tf.volume.plain import PlainVolume, PlainWriter
from tomoseg_tf.volume.volume import check_dtype, check_shape

TYPES = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8")
HINT = "or describe it once in an NRRD header (.nhdr), which every command reads"


class RawVolume(PlainVolume):
    """A volume in a RAW file.

    Parameters
    ----------
    path : Path
        File.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm; the file cannot carry it.
    shape : sequence of three int
        Shape (Z, Y, X).
    dtype : dtype
        Type of the voxels, such as ``uint16``, ``>u2`` (big-endian) or ``float32``.

    Raises
    ------
    ValueError
        If the file has not exactly the size that these need.
    """

    def __init__(self, path, spacing=None, *, shape, dtype):
        stored = parse_dtype(dtype)
        shape = check_shape(shape, path)
        size, wanted = os.path.getsize(path), prod(shape) * stored.itemsize
        if size != wanted:
            raise ValueError(
                f"{path}: has {size} bytes, but shape {shape} of {stored} needs {wanted}; "
                f"{_remedy(size, shape, stored)}, {HINT}"
            )
        super().__init__(path, shape, stored, spacing, format="RAW")


class RawWriter(PlainWriter):
    """Writes a RAW file, little-endian in C order; its whole length is reserved at once."""

    def __init__(self, path, shape, dtype, spacing=None):
        super().__init__(path, shape, dtype, spacing)
        with open(path, "wb") as file:
            file.truncate(prod(self.shape) * self.dtype.itemsize)
        self._begin(path)


def parse_dtype(dtype):
    """Read the type of voxels as users write it.

    Parameters
    ----------
    dtype : str or dtype
        Such as ``uint8``, ``int16``, ``<u2``, ``>f4``, ``float32``; little-endian where it does not
        say.

    Returns
    -------
    dtype
        The type as stored.

    Raises
    ------
    ValueError
        If it is none of an integer or float.

    Examples
    --------
    >>> parse_dtype(">u2")
    dtype('>u2')
    """
    try:
        stored = np.dtype(dtype.strip() if isinstance(dtype, str) else dtype)
    except (TypeError, ValueError, SyntaxError) as error:
        raise ValueError(
            f"type {dtype!r} is not known; use one such as uint8, uint16, >u2 (big-endian), float32"
        ) from error
    check_dtype(stored, f"type {dtype!r}")
    return stored if stored.byteorder == ">" else stored.newbyteorder("<")


def _remedy(size, shape, stored):
    """Say which shape or type would fit, or how many bytes are over."""
    fitting = []
    slice_bytes = shape[1] * shape[2] * stored.itemsize
    if size and size % slice_bytes == 0:
        fitting.append(f"{size // slice_bytes},{shape[1]},{shape[2]} of {stored}")
    voxel_bytes, rest = divmod(size, prod(shape))
    if rest == 0 and voxel_bytes in (1, 2, 4, 8):
        names = [np.dtype(code).name for code in TYPES if code.endswith(str(voxel_bytes))]
        fitting.append(f"the same shape of {' or '.join(names)}")
    if fitting:
        return f"it would be {', or '.join(fitting)}: state what it is"
    over = size - prod(shape) * stored.itemsize
    if over > 0:
        return f"{over} bytes are over, perhaps a header or another shape: state what it is"
    return f"{-over} bytes are missing: state what it is, copy it again if it is cut short"
