"""The info file beside a PyHST volume: what its RAW file does not state."""

from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

MAX_BYTES = 2**16
SIDES = ("NUM_Z", "NUM_Y", "NUM_X")
TYPES = {1: "uint8", 2: "uint16", 4: "float32", 8: "float64"}  # by bytes of a voxel
ORDERS = {"LOWBYTEFIRST": "<", "HIGHBYTEFIRST": ">"}
ADVICE = "mend it, or give --shape and --dtype where the command has them"


@dataclass(frozen=True)
class HstInfo:
    """What an info file states: shape, type if any, byte order, spacing in µm, notices."""

    path: Path
    shape: tuple[int, int, int]
    dtype: str | None
    order: str
    spacing: tuple[float, float, float] | None
    notices: tuple[str, ...]


def find_info(path):
    """Find the info file that describes a RAW file.

    Parameters
    ----------
    path : Path
        RAW file, such as ``scan.vol``.

    Returns
    -------
    Path or None
        ``scan.vol.info`` or ``scan.info``, whichever holds the sides of a volume. The acquisition
        also writes a ``scan.info``, which holds none.
    """
    for beside in (Path(f"{path}.info"), path.with_suffix(".info")):
        if beside.is_file() and any(side in _entries(beside) for side in SIDES):
            return beside
    return None


def read_info(path):
    """Read an info file.

    Parameters
    ----------
    path : Path
        The info file.

    Returns
    -------
    HstInfo
        What it states.

    Raises
    ------
    ValueError
        If a side is missing or none, or type or byte order are not known.
    """
    entries = _entries(path)
    for side in SIDES:
        if not entries.get(side, "").isdecimal() or int(entries[side]) < 1:
            raise ValueError(
                f"{path}: {side} is {entries.get(side, 'missing')!r}, which is no number of "
                f"voxels; {ADVICE}"
            )
    order = entries.get("BYTEORDER", "LOWBYTEFIRST").upper()
    if order not in ORDERS:
        raise ValueError(
            f"{path}: BYTEORDER {order} is not known; write LOWBYTEFIRST or HIGHBYTEFIRST"
        )
    name = entries.get("DATA_TYPE", "").lower() or None
    name = {"float": "float32", "double": "float64"}.get(name, name)
    if name not in (None, *TYPES.values(), "int8", "int16", "uint32", "int32"):
        raise ValueError(f"{path}: DATA_TYPE {name} is not read; write one such as uint8, float32")
    spacing, notices = _spacing(entries)
    shape = tuple(int(entries[side]) for side in SIDES)
    return HstInfo(path, shape, name, ORDERS[order], spacing, notices)


def stored_type(info, size):
    """Tell the type of the voxels, which most info files leave to the size of the RAW file.

    Parameters
    ----------
    info : HstInfo
        What the info file states.
    size : int
        Bytes of the RAW file.

    Returns
    -------
    dtype or None
        The type as stored; None if no type fits the size.
    """
    voxel_bytes, rest = divmod(size, prod(info.shape))
    name = TYPES.get(voxel_bytes) if info.dtype is None else info.dtype
    if rest or name is None or np.dtype(name).itemsize != voxel_bytes:
        return None
    return np.dtype(name).newbyteorder(info.order)


def _entries(path):
    """Names and values of the lines ``NAME = value``."""
    with open(path, "rb") as file:
        text = file.read(MAX_BYTES).decode("latin-1")
    lines = [line.partition("=") for line in text.splitlines() if not line.startswith("!")]
    return {name.strip(): value.strip() for name, mark, value in lines if mark}


def _spacing(entries):
    """Spacing in µm, and what is to be said of it."""
    stated = entries.get("voxelSize")
    if stated is None:
        return None, ()
    try:
        size = float(stated)
    except ValueError:
        size = np.nan
    if not (np.isfinite(size) and size > 0):
        notice = f"its voxelSize {stated} is no length: the spacing is unknown; state --spacing"
        return None, (notice,)
    return (size, size, size), ()
