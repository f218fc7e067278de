"""Sizes of files as people write them."""

import re

UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def parse_size(text):
    """Read a size of a file.

    Parameters
    ----------
    text : str or int
        Such as ``"25MB"``, ``"500 kB"`` or a number of bytes.

    Returns
    -------
    int
        Bytes; kB, MB and GB are powers of 1000.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> parse_size("2.5 MB"), parse_size(100)
    (2500000, 100)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?b)?\s*", str(text).lower())
    if match is None or not float(match[1]):
        raise ValueError(f"size {text!r} is none; write a number with a unit, such as 25MB")
    return round(float(match[1]) * UNITS[match[2] or "b"])


def format_size(size):
    """Write a size of a file.

    Parameters
    ----------
    size : int
        Bytes.

    Returns
    -------
    str
        In the unit that gives the shortest number.

    Examples
    --------
    >>> format_size(950), format_size(2_345_678)
    ('950 B', '2.35 MB')
    """
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} B"
