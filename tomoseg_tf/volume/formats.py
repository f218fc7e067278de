"""The formats of volumes: which one a path means, and how it is opened and created.

A new format is one module with a `Volume` and a `Writer`, and one line in `FORMATS`.
"""

from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tomoseg_tf.volume.npy import NpyVolume, NpyWriter
from tomoseg_tf.volume.slices import SlicesVolume, SlicesWriter, check_slices_destination
from tomoseg_tf.volume.staging import check_destination, staged_file, staged_folder
from tomoseg_tf.volume.tiff import TiffVolume
from tomoseg_tf.volume.tiff_writer import OmeTiffWriter, TiffWriter
from tomoseg_tf.volume.volume import ArrayVolume, Volume


@dataclass(frozen=True)
class Format:
    """A format: its suffixes, and the classes that read and write it."""

    name: str
    suffixes: tuple[str, ...]
    open: Callable
    create: Callable
    folder: bool = False
    check: Callable = check_destination


# the first match counts; a path without suffix is a folder of slices
FORMATS = (
    Format("OME-TIFF", (".ome.tif", ".ome.tiff"), TiffVolume, OmeTiffWriter),
    Format("TIFF", (".tif", ".tiff", ".btf", ".tf8"), TiffVolume, TiffWriter),
    Format("NPY", (".npy",), NpyVolume, NpyWriter),
)
SLICES = Format("folder of slices", (), SlicesVolume, SlicesWriter, True, check_slices_destination)


def open_volume(path, *, spacing=None):
    """Open a volume for reading; only its headers are read yet.

    Parameters
    ----------
    path : str or Path
        TIFF or NPY file, or folder of TIFF slices.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the file states.

    Returns
    -------
    Volume
        The volume, (Z, Y, X).

    Raises
    ------
    ValueError
        If it does not exist, has a format that is not known, or cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path} does not exist; check the path")
    if path.is_dir():
        return SLICES.open(path, spacing)
    known = _by_suffix(path)
    if known is None:
        raise ValueError(f"{path}: its format is not known; volumes are {_choices()}")
    return known.open(path, spacing)


def as_volume(volume):
    """Take a volume in any form: a path, an array, or a volume.

    Parameters
    ----------
    volume : str, Path, (Z, Y, X) array_like or Volume
        What to read.

    Returns
    -------
    Volume
        The volume.

    Raises
    ------
    ValueError
        If it cannot be read as a volume.
    """
    if isinstance(volume, Volume):
        return volume
    if isinstance(volume, (str, Path)):
        return open_volume(volume)
    return ArrayVolume(np.asarray(volume))


@contextmanager
def create_volume(path, shape, dtype, *, spacing=None, overwrite=False):
    """Write a volume slab by slab; it appears under its name only when it is complete.

    Parameters
    ----------
    path : str or Path
        Where to write. The format follows the suffix: .tif, .tiff or .ome.tif (BigTIFF when
        needed), .npy; no suffix means a folder of TIFF slices.
    shape : tuple of three int
        Shape (Z, Y, X).
    dtype : dtype
        Type of the voxels, an integer or a float.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm; stored where the format can carry it.
    overwrite : bool, optional
        Whether an existing output may be replaced. It stays until the new one is complete.

    Yields
    ------
    Writer
        ``writer.write(start, slab)`` writes slices from `start` on, in any order.

    Raises
    ------
    ValueError
        If the output exists, cannot have this name, or not all slices were written.
    """
    path = Path(path)
    chosen = check_output(path, overwrite)
    staged = staged_folder if chosen.folder else staged_file
    with (
        staged(path, overwrite=overwrite) as partial,
        closing(chosen.create(partial, shape, dtype, spacing)) as writer,
    ):
        yield writer
        writer.check_complete()


def check_output(path, overwrite=False):
    """Check that a volume may be written at a path, before any work is done.

    Parameters
    ----------
    path : str or Path
        Where the volume will be written.
    overwrite : bool, optional
        Whether an existing output may be replaced.

    Returns
    -------
    Format
        The format that it will have.

    Raises
    ------
    ValueError
        If it exists and may not be replaced, its suffix names no format, or the folder it belongs
        into does not exist.
    """
    path = Path(path)
    chosen = _by_suffix(path)
    if chosen is None:
        if path.suffix and not path.is_dir():
            raise ValueError(
                f"{path}: no format has the suffix {path.suffix}; use {_choices()}, and no suffix "
                "for the latter"
            )
        chosen = SLICES
    chosen.check(path, overwrite, folder=chosen.folder)
    return chosen


def _by_suffix(path):
    """Format that a suffix stands for, None if there is none."""
    name = path.name.lower()
    return next((item for item in FORMATS if name.endswith(item.suffixes)), None)


def _choices():
    """Name the formats and their suffixes."""
    named = [f"{item.name} ({', '.join(item.suffixes)})" for item in FORMATS]
    return ", ".join(named) + f" or a {SLICES.name}"
