"""Locations: a path, and where the volume lies in the file, as in ``scan.h5::/exchange/data``."""

import os
from dataclasses import dataclass
from pathlib import Path

MARK = "::"


@dataclass(frozen=True)
class Location:
    """Where a volume is: a file or folder, and its place inside, None if none is named."""

    path: Path
    inside: str | None = None

    def __str__(self):
        """Write the location as a user would."""
        return f"{self.path}" if self.inside is None else f"{self.path}{MARK}{self.inside}"


def split_location(location):
    """Split a location into its path and the place inside the file.

    A file or folder that has the whole text as its name is taken as such.

    Parameters
    ----------
    location : str, Path or Location
        A path, optionally followed by ``::`` and the place of the volume inside.

    Returns
    -------
    Location
        Its parts.

    Examples
    --------
    >>> split_location("scan.h5::/exchange/data").inside
    '/exchange/data'
    >>> split_location("run_12:30/scan.tif").inside is None
    True
    """
    if isinstance(location, Location):
        return location
    text = os.fspath(location)
    path, mark, inside = text.partition(MARK)
    if not mark or not path or os.path.lexists(text):
        return Location(Path(text))
    # a Path has turned the slashes of the inside path into those of the system
    return Location(Path(path), inside.replace(os.sep, "/") or None)
