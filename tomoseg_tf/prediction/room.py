"""The room on the disk that a segmentation takes."""

import os
import shutil

import numpy as np

from tomoseg_tf.prediction.resuming.hidden import hidden_folder
from tomoseg_tf.prediction.sums import DiskSums
from tomoseg_tf.volume import split_location

ELSEWHERE = "name outputs on another disk"


def list_outputs(run):
    """List the outputs with their sizes.

    Parameters
    ----------
    run : Run
        The segmentation.

    Returns
    -------
    list of dict
        ``path``, ``dtype`` and ``bytes``, before any compression.
    """
    voxels = int(np.prod(run.shape))
    return [
        {
            "path": str(target.path),
            "dtype": target.dtype,
            "bytes": target.voxel_bytes * voxels,
        }
        for target in run.targets
    ]


def list_disks(run, unfinished):
    """List the disks that are written to, what is needed there, and what is free.

    Each output lies there twice for a while: as plain slices, and in its own format.

    Parameters
    ----------
    run : Run
        The segmentation.
    unfinished : Unfinished
        Knows what is there already.

    Returns
    -------
    list of dict
        ``folder``, ``needed`` and ``free``, in bytes.
    """
    disks = {}
    for output, spool in zip(list_outputs(run), unfinished.spools, strict=True):
        folder = split_location(output["path"]).path.resolve().parent
        disk = disks.setdefault(os.stat(folder).st_dev, {"folder": str(folder), "sizes": []})
        disk["sizes"].append((output["bytes"], max(0, output["bytes"] - spool.held)))
    first = next(iter(disks.values()))
    first["meanwhile"] = _sums_bytes(run, unfinished) + run.spool_bytes
    return [
        {
            "folder": disk["folder"],
            "needed": sum(left for _, left in disk["sizes"])
            + max(size for size, _ in disk["sizes"])
            + disk.get("meanwhile", 0),
            "free": shutil.disk_usage(disk["folder"]).free,
        }
        for disk in disks.values()
    ]


def list_plain_disks(run, hidden, *, there=0, complete=False):
    """List the disks of outputs that are written once, and what is hidden beside the first.

    What is hidden lies there twice while it is made: as plain slices, and as files.

    Parameters
    ----------
    run : ResampledRun
        The segmentation.
    hidden : int
        Bytes that lie beside the first output meanwhile.
    there : int, optional
        Those that an earlier process left there.
    complete : bool, optional
        Whether these are all.

    Returns
    -------
    list of dict
        ``folder``, ``needed`` and ``free``, in bytes.
    """
    disks = {}
    for output in list_outputs(run):
        folder = split_location(output["path"]).path.resolve().parent
        free = shutil.disk_usage(folder).free
        disk = {"folder": str(folder), "needed": 0, "free": free}
        disks.setdefault(os.stat(folder).st_dev, disk)["needed"] += output["bytes"]
    first, *others = disks.values()
    meanwhile = max(0 if complete else hidden, first["needed"])
    return [first | {"needed": max(0, hidden + meanwhile - there)}, *others]


def check_room(run, unfinished):
    """Refuse to begin where the disk is too small.

    Parameters
    ----------
    run : Run
        The segmentation.
    unfinished : Unfinished
        Knows what is there already.

    Raises
    ------
    OSError
        If so.
    """
    cure = "use a single pass" if _passes(run) > 1 else ELSEWHERE
    check_disks(list_disks(run, unfinished), cure)


def check_disks(disks, cure=ELSEWHERE):
    """Refuse to begin where one of some disks is too small.

    Parameters
    ----------
    disks : list of dict
        As `list_disks` or `list_plain_disks` gives them.
    cure : str, optional
        What else to do than to make room.

    Raises
    ------
    OSError
        If so.
    """
    for disk in disks:
        if disk["needed"] > disk["free"]:
            raise OSError(
                f"{disk['folder']}: the segmentation takes {disk['needed'] / 1e9:.2g} GB there, "
                f"but {disk['free'] / 1e9:.2g} GB are free; make room, or {cure}"
            )


def _passes(run):
    return len(run.settings["passes"])


def _sums_bytes(run, unfinished):
    """Bytes of the sums of several passes: those of whole ones, and those of one on its way."""
    if run.settings["passes"] == "z" or run.has_members:
        return 0
    shape = (*run.shape, max(1, len(run.fitted[0].config.classes)))
    folder = hidden_folder(run.targets[0].path)
    there = sum(path.stat().st_size for path in folder.glob("sums-*"))
    return min(2, _passes(run)) * DiskSums.size(shape) - there
