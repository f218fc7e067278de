"""The memory of the whole process, and what of it is left for tiles and buffers."""

import os
import re
import resource
import sys
from math import ceil
from pathlib import Path

MAX_MEMORY = 3e9  # bytes of the process
SPARE = 1.5e9  # bytes that may be added where a process, such as a notebook, holds much already
FIXED = 100e6  # what libraries take once they compute and write, beyond what they take before
LEAST = 32e6  # bytes for tiles below which none is worth trying
UNITS = {"": 1e9, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
BINARY = {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


def parse_memory(text):
    """Read an amount of memory.

    Parameters
    ----------
    text : str
        A number with a unit, such as "2GB", "512 MB" or "1.5GiB"; GB without one.

    Returns
    -------
    float
        Bytes.

    Raises
    ------
    ValueError
        If it is none, or not above 0.

    Examples
    --------
    >>> parse_memory("512MB") == parse_memory("0.512") == 512e6
    True
    """
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([a-z]*)\s*", str(text).lower())
    units = UNITS | BINARY
    unit = found and found[2].upper()
    if not found or unit not in units or not float(found[1]):
        raise ValueError(
            f"memory {text!r}: must be a number above 0 and a unit, such as 2GB, 512MB or 1.5GiB"
        )
    return float(found[1]) * units[unit]


def resident():
    """Measure the memory that this process takes now.

    Returns
    -------
    int
        Bytes; where the system does not tell, those that it took at most.
    """
    return _status("VmRSS") or highest()


def highest():
    """Measure the most memory that this process took so far.

    Returns
    -------
    int
        Bytes.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    most = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return _status("VmHWM") or most


def memory_for_tiles(max_memory, *, base=None, filters=0):
    """Divide the memory of the process: what is left for tiles and buffers.

    Parameters
    ----------
    max_memory : float or None
        Bytes that the process may take, all in all; by default 3 GB, or 1.5 GB more than it takes
        before and its filters work in.
    base : float, optional
        Bytes that it takes before it predicts; those that it takes now by default.
    filters : float
        Bytes that filters of the scan, and what resamples it, work in.

    Returns
    -------
    float
        Bytes that a plan may expect to take.

    Raises
    ------
    ValueError
        If too little is left.
    """
    base = resident() if base is None else base
    allowed = max_memory or max(MAX_MEMORY, base + filters + SPARE)
    left = allowed - base - filters - FIXED
    if left < LEAST:
        least = ceil(process_memory(LEAST + filters, base=base) / 1e7) / 100
        filtering = f", filtering or resampling {filters / 1e9:.2f} GB" if filters else ""
        raise ValueError(
            f"{allowed / 1e9:.2g} GB of memory are too little: Python, Keras and the network take "
            f"{base / 1e9:.2f} GB before anything is predicted{filtering}; allow {least:.2f} GB or "
            "more with --max-memory"
        )
    return left


def process_memory(tiles, *, base=None):
    """Estimate the memory of the process from that of the tiles and buffers.

    Parameters
    ----------
    tiles : float
        Bytes that the plan expects to take.
    base : float, optional
        As for `memory_for_tiles`.

    Returns
    -------
    float
        Bytes.
    """
    return (resident() if base is None else base) + FIXED + tiles


def _status(name):
    """Bytes of an entry of the status of this process; None where there is no such file."""
    path = Path("/proc/self/status")
    if not os.path.exists(path):
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB", path.read_text(), re.MULTILINE)
    return 1024 * int(found[1]) if found else None
