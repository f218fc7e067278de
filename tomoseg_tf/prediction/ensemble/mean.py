"""Several weights, flips and turns: the mean of what each of them predicts.

Each member passes over the volume with an engine and a plan of its own, and adds its
probabilities to sums. These lie on the disk, 4 bytes per voxel and class, and as much again for
the members' entropy where their disagreement is wanted. For networks of slices, which need
nothing of the slices around, they are in memory, a slab at a time. Where the disk has not the
room, the volume is cut into slabs too, and networks of volumes compute again what they see around
each.
"""

import shutil
from math import ceil
from pathlib import Path

import numpy as np

from tomoseg_tf.prediction.executor import Output
from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.passes import open_store
from tomoseg_tf.prediction.plan import MAX_MEMORY
from tomoseg_tf.prediction.resuming.kept_sums import kept_passes
from tomoseg_tf.prediction.sums import BRICK, read_means
from tomoseg_tf.prediction.uncertainty import Disagreement, entropy

SLAB = 64  # slices whose sums are in memory at a time
LEAST = 64  # slices of a slab whose sums are on the disk


def predict_mean(
    members,
    outputs,
    *,
    turns="none",
    passes="z",
    roi,
    folder=None,
    progress=None,
    first=0,
    kept=False,
    room=None,
    **plan,
):
    """Predict a part of a volume with all members and write what their mean gives.

    Parameters
    ----------
    members : list of Member
        Of the same classes, on the same volume.
    outputs : list of Output
        What to make of the mean probabilities; one that converts by `Disagreement` is given the
        mean of the members' entropies as well.
    turns, passes : str
        As for `tomoseg_tf.prediction.turns.list_turns`. Each turn of each member counts once.
    roi : tuple of (int, int)
        Part of the volume.
    folder : path, optional
        Where sums on the disk lie meanwhile; in memory if None.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels, each counted once per run.
    first : int
        Slice of the volume; no slice before it is written.
    kept : bool, optional
        Whether sums on the disk, those of the whole part, stay in the folder after each run, and
        those that an earlier process left there are gone on with.
    room : float, optional
        Bytes that sums of the whole part may have on the disk: where they have more, it is cut
        into slabs. By default all that is free; half of it where sums are kept, which are copied.
    **plan
        For `tomoseg_tf.prediction.passes.predict`: ``tile``, ``voxel_bytes``, ``max_memory`` and
        ``on_smaller``.

    Returns
    -------
    list of Plan
        That of each run; if the volume is cut into slabs, of each run in each of these.

    Raises
    ------
    OSError
        If there is no room for the sums.
    """
    runs = [(member, turn) for member in members for turn in member.turns(turns, passes)]
    channels = members[0].network.num_classes
    doubt = any(isinstance(output.convert, Disagreement) for output in outputs)
    convert = _with_entropy if doubt else np.asarray
    plan["voxel_bytes"] = (plan["voxel_bytes"][0], 4 * (channels + doubt))
    slice_bytes, depth = 4 * (channels + doubt) * volume_of(roi[1:]), roi[0][1] - roi[0][0]
    if passes == "z" and all(member.sees_slices for member in members):
        folder, kept, allowed = None, False, plan.get("max_memory") or MAX_MEMORY
        depth = max(1, min(SLAB, depth, int(allowed / 8 / slice_bytes)))
        plan["max_memory"] = allowed - depth * slice_bytes
    elif folder is not None and not (kept and kept_passes(Path(folder))):
        if room is None:
            room = shutil.disk_usage(folder).free / (1 + kept)
        kept = kept and fit(depth, slice_bytes, room)
        depth = fitting_depth(depth, slice_bytes, room)
    total, plans = len(runs) * volume_of(roi), []
    for low in range(roi[0][0], roi[0][1], depth):
        part = ((low, min(low + depth, roi[0][1])), *roi[1:])
        if part[0][1] <= first:
            plans += [member.plan(turn, part, **plan) for member, turn in runs]
            continue
        done = len(runs) * volume_of(((roi[0][0], low), *roi[1:]))
        shape = (*(stop - start for start, stop in part), channels + doubt)
        with open_store(folder, shape, kept) as store:
            for index, (member, turn) in enumerate(runs):
                if index < store.done:
                    plans.append(member.plan(turn, part, **plan))
                    continue
                adding = Output(convert, store.begin(), "float32", shape[-1])
                tick = _after(progress, done + index * volume_of(part), total)
                plans.append(member.predict(turn, part, adding, progress=tick, **plan))
                store.finish()
            begun = max(0, first - low)
            _write(store.sums, (begun, shape[0]), len(runs), low - roi[0][0], channels, outputs)
    return plans


def _write(sums, part, runs, origin, channels, outputs):
    """Write what the mean of the sums gives; the result begins `origin` slices before them."""
    for start, mean in read_means(sums, part, runs):
        for output in outputs:
            values = mean if isinstance(output.convert, Disagreement) else mean[..., :channels]
            output.writer.write(origin + start, output.convert(values))


def _with_entropy(probabilities):
    """Add the entropy as a last channel."""
    return np.concatenate([probabilities, entropy(probabilities)[..., None]], axis=-1)


def fit(depth, slice_bytes, room):
    """Tell whether the sums of slices fit into room on the disk, with bricks cut off at the ends.

    Parameters
    ----------
    depth : int
        Slices.
    slice_bytes : int
        Bytes of the sums of one.
    room : float
        Bytes that they may have.

    Returns
    -------
    bool
    """
    return slice_bytes * (depth + 2 * BRICK) <= room


def fitting_depth(depth, slice_bytes, room):
    """Choose how many slices have their sums on the disk at a time.

    Parameters
    ----------
    depth, slice_bytes, room
        As for `fit`.

    Returns
    -------
    int
        All, or those of equal slabs.
    """
    if fit(depth, slice_bytes, room):
        return depth
    needed = slice_bytes * (depth + 2 * BRICK)
    slabs = ceil(2 * needed / max(1, room))  # the results need room too
    return min(depth, max(LEAST, ceil(depth / slabs / BRICK) * BRICK))


def _after(progress, done, total):
    """Progress of a run, after those that are done."""
    return None if progress is None else lambda now, _: progress(done + now, total)
