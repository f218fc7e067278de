"""What an NRRD header says of the volume: shape, type, spacing, and where the data lie."""

import math
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tomoseg_tf.volume.nrrd.header import read_header
from tomoseg_tf.volume.spacing import micrometres
from tomoseg_tf.volume.volume import CLASSES, CONTENT

ADVICE = "state it with --spacing"
SPATIAL = ("domain", "space", "none", "???")
ENCODINGS = {"raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}
ENCODINGS |= {"text": "text", "txt": "text", "ascii": "text"}
C_NAMES = {
    "i1": "signed char,int8,int8_t",
    "u1": "uchar,unsigned char,uint8,uint8_t",
    "i2": "short,short int,signed short,signed short int,int16,int16_t",
    "u2": "ushort,unsigned short,unsigned short int,uint16,uint16_t",
    "i4": "int,signed int,int32,int32_t",
    "u4": "uint,unsigned int,uint32,uint32_t",
    "i8": "longlong,long long,long long int,signed long long,signed long long int,int64,int64_t",
    "u8": "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t",
    "f4": "float",
    "f8": "double",
}
TYPES = {name: code for code, names in C_NAMES.items() for name in names.split(",")}


@dataclass(frozen=True)
class NrrdLayout:
    """Where the data are: `parts` are files with as many slices each, `start` bytes before them."""

    path: Path
    shape: tuple[int, int, int]
    dtype: Any
    spacing: tuple[float, float, float] | None
    spacing_notice: str | None
    notices: tuple[str, ...]
    encoding: str
    parts: tuple[Path, ...]
    start: int
    line_skip: int
    byte_skip: int
    holds_classes: bool

    @property
    def part_bytes(self):
        """Bytes of voxels that each file holds."""
        return prod(self.shape) * self.dtype.itemsize // len(self.parts)


def read_layout(path):
    """Read what an NRRD file holds.

    Parameters
    ----------
    path : Path
        File, or header of data in other files.

    Returns
    -------
    NrrdLayout
        Shape, type, spacing and the place of the data.

    Raises
    ------
    ValueError
        If it is no NRRD file, is damaged, holds no grey volume or is encoded in a way that is not
        supported.
    """
    header = read_header(path)
    sizes = _sizes(header)
    kept, notices = _volume_axes(header, sizes)
    dtype = _dtype(header)
    shape = (1, 1, 1, *(sizes[axis] for axis in reversed(kept)))[-3:]
    encoding = ENCODINGS.get(header.fields.get("encoding", "").casefold())
    if encoding is None:
        raise header.damaged("encoding")
    spacing, notice = _spacing(header, len(sizes), kept)
    parts = header.files or (header.path,)
    _check_parts(header, parts, sizes, kept, encoding)
    return NrrdLayout(
        path=header.path,
        shape=shape,
        dtype=dtype,
        spacing=spacing,
        spacing_notice=notice,
        notices=tuple(notices),
        encoding=encoding,
        parts=parts,
        start=0 if header.files else header.end,
        line_skip=header.integer("line skip"),
        byte_skip=header.integer("byte skip"),
        holds_classes=header.fields.get(CONTENT) == CLASSES,
    )


def _sizes(header):
    """Sides of the array, the fastest first."""
    words = header.fields.get("sizes", "").split()
    if not words or not all(re.fullmatch("[0-9]{1,15}", word) for word in words):
        raise header.damaged("sizes")
    sizes = [int(word) for word in words]
    if len(sizes) != header.integer("dimension", -1) or min(sizes) < 1 or len(sizes) > 16:
        raise header.damaged("dimension")
    return sizes


def _dtype(header):
    """Type as stored."""
    code = TYPES.get(" ".join(header.fields.get("type", "").casefold().split()))
    if code is None:
        raise header.damaged("type")
    endian = header.fields.get("endian", "").casefold()
    if endian not in ("little", "big"):
        encoding = ENCODINGS.get(header.fields.get("encoding", "").casefold())
        if not code.endswith("1") and encoding != "text":
            raise header.damaged("endian")
        endian = "little"
    return np.dtype((">" if endian == "big" else "<") + code)


def _volume_axes(header, sizes):
    """Find the axes that are x, y and z, fastest first; the others have the length 1."""
    kinds = [kind.casefold() for kind in header.fields.get("kinds", "").split()]
    kinds = kinds if len(kinds) == len(sizes) else ["domain"] * len(sizes)
    others = [axis for axis, kind in enumerate(kinds) if kind not in SPATIAL]
    kept = [axis for axis in range(len(sizes)) if axis not in others]
    for axis in (*reversed(kept), *kept):
        if len(kept) > 3 and sizes[axis] == 1 and axis in kept:
            kept.remove(axis)
            others.append(axis)
    long = [f"{kinds[axis]} of {sizes[axis]}" for axis in others if sizes[axis] > 1]
    if long or len(kept) > 3 or not kept:
        raise ValueError(
            f"{header.path}: sizes {tuple(sizes)} of kinds {', '.join(kinds)} are not those of a "
            "grey volume; save one channel of one time as a file of its own"
        )
    notices = [f"its axis {axis} of length 1 ({kinds[axis]}) is left out" for axis in others]
    return kept, notices


def _spacing(header, num_axes, kept):
    """Spacing in µm, or None and the reason where some numbers are stated."""
    if "space directions" in header.fields:
        vectors = re.findall(r"\([^()]*\)|none", header.fields["space directions"])
        units = re.findall(r'"([^"]*)"', header.fields.get("space units", ""))
        sides = [_length(vector, units) for vector in vectors]
    elif "spacings" in header.fields:
        values = [_number(word) for word in header.fields["spacings"].split()]
        stated = header.fields.get("units", header.fields.get("space units", ""))
        units = re.findall(r'"([^"]*)"', stated)
        units = units if len(units) == len(values) else [""] * len(values)
        pairs = list(zip(values, units, strict=True))
        sides = [(value, micrometres(unit), unit) for value, unit in pairs]
    else:
        return None, None
    if len(sides) != num_axes:
        return None, f"its voxel size cannot be read: it is unknown; {ADVICE}"
    sides = [sides[axis] for axis in reversed(kept)]
    stated = ", ".join("unknown" if side[0] is None else f"{side[0]:.7g}" for side in sides)
    if all(side[0] in (None, 1.0) for side in sides) and not any(side[1] for side in sides):
        return None, None  # 1 voxel per voxel: no calibration at all
    if len(sides) < 3 or any(side[0] is None for side in sides):
        return None, f"its voxel size ({stated}) along (z, y, x) is not complete; {ADVICE}"
    for _, length, unit in sides:
        if length is None:
            what = f"the unit {unit!r}, which is no length" if unit else "no unit"
            return None, f"its voxel size ({stated}) along (z, y, x) has {what}; {ADVICE}"
    spacing = tuple(value * length for value, length, _ in sides)
    if not all(math.isfinite(side) and side > 0 for side in spacing):
        return None, f"its voxel size ({stated}) along (z, y, x) is not positive; {ADVICE}"
    return spacing, None


def _length(vector, units):
    """Length of a vector in the unit of its parts, that unit in µm, and its name."""
    values = [_number(word) for word in vector.strip("()").split(",")]
    if None in values:
        return None, None, ""
    units = units if len(units) == len(values) else [""] * len(values)
    used = {unit for value, unit in zip(values, units, strict=True) if value} or {""}
    if len(used) == 1:
        unit = used.pop()
        return math.hypot(*values), micrometres(unit), unit
    lengths = [micrometres(unit) for unit in units]
    if None in lengths:
        return math.hypot(*values), None, " or ".join(sorted(used))
    pairs = zip(values, lengths, strict=True)
    return math.hypot(*(value * length for value, length in pairs)), 1.0, "µm"


def _number(word):
    """Finite number that a word is, None if it is something else."""
    try:
        value = float(word)
    except ValueError:
        return None
    return abs(value) if math.isfinite(value) else None


def _check_parts(header, parts, sizes, kept, encoding):
    """Check that the files hold whole slices, and that skips are possible."""
    depth = sizes[kept[2]] if len(kept) > 2 else 1
    if header.subdimension not in (None, len(sizes) - 1, len(sizes)) or depth % len(parts):
        raise ValueError(
            f"{header.path}: its {depth} slices are not as many whole ones in each of its "
            f"{len(parts)} data files; write it again"
        )
    lines, skipped = header.integer("line skip"), header.integer("byte skip")
    if not 0 <= lines <= 10**6 or skipped < -1 or (skipped == -1 and encoding != "raw"):
        raise header.damaged("byte skip" if 0 <= lines <= 10**6 else "line skip")
