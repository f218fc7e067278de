"""The room on the disk that a segmentation takes."""

import os
import shutil

import numpy as np

from tomoseg_tf.prediction.ensemble import sees_slices
from tomoseg_tf.prediction.ensemble.mean import fit, fitting_depth
from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.resuming.hidden import hidden_folder
from tomoseg_tf.prediction.resuming.kept_sums import kept_passes
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
    disks = _list_for_results(run, unfinished)
    disks[0]["needed"] += _sums_bytes(run, disks[0]) + run.spool_bytes
    return disks


def room_for_sums(run, unfinished):
    """Give the bytes that sums of all passes may have: twice at a time, and once with the results.

    Parameters
    ----------
    run : Run
        The segmentation.
    unfinished : Unfinished
        Knows what is there already.

    Returns
    -------
    float
    """
    return _room_beside(run, _list_for_results(run, unfinished)[0])


def _list_for_results(run, unfinished):
    """List the disks as `list_disks` does, with what the results alone need."""
    disks = {}
    for output, spool in zip(list_outputs(run), unfinished.spools, strict=True):
        folder = split_location(output["path"]).path.resolve().parent
        disk = disks.setdefault(os.stat(folder).st_dev, {"folder": str(folder), "sizes": []})
        disk["sizes"].append((output["bytes"], max(0, output["bytes"] - spool.held)))
    return [
        {
            "folder": disk["folder"],
            "needed": sum(left for _, left in disk["sizes"])
            + max(size for size, _ in disk["sizes"]),
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


def _room_beside(run, disk):
    """Bytes for sums on a disk of results, see `room_for_sums`."""
    free = disk["free"] - run.spool_bytes
    return min(free / 2, free - disk["needed"])


def _sums_bytes(run, disk):
    """Bytes of the sums of several passes, more than the results need, which come after them."""
    if not run.num_sums or run.client is not None:
        return 0
    if run.settings["passes"] == "z" and all(map(sees_slices, run.fitted)):
        return 0  # in memory
    folder = hidden_folder(run.targets[0].path)
    done = kept_passes(folder)
    if run.has_members and not done:
        slabs = run.shape[0], 4 * run.num_sums * volume_of(run.roi[1:]), _room_beside(run, disk)
        if not fit(*slabs):
            return DiskSums.size((fitting_depth(*slabs), *run.shape[1:], run.num_sums))
    size = DiskSums.size((*run.shape, run.num_sums))
    copies = 2 if max(1, done) < run.num_runs else 1  # of whole passes, and of one on its way
    there = sum(path.stat().st_size for path in folder.glob("sums-*"))
    return max(copies * size - disk["needed"], size) - there
