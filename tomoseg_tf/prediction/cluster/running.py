"""Predict a volume on the workers of a Dask cluster."""

import os
import shutil
import uuid
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tomoseg_tf.prediction.cluster.ranges import RangeStore, cut_ranges
from tomoseg_tf.prediction.cluster.working import Job, pack, predict_range
from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.volume import naming_full_disk

ATTEMPTS = 2  # of a range whose prediction fails; lost workers do not count


def predict_on_cluster(
    client, folder, *, open, predict, outputs, roi, layers, again=0, first=0, progress=None
):
    """Predict a part of a volume on workers, and write the results here in the order of slices.

    Workers write into one Zarr store, which they and this process see under the same name. What
    is finished is handed on while others still work, and the store is removed at the end. Dask
    gives the ranges of lost workers to others.

    Parameters
    ----------
    client : dask.distributed.Client
        Connected.
    folder : path
        Where the store lies.
    open, predict : callable
        As for `tomoseg_tf.prediction.cluster.working.Job`; cloudpickle must be able to send them.
    outputs : list of Output
        The results.
    roi : tuple of (int, int)
        Part of the volume.
    layers : sequence of (int, int)
        Layers of tiles in it: first slice and the one past the last.
    again : int, optional
        Slices that are computed again where a range begins.
    first : int, optional
        Slice of the volume; layers that end at or before it are left out.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels.

    Raises
    ------
    ValueError
        If a range fails twice, or its workers are lost again and again: with its slices.
    """
    workers = len(client.nthreads())
    ranges = cut_ranges([layer for layer in layers if layer[1] > first], workers, again)
    plane = volume_of(roi[1:])
    total = plane * (roi[0][1] - roi[0][0])
    done = total - plane * sum(stop - start for start, stop in ranges)
    with _new_store(Path(folder).resolve()) as path:
        store = RangeStore.create(path, roi, layers, outputs)
        bare = [replace(each, writer=None) for each in outputs]
        packed = pack(Job(open, predict, bare, roi, store, os.getcwd()))
        finished, passed = set(), 0
        for part in _computed(client, packed, ranges):
            finished.add(part)
            done += plane * (part[1] - part[0])
            if progress:
                progress(done, total)
            while passed < len(ranges) and ranges[passed] in finished:
                _hand_on(store, outputs, ranges[passed], roi[0][0])
                passed += 1


def _computed(client, packed, ranges):
    """Yield the ranges as workers finish them, earlier ones first where possible."""
    from distributed import as_completed

    token = uuid.uuid4().hex[:8]
    futures = {
        client.submit(
            predict_range,
            packed,
            *part,
            key=f"slices-{part[0]}-{part[1]}-{token}",
            priority=-index,
            retries=ATTEMPTS - 1,
            pure=False,
        ): part
        for index, part in enumerate(ranges)
    }
    try:
        for future in as_completed(list(futures), loop=client.loop):
            if future.status != "finished":
                raise _failure(future, futures[future])
            yield futures[future]
    finally:
        client.cancel([future for future in futures if not future.done()])


def _failure(future, part):
    """Error for a range that was not predicted."""
    error = future.exception() if future.status == "error" else None
    where = f"slices {part[0]} to {part[1] - 1}"
    if type(error).__name__ == "KilledWorker":
        return ValueError(
            f"{where}: {error.allowed_failures + 1} workers were lost while they predicted these; "
            "give each less to hold with --max-memory, or more memory"
        )
    reason = " ".join(str(error).split()) if error else "cancelled by the scheduler"
    return ValueError(f"{where}: failed {ATTEMPTS} times on the cluster; {reason}")


def _hand_on(store, outputs, part, origin):
    """Write a finished range where it belongs."""
    for index, output in enumerate(outputs):
        for z, slab in store.slabs(index, *part):
            output.writer.write(z - origin, slab)


@contextmanager
def _new_store(folder):
    """Name a store, and remove it at the end; what killed clients left is removed, too.

    A worker that is thought lost may still write into an old one, so that names are new.
    """
    for left in folder.glob("ranges-*"):
        shutil.rmtree(left, ignore_errors=True)
    path = folder / f"ranges-{uuid.uuid4().hex[:8]}"
    try:
        with naming_full_disk(folder):
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
