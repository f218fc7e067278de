"""How much memory a process took at most, and what it ran on."""

import contextlib
import os
import platform
import subprocess
from pathlib import Path

from tomoseg_tf.backend import find_gpus

SELF = Path("/proc/self")
RESET = "5"  # what sets the high-water mark back to what the process holds now


class PeakMemory:
    """Measure the high-water mark of the memory of this process within a block.

    It is that of the whole process (resident, without the memory of a GPU): Linux's ``VmHWM``,
    which is set back at the beginning of the block.

    Attributes
    ----------
    bytes : int or None
        After the block; None where the system cannot tell.
    """

    def __init__(self):
        self.bytes = None
        self._known = False

    def __enter__(self):
        """Set the mark back."""
        with contextlib.suppress(OSError):
            (SELF / "clear_refs").write_text(RESET)
            self._known = True
        return self

    def __exit__(self, kind, error, trace):
        """Read the mark."""
        if self._known:
            self.bytes = _high_water_mark()


def _high_water_mark():
    """Most bytes that were resident since the mark was set back."""
    with contextlib.suppress(OSError):
        for line in (SELF / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def device_name():
    """Name what networks run on here.

    Returns
    -------
    str
        The GPU, or the processor with the number of its cores that this process may use.
    """
    if find_gpus():
        return _gpu_name()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} core{'s' if cores != 1 else ''}"


def _gpu_name():
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        names = told.stdout.strip().splitlines()
        if names:
            return names[0] if len(names) == 1 else f"{len(names)} x {names[0]}"
    return "GPU"


def _processor():
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine() or "CPU"
