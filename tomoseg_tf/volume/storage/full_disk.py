"""A full disk, said in one line that names the output."""

import errno
import os
import re
from contextlib import contextmanager

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
BLOCK = 2**20
NUMPY = r"\d+ requested and \d+ written"  # all that it says of a short write


@contextmanager
def naming_full_disk(path):
    """Give the error of a full disk, of whichever library, the name of the output.

    Parameters
    ----------
    path : str or Path
        Final name of the output that is being written.

    Raises
    ------
    OSError
        If the disk or the quota is full, or the file larger than allowed.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise OSError(f"{path}: {reason}; make room, then run the same command again") from error


def try_room(path, written, *, sparse=0):
    """Fill a file with zeros, before a library writes it that does not survive a full disk.

    HDF5 ends the process when it cannot write what it still holds as its file is closed.

    Parameters
    ----------
    path : str or Path
        The file, to be made anew by the library.
    written : int
        Bytes that the library will write itself, or somewhat more.
    sparse : int, optional
        Bytes that the file has beyond them.

    Raises
    ------
    OSError
        If there is no room.
    """
    with open(path, "wb") as file:
        for start in range(0, written, BLOCK):
            file.write(bytes(min(BLOCK, written - start)))
        file.flush()
        os.fsync(file.fileno())
        os.ftruncate(file.fileno(), written + sparse)


def _reason(error):
    """Take from an error what the system says of a full disk; None if it is about another thing."""
    text = str(error)
    if "make room" in text:
        return None  # it has its name
    for code in FULL:
        if getattr(error, "errno", None) == code or os.strerror(code) in text:
            return os.strerror(code)
    return "not all of it could be written" if re.fullmatch(NUMPY, text) else None
