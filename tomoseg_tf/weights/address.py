"""Addresses of weights: of the web or of files, with the SHA-256 that is expected there."""

import re
import urllib.parse
from pathlib import Path

PIN = "#sha256="


def is_address(text):
    """Tell whether a text is an address rather than a path or a name.

    Parameters
    ----------
    text : str or Path
        What was given; a path out of which an address was made has lost a slash.

    Returns
    -------
    bool
    """
    return re.match(r"(https?|file):/", str(text), re.IGNORECASE) is not None


def split_pin(text):
    """Part an address or path from the SHA-256 behind it.

    Parameters
    ----------
    text : str or Path
        Such as ``https://lab.org/steel.zip#sha256=0123...``.

    Returns
    -------
    str
        The address, or the path; the address of a file on this machine as a path.
    str or None
        64 hexadecimal digits in small letters.

    Raises
    ------
    ValueError
        If what stands there is no SHA-256, or the address names another machine's file.
    """
    place, found, digest = str(text).partition(PIN)
    if not is_address(place):
        return place, check_digest(digest, place) if found else None
    place = place.partition("#")[0]
    scheme, _, rest = place.partition(":")
    place = f"{scheme.lower()}://{rest.removeprefix('/').removeprefix('/')}"
    if scheme.lower() == "file":
        place = _path_of(rest, text)
    return place, check_digest(digest, place) if found else None


def check_digest(digest, place):
    """Refuse what is no SHA-256.

    Parameters
    ----------
    digest : str
        What was given.
    place : str
        Of the archive, for the error.

    Returns
    -------
    str
        In small letters.

    Raises
    ------
    ValueError
        If it is not 64 hexadecimal digits.
    """
    if not re.fullmatch("[0-9a-fA-F]{64}", digest):
        raise ValueError(f"{place}: {digest!r} is no SHA-256, which has 64 hexadecimal digits")
    return digest.lower()


def _path_of(rest, text):
    """Path of a file: address; a path that lost a slash has one or two of them."""
    parts = urllib.parse.urlsplit(f"file:{rest}")
    if parts.netloc not in ("", "localhost"):
        raise ValueError(f"{text} is a file of another machine; write file:///path")
    return str(Path(urllib.parse.unquote(parts.path)))
