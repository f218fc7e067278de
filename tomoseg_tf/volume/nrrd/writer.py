"""NRRD files written slab by slab: the data in the file, or beside a header of its own."""

from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path

from tomoseg_tf.volume.nrrd.header import read_header
from tomoseg_tf.volume.plain import PlainWriter
from tomoseg_tf.volume.storage.staging import check_destination, follow_link, staged_files
from tomoseg_tf.volume.volume import CLASSES, CONTENT

TYPES = {"f4": "float", "f8": "double"}


@dataclass(frozen=True)
class Pair:
    """Temporary names of a header and its data, and the final name of the data."""

    header: Path
    data: Path
    name: str


class NrrdWriter(PlainWriter):
    """Writes an NRRD file with its data in it; its whole length is reserved at once."""

    def __init__(self, path, shape, dtype, spacing=None, *, classes=False):
        super().__init__(path, shape, dtype, spacing, classes=classes)
        header = nrrd_header(self.shape, self.dtype, self.spacing, classes=classes)
        with open(path, "wb") as file:
            file.write(header)
            file.truncate(len(header) + prod(self.shape) * self.dtype.itemsize)
        self._begin(path, len(header))


class NhdrWriter(PlainWriter):
    """Writes an NRRD header and a RAW file beside it; `path` is the `Pair` of both."""

    def __init__(self, path, shape, dtype, spacing=None, *, classes=False):
        super().__init__(path, shape, dtype, spacing, classes=classes)
        header = nrrd_header(
            self.shape, self.dtype, self.spacing, classes=classes, data_file=path.name
        )
        path.header.write_bytes(header)
        with open(path.data, "wb") as file:
            file.truncate(prod(self.shape) * self.dtype.itemsize)
        self._begin(path.data)


def nrrd_header(shape, dtype, spacing, *, classes=False, data_file=None):
    """Compose an NRRD header of raw, little-endian data.

    Parameters
    ----------
    shape : tuple of three int
        Shape (Z, Y, X).
    dtype : dtype
        Type of the voxels.
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm.
    classes : bool, optional
        Whether to state that the voxels are classes.
    data_file : str, optional
        Name of the file of the data; they follow the header when not given.

    Returns
    -------
    bytes
        The header, with the empty line that ends it where the data follow.

    Raises
    ------
    ValueError
        If NRRD has no such type.
    """
    code = f"{dtype.kind}{dtype.itemsize}"
    name = TYPES.get(code) if dtype.kind == "f" else dtype.name
    if name is None:
        raise ValueError(f"NRRD cannot hold {dtype}; use a name ending in .npy, or float32")
    lines = ["NRRD0005", "# written by tomoseg-tf", f"type: {name}", "dimension: 3"]
    if classes:
        lines.append(f"{CONTENT}: {CLASSES}")
    if spacing is not None:
        lines.append("space dimension: 3")
    lines.append("sizes: " + " ".join(str(side) for side in reversed(shape)))
    if spacing is not None:
        z, y, x = (repr(float(side)) for side in spacing)
        lines.append(f"space directions: ({x},0,0) (0,{y},0) (0,0,{z})")
        lines.append('space units: "um" "um" "um"')
    lines += ["kinds: domain domain domain", "endian: little", "encoding: raw"]
    if data_file is not None:
        return "\n".join([*lines, f"data file: {data_file}", ""]).encode()
    return "\n".join([*lines, "", ""]).encode()


@contextmanager
def staged_pair(path, *, overwrite=False):
    """Write a header and its data under temporary names that become the final ones on success.

    Parameters
    ----------
    path : Path
        Final name of the header, or a link to it; the data get the same with the suffix .raw.
    overwrite : bool, optional
        Whether an existing pair may be replaced. It stays until the new one is complete and on the
        disk; then the old header goes before the old data do, so that no header ever describes
        other data.

    Yields
    ------
    Pair
        Temporary names.

    Raises
    ------
    ValueError
        If they cannot be written (see `check_pair_destination`).
    """
    path = follow_link(path)  # the data lie where the header is, not where a link to it is
    check_pair_destination(path, overwrite)
    data = path.with_suffix(".raw")
    with staged_files(path, data, overwrite=overwrite) as partials:
        yield Pair(*partials, data.name)


def check_pair_destination(path, overwrite=False, *, folder=False):
    """Check that a header and its data may be written; other data are never replaced.

    Parameters
    ----------
    path : Path
        Final name of the header.
    overwrite : bool, optional
        Whether an existing pair may be replaced.
    folder : bool, optional
        As for `check_destination`.

    Raises
    ------
    ValueError
        If the header or the data exist (and may not be replaced, or the data belong to another
        header), or the folder that they belong into does not exist.
    """
    check_destination(path, overwrite, folder=folder)
    path = follow_link(path)
    data = path.with_suffix(".raw")
    check_destination(data, overwrite)
    if data.exists() and (not path.exists() or read_header(path).files != (data.resolve(),)):
        raise ValueError(
            f"{data} already exists and does not belong to {path.name}; choose another name"
        )
