"""Opening HDF5 files: whatever the library says about a bad one becomes one line."""

import os
from contextlib import contextmanager

import h5py

HDF4 = b"\x0e\x03\x13\x01"
# what h5py raises on damaged files
DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Hdf5Error(ValueError):
    """What is wrong with an HDF5 file or with what a link in it leads to, told to the user."""


class MissingError(Hdf5Error):
    """There is nothing in the file at the place that was asked for."""


class TooManyError(Hdf5Error):
    """The file holds more than is searched through."""


@contextmanager
def damage(name, remedy="the file is damaged; copy or write it again"):
    """Turn what h5py raises in the body of the ``with`` statement into one line.

    Parameters
    ----------
    name : str
        What the error calls the file.
    remedy : str, optional
        What it advises.

    Raises
    ------
    Hdf5Error
        If the body raises anything that a damaged file may cause; its own errors stay.
    """
    try:
        yield
    except Hdf5Error:
        raise
    except DAMAGE as error:
        raise Hdf5Error(f"{name}: cannot be read ({reason(error)}); {remedy}") from error


def reason(error):
    """Shorten what h5py says to what it means.

    Parameters
    ----------
    error : Exception
        Error of h5py.

    Returns
    -------
    str
        The text in its last brackets, where there are any, at most 120 characters.
    """
    text = " ".join(str(error).strip("'\"").split()) or type(error).__name__
    start = text.find(" (")
    if start >= 0 and text.endswith(")"):
        text = text[start + 2 : -1]
    return text[:120]


def open_hdf5(path, name=None):
    """Open an HDF5 file for reading, without locking it.

    Parameters
    ----------
    path : str or Path
        File.
    name : str, optional
        What errors call it; its path when not given.

    Returns
    -------
    h5py.File
        The open file.

    Raises
    ------
    Hdf5Error
        If it is no regular file, empty, cut short or no HDF5 file.
    """
    name = name or f"{path}"
    if not os.path.isfile(path):
        raise Hdf5Error(f"{name}: is no regular file; check the path")
    with open(path, "rb") as file:
        signature = file.read(4)
    if not signature:
        raise Hdf5Error(f"{name}: is empty (0 bytes); copy or write it again")
    if signature == HDF4:
        raise Hdf5Error(f"{name}: is an HDF4 file, which is not read; convert it to HDF5 (h4toh5)")
    if not h5py.is_hdf5(path):
        raise Hdf5Error(f"{name}: is not an HDF5 file; its first bytes are {signature!r}")
    for locking in (False, None):
        try:
            return h5py.File(path, "r", locking=locking)
        except DAMAGE as error:
            text = reason(error)
        if "locking flag" not in text:  # this process has the file open already, and locked
            break
    if "already open for write" in text:
        raise Hdf5Error(
            f"{name}: is still being written, or its writer was killed; wait for the end, or run "
            "h5clear --status on a copy"
        )
    raise Hdf5Error(f"{name}: is damaged or cut short ({text}); copy or write it again")
