"""The formats of volumes: which one a path means, and how it is opened and created.

A new format is one module with a `Volume` and a `Writer`, and one line in `FORMATS`; `lazy` where
the module needs a library that takes long to import.
"""

from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from tomoseg_tf.volume.location import Location, split_location
from tomoseg_tf.volume.npy import NpyVolume, NpyWriter
from tomoseg_tf.volume.nrrd.volume import NrrdVolume
from tomoseg_tf.volume.nrrd.writer import (
    NhdrWriter,
    NrrdWriter,
    check_pair_destination,
    staged_pair,
)
from tomoseg_tf.volume.raw import RawVolume, RawWriter
from tomoseg_tf.volume.storage.staging import check_destination, staged_file, staged_folder
from tomoseg_tf.volume.tiff.slices import SlicesVolume, SlicesWriter, check_slices_destination
from tomoseg_tf.volume.tiff.volume import TiffVolume
from tomoseg_tf.volume.tiff.writer import OmeTiffWriter, TiffWriter
from tomoseg_tf.volume.volume import ArrayVolume, Volume


def lazy(module, name):
    """Stand for a class or function whose module is imported when it is first called.

    Parameters
    ----------
    module : str
        Module of this package.
    name : str
        Name of the class or function in it.

    Returns
    -------
    callable
        Takes the same arguments.
    """

    def call(*arguments, **options):
        return getattr(import_module(f"tomoseg_tf.volume.{module}"), name)(*arguments, **options)

    return call


@dataclass(frozen=True)
class Format:
    """A format: its suffixes, and what reads and writes it.

    Parameters
    ----------
    name : str
        What users call it.
    suffixes : tuple of str
        Endings of its names, in lower case.
    open : callable
        ``open(path, spacing)`` gives the `Volume`.
    create : callable
        ``create(path, shape, dtype, spacing)`` gives the `Writer`.
    folder : bool, optional
        Whether a volume is a folder rather than a file.
    check : callable, optional
        Checks a destination as `check_destination` does.
    inside : bool, optional
        Whether `open`, `create` and `check` also take ``inside``: where in the file the volume
        lies.
    bare : bool, optional
        Whether the file states nothing, and `open` also takes ``shape`` and ``dtype``.
    stage : callable, optional
        Makes the output appear when it is complete; `staged_folder` or `staged_file` by default.
    contents : callable, optional
        ``contents(path)`` names the volumes that a file holds, where it may hold several.
    """

    name: str
    suffixes: tuple[str, ...]
    open: Callable
    create: Callable
    folder: bool = False
    check: Callable = check_destination
    inside: bool = False
    bare: bool = False
    stage: Callable | None = None
    contents: Callable | None = None


# the first match counts; a path without suffix is a folder of slices
FORMATS = (
    Format("OME-TIFF", (".ome.tif", ".ome.tiff"), TiffVolume, OmeTiffWriter),
    Format("TIFF", (".tif", ".tiff", ".btf", ".tf8"), TiffVolume, TiffWriter),
    Format("NPY", (".npy",), NpyVolume, NpyWriter),
    Format(
        "HDF5",
        (".h5", ".hdf5", ".hdf", ".nxs", ".nx5", ".cxi"),
        lazy("hdf5.volume", "Hdf5Volume"),
        lazy("hdf5.writer", "Hdf5Writer"),
        check=lazy("hdf5.writer", "check_hdf5_destination"),
        inside=True,
        contents=lazy("hdf5.volume", "list_datasets"),
    ),
    Format(
        "OME-Zarr",
        (".zarr",),
        lazy("zarr.volume", "ZarrVolume"),
        lazy("zarr.writer", "ZarrWriter"),
        folder=True,
        check=lazy("zarr.metadata", "check_zarr_destination"),
        inside=True,
        contents=lazy("zarr.tree", "list_arrays"),
    ),
    Format("NRRD", (".nrrd",), NrrdVolume, NrrdWriter),
    Format(
        "NRRD header",
        (".nhdr",),
        NrrdVolume,
        NhdrWriter,
        check=check_pair_destination,
        stage=staged_pair,
    ),
    Format("RAW", (".raw", ".vol"), RawVolume, RawWriter, bare=True),
)
SLICES = Format("folder of slices", (), SlicesVolume, SlicesWriter, True, check_slices_destination)


def open_volume(path, *, spacing=None, shape=None, dtype=None):
    """Open a volume for reading; only its headers are read yet.

    Parameters
    ----------
    path : str, Path or Location
        File of a known format, or folder of TIFF slices. Where a file holds several volumes, ``::``
        and the place of the volume follow, as in ``scan.h5::/exchange/data``.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the file states.
    shape : sequence of three int, optional
        Shape (Z, Y, X), for a RAW file, which does not state it.
    dtype : dtype, optional
        Type of the voxels, with its byte order, for a RAW file.

    Returns
    -------
    Volume
        The volume, (Z, Y, X).

    Raises
    ------
    ValueError
        If it does not exist, has a format that is not known, or cannot be read; if `shape` and
        `dtype` are missing for a RAW file, or given for another.
    """
    location = split_location(path)
    chosen = _existing_format(location)
    options = {"inside": location.inside} if chosen.inside else {}
    if chosen.bare:
        if shape is None or dtype is None:
            raise ValueError(
                f"{location}: the format {chosen.name} states neither shape nor type; give both "
                "(--shape Z,Y,X --dtype TYPE)"
            )
        options |= {"shape": shape, "dtype": dtype}
    elif shape is not None or dtype is not None:
        raise ValueError(
            f"{location}: the format {chosen.name} states its shape and type itself; leave out "
            "--shape and --dtype"
        )
    return chosen.open(location.path, spacing, **options)


def list_volumes(path):
    """Name the volumes that a file holds.

    Parameters
    ----------
    path : str, Path or Location
        File of a known format, or folder of TIFF slices.

    Returns
    -------
    list of str
        The places of its volumes, each with shape and type; empty where the format holds only one.

    Raises
    ------
    ValueError
        If the file cannot be read.
    """
    location = split_location(path)
    chosen = _existing_format(location)
    return chosen.contents(location.path) if chosen.contents else []


def as_volume(volume):
    """Take a volume in any form: a path, an array, or a volume.

    Parameters
    ----------
    volume : str, Path, Location, (Z, Y, X) array_like or Volume
        What to read; a path as for `open_volume`.

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
    if isinstance(volume, (str, Path, Location)):
        return open_volume(volume)
    return ArrayVolume(np.asarray(volume))


@contextmanager
def create_volume(path, shape, dtype, *, spacing=None, overwrite=False):
    """Write a volume slab by slab; it appears under its name only when it is complete.

    Parameters
    ----------
    path : str, Path or Location
        Where to write. The format follows the suffix, as `FORMATS` lists them; no suffix means a
        folder of TIFF slices. ``::`` and a place may follow where the format has any.
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
    location = split_location(path)
    chosen = check_output(location, overwrite)
    stage = chosen.stage or (staged_folder if chosen.folder else staged_file)
    options = {"inside": location.inside} if chosen.inside else {}
    with (
        stage(location.path, overwrite=overwrite) as partial,
        closing(chosen.create(partial, shape, dtype, spacing, **options)) as writer,
    ):
        yield writer
        writer.check_complete()


def check_output(path, overwrite=False):
    """Check that a volume may be written at a path, before any work is done.

    Parameters
    ----------
    path : str, Path or Location
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
    location = split_location(path)
    path = location.path
    chosen = _by_suffix(path)
    if chosen is None:
        if path.suffix and not path.is_dir():
            raise ValueError(
                f"{path}: no format has the suffix {path.suffix}; use {_choices()}, and no suffix "
                "for the latter"
            )
        chosen = SLICES
    _check_inside(location, chosen)
    options = {"inside": location.inside} if chosen.inside else {}
    chosen.check(path, overwrite, folder=chosen.folder, **options)
    return chosen


def add_to_name(path, text):
    """Add to the name of a volume, before the suffix of its format.

    Parameters
    ----------
    path : str, Path or Location
        Such as ``p.ome.tif`` or ``p.h5::/probabilities``.
    text : str
        Such as ``"_pore"``.

    Returns
    -------
    Location
        Such as ``p_pore.ome.tif``.
    """
    location = split_location(path)
    name, lower = location.path.name, location.path.name.lower()
    suffixes = [suffix for item in FORMATS for suffix in item.suffixes if lower.endswith(suffix)]
    stem = name[: len(name) - len(suffixes[0])] if suffixes else name
    return Location(location.path.with_name(stem + text + name[len(stem) :]), location.inside)


def _existing_format(location):
    """Format of a file or folder that exists."""
    path = location.path
    if not path.exists():
        raise ValueError(f"{path} does not exist; check the path")
    chosen = _by_suffix(path)
    if path.is_dir():
        chosen = chosen if chosen and chosen.folder else SLICES
    elif not path.is_file():
        raise ValueError(f"{path}: is neither a file nor a folder; name a file that holds a volume")
    elif chosen is None:
        raise ValueError(f"{path}: its format is not known; volumes are {_choices()}")
    elif chosen.folder:
        raise ValueError(f"{path}: is a file, but {chosen.name} is a folder; check the path")
    _check_inside(location, chosen)
    return chosen


def _check_inside(location, chosen):
    """Refuse a place inside a file where the format has none."""
    if location.inside is not None and not chosen.inside:
        raise ValueError(
            f"{location}: the format {chosen.name} holds one volume; leave out ::{location.inside}"
        )


def _by_suffix(path):
    """Format that a suffix stands for, None if there is none."""
    name = path.name.lower()
    return next((item for item in FORMATS if name.endswith(item.suffixes)), None)


def _choices():
    """Name the formats and their suffixes."""
    named = [f"{item.name} ({', '.join(item.suffixes)})" for item in FORMATS]
    return ", ".join(named) + f" or a {SLICES.name}"
