"""The header of an AmiraMesh file: lattice, voxel type, packing, bounding box, materials."""

import os
import re
from dataclasses import dataclass
from math import prod

import numpy as np

from tomoseg_tf.volume.amira.materials import Material, read_materials
from tomoseg_tf.volume.amira.packing import RATIOS
from tomoseg_tf.volume.amira.parameters import find_value, parse_parameters
from tomoseg_tf.volume.spacing import micrometres

MAX_HEADER = 16 * 2**20  # Avizo keeps the history of a file in it
PIECE = 2**16
FIRST_LINE = re.compile(rb"#\s*(AmiraMesh|Avizo|HyperMesh)\s+(3D\s+)?(\S+)")
DATA = re.compile(rb"\n@1[ \t]*\r?\n")
LATTICE = re.compile(r"\bdefine\s+Lattice\s+(\d+)\s+(\d+)\s+(\d+)\s")
FIELD = re.compile(
    r"\bLattice\s*\{\s*(?P<type>\w+)\s*(?:\[\s*(?P<count>\d+)\s*\])?\s+(?P<name>[\w-]+)\s*\}"
    r"[^@\n{]*@(?P<number>\d+)\s*(?:\(\s*(?P<packing>\w+)\s*,\s*(?P<packed>\d+)\s*\))?"
)
TYPES = {"byte": "u1", "short": "i2", "ushort": "u2", "int": "i4", "int32": "i4", "uint": "u4"}
TYPES |= {"float": "f4", "double": "f8", "long": "i8", "int64": "i8"}
AGAIN = "in Amira or Avizo save it as an AmiraMesh (.am) of a uniform scalar or label field"
ORDERS = {b"BINARY": ">", b"BINARY-LITTLE-ENDIAN": "<", b"ASCII": "<"}


@dataclass(frozen=True)
class AmiraLayout:
    """What a file holds: `packing` is "none", "text", "HxByteRLE" or "HxZip", `packed` bytes."""

    shape: tuple[int, int, int]
    dtype: np.dtype
    spacing: tuple[float, float, float] | None
    start: int
    packing: str
    packed: int
    field: str
    materials: tuple[Material, ...]
    notices: tuple[str, ...]


def read_layout(path):
    """Read what an AmiraMesh file holds.

    Parameters
    ----------
    path : Path
        File.

    Returns
    -------
    AmiraLayout
        Shape, type, spacing, materials, and the place of the voxels.

    Raises
    ------
    ValueError
        If it is no AmiraMesh file, holds no grey or label volume, is packed in a way that is not
        known, or is smaller than its voxels.
    """
    head, start = _read_header(path)
    kind = FIRST_LINE.match(head)[3]
    if kind not in ORDERS:
        raise ValueError(f"{path}: its encoding {kind.decode('latin-1')!r} is not known; {AGAIN}")
    text = _decode(head)
    bare = re.sub(r'"[^"]*"|#[^\n]*', "", text)  # no texts, no comments
    lattice = LATTICE.search(bare)
    if lattice is None:
        raise ValueError(
            f"{path}: has no three-dimensional lattice, so that it is no scan or label field but "
            f"perhaps a surface or a mesh; {AGAIN}"
        )
    shape = tuple(int(side) for side in reversed(lattice.groups()))
    field, others = _field(path, bare)
    dtype = np.dtype(TYPES[field["type"]]).newbyteorder(ORDERS[kind])
    packing = "text" if kind == b"ASCII" else field["packing"] or "none"
    packed = _packed(path, field, packing, start, prod(shape) * dtype.itemsize, dtype)
    parameters = parse_parameters(text, path)
    _check_uniform(path, parameters)
    spacing, notices = _spacing(parameters, shape)
    if others:
        notices += (f"it also holds {', '.join(others)}, which is not read",)
    materials = read_materials(parameters)
    return AmiraLayout(
        *(shape, dtype, spacing, start, packing, packed, field["name"], materials, notices)
    )


def _decode(head):
    """Text of a header; Amira wrote Latin-1 on Windows, where µ is a single byte."""
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError:
        return head.decode("latin-1")


def _read_header(path):
    """Text before the voxels, and the byte at which they begin."""
    head = b""
    with open(path, "rb") as file:
        while len(head) < MAX_HEADER:
            piece = file.read(PIECE)
            head += piece
            if not FIRST_LINE.match(head):
                raise ValueError(f"{path}: is no AmiraMesh file; its first bytes are {head[:8]!r}")
            found = DATA.search(head, max(0, len(head) - len(piece) - 80))
            if found:
                return head[: found.start() + 1], found.end()
            if not piece:
                break
    raise ValueError(f"{path}: its voxels (@1) are missing; it is cut short, copy it again")


def _field(path, text):
    """Find the declaration of the field that comes first, and names of the others."""
    fields = sorted(FIELD.finditer(text), key=lambda found: int(found["number"]))
    if not fields or int(fields[0]["number"]) != 1:
        raise ValueError(f"{path}: has no field on its lattice at @1; {AGAIN}")
    first = fields[0]
    if int(first["count"] or 1) > 1:
        raise ValueError(
            f"{path}: its field {first['name']} has {first['count']} numbers a voxel, colours or "
            "vectors; one grey channel is needed, convert it to grey"
        )
    if first["type"] not in TYPES:
        raise ValueError(f"{path}: its voxel type {first['type']} is not read; convert it")
    return first, [found["name"] for found in fields[1:]]


def _packed(path, field, packing, start, wanted, dtype):
    """Bytes of the packed voxels, checked against those of the file and of the voxels."""
    held = os.path.getsize(path) - start
    if packing not in ("none", *RATIOS):
        raise ValueError(f"{path}: its packing {packing} is not known; save it without compression")
    if packing == "HxByteRLE" and dtype.itemsize > 1:
        raise ValueError(
            f"{path}: HxByteRLE is only read for voxels of one byte, not {dtype}; save it as "
            "AmiraMesh BINARY or ZIP"
        )
    packed = wanted if packing == "none" else int(field["packed"] or held)
    if packing == "text":
        wanted, packed = 2 * wanted // dtype.itemsize - 1, held  # a digit and a blank each
    if held < packed or packed * RATIOS.get(packing, 1) < wanted:
        raise ValueError(
            f"{path}: holds {held} bytes of voxels, but its header tells of {packed}, which are "
            f"to be {wanted} when unpacked; it is cut short or damaged, copy it again"
        )
    return packed


def _check_uniform(path, parameters):
    """Refuse lattices whose voxels are no equal boxes."""
    kind = find_value(parameters, "CoordType") or ["uniform"]
    if kind[0] != "uniform":
        raise ValueError(
            f"{path}: its coordinates are {kind[0]}, not uniform; resample it in Amira or Avizo"
        )


def _spacing(parameters, shape):
    """Spacing in µm: the bounding box runs from the first to the last voxel's centre."""
    box = find_value(parameters, "BoundingBox")
    if box is None:
        return None, ()
    try:
        ends = [float(end) for end in box]
        sizes = [
            (ends[2 * axis + 1] - ends[2 * axis]) / max(side - 1, 1)
            for axis, side in enumerate(reversed(shape))
        ]
    except (ValueError, IndexError):
        sizes = [np.nan]
    if not (np.isfinite(sizes).all() and min(sizes) > 0):
        return None, ("its bounding box is none: the voxel size is unknown; state --spacing",)
    unit = find_value(parameters, "Units", "Coordinates")
    length = micrometres(unit[0]) if unit else None
    if length is None:
        named = f"the unit {unit[0]!r}, which is no length" if unit else "no unit"
        stated = ",".join(f"{size:.6g}" for size in reversed(sizes))
        return None, (
            f"its voxel size {stated} (z, y, x) has {named}: the spacing is unknown; state it in "
            f"µm, as --spacing {stated} if it is that",
        )
    return tuple(size * length for size in reversed(sizes)), ()
