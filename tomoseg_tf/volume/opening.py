"""Opening volumes of any format: paths, arrays, or volumes themselves."""

from pathlib import Path

import numpy as np

from tomoseg_tf.volume.formats import (
    SLICES,
    check_inside,
    described_format,
    format_of_suffix,
    name_choices,
)
from tomoseg_tf.volume.location import Location, split_location
from tomoseg_tf.volume.volume import ArrayVolume, Volume


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
    if shape is None and dtype is None:
        chosen = described_format(location.path, chosen)
    options = {"inside": location.inside} if chosen.inside else {}
    if chosen.bare:
        if shape is None or dtype is None:
            raise ValueError(
                f"{location}: the format {chosen.name} states neither shape nor type; give both "
                "(--shape Z,Y,X --dtype TYPE where the command has them), or describe it once in "
                "an NRRD header (.nhdr), which every command reads"
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


def _existing_format(location):
    """Format of a file or folder that exists."""
    path = location.path
    if not path.exists():
        raise ValueError(f"{path} does not exist; check the path")
    chosen = format_of_suffix(path)
    if path.is_dir():
        chosen = chosen if chosen and chosen.folder else SLICES
    elif not path.is_file():
        raise ValueError(f"{path}: is neither a file nor a folder; name a file that holds a volume")
    elif chosen is None:
        raise ValueError(f"{path}: its format is not known; volumes are {name_choices()}")
    elif chosen.folder:
        raise ValueError(f"{path}: is a file, but {chosen.name} is a folder; check the path")
    check_inside(location, chosen)
    return chosen
