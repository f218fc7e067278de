"""What a segmentation would do, before it does anything: plan, memory, disk and time."""

import time

import numpy as np

from tomoseg_tf.prediction.budget import process_memory
from tomoseg_tf.prediction.device import find_device, on_processor
from tomoseg_tf.prediction.executor import Output
from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.passes import predict
from tomoseg_tf.prediction.resuming.unfinished import Unfinished
from tomoseg_tf.prediction.room import list_disks, list_outputs
from tomoseg_tf.volume import ArrayVolume, Normalisation

SIDES = 32, 128, 128  # of the part that is timed, at most


def describe_plan(run, *, overwrite=False):
    """Describe what a segmentation would do; nothing is written.

    Parameters
    ----------
    run : Run
        The segmentation.
    overwrite : bool, optional
        Whether existing outputs may be replaced.

    Returns
    -------
    dict
        Plain JSON values: ``networks``, ``input``, ``part``, ``shape`` of the result, ``plans``
        (a network and pass each, with ``tile``, ``tiles``, ``chunk``, ``overhead`` and
        ``reason``), ``runs``, ``precision``, ``device``, ``max_memory``, ``memory`` that is
        expected of the process, ``outputs``, ``disks``, ``seconds`` that are expected, an
        estimate, and ``resumes``, which says where an unfinished segmentation would be gone on
        with, None if there is none.

    Raises
    ------
    ValueError
        If the segmentation would be refused: outputs exist, or the memory is too little.
    """
    unfinished = Unfinished(run.targets, run.shape)
    there = unfinished.check(run.identity(), overwrite=overwrite)
    for index, target in enumerate(run.targets):
        target.check(overwrite or (there and unfinished.may_replace(index, overwrite)))
    memory = run.tile_memory(unfinished if there else None)
    device = find_device(run.settings["device"], run.settings["precision"])
    plans = _list_plans(run, memory)
    tiles = max(plan.memory for _, plan in plans) + run.kept_bytes + run.filter_bytes
    expected = process_memory(tiles, base=run.base)
    seconds = sum(_expected_seconds(network, plan, memory, run) for network, plan in plans)
    done = unfinished.done / run.shape[0] if there else 0
    return {
        "networks": [f"{each.name} ({each.config.model})" for each in run.fitted],
        "input": {
            "path": run.volume.name,
            "shape": list(run.volume.shape),
            "dtype": str(run.volume.dtype),
            "spacing": None if run.volume.spacing is None else list(run.volume.spacing),
        },
        "part": [list(ends) for ends in run.roi],
        "shape": list(run.shape),
        "plans": [_describe(plan) for _, plan in plans],
        "runs": run.num_runs,
        "precision": run.settings["precision"],
        "device": device or ("cpu" if on_processor(device) else "gpu"),
        "max_memory": run.max_memory,
        "memory": int(expected),
        "outputs": list_outputs(run),
        "disks": list_disks(run, unfinished),
        "seconds": seconds * run.num_runs / len(plans) * (1 - done),
        "resumes": unfinished.progress if there else None,
    }


def _list_plans(run, memory):
    """Plan each network along each axis that it sees slices along."""
    settings = {"voxel_bytes": run.voxel_bytes, "max_memory": memory}
    plans = []
    for network in run.networks:
        for axis in map("zyx".index, run.settings["passes"]):
            shape, roi = (
                (items[axis], *(item for index, item in enumerate(items) if index != axis))
                for items in (run.source.shape, run.roi)
            )
            plans.append((network, network.plan(shape, roi=roi, **settings)[1]))
    return plans


def _describe(plan):
    """Say how a volume is cut."""
    chunk = getattr(plan, "chunk", None)
    return {
        "tile": list(plan.tile),
        "tiles": plan.num_tiles,
        "chunk": chunk,
        "overhead": plan.overhead,
        "reason": plan.reason,
    }


def _expected_seconds(network, plan, memory, run):
    """Time a small part, the second time, and scale it up by work."""
    sides = [min(side, most) for side, most in zip(plan.shape, SIDES, strict=True)]
    grey = np.random.default_rng(0).random(sides, dtype=np.float32)
    part = tuple((0, side) for side in sides)
    output = Output(np.asarray, _Nowhere(), "float32", network.num_classes)
    intensity = Normalisation("none").intensity(None)
    settings = {"roi": part, "voxel_bytes": run.voxel_bytes, "max_memory": memory}
    for _ in range(2):  # the first time, graphs are made
        started = time.perf_counter()
        (small,) = predict(network, ArrayVolume(grey), intensity, [output], **settings)
        seconds = time.perf_counter() - started
    work = volume_of(plan.roi) * plan.overhead / (volume_of(part) * small.overhead)
    return seconds * work


class _Nowhere:
    """Writes nothing."""

    def write(self, start, slab):
        """Drop a slab."""


def plan_lines(found):
    """Write a description for people.

    Parameters
    ----------
    found : dict
        From `describe_plan`.

    Returns
    -------
    list of str
    """
    scan = found["input"]
    spacing = _sides(scan["spacing"], "g") + " µm" if scan["spacing"] else "unknown voxel size"
    lines = [
        f"network    {', '.join(found['networks'])}",
        f"input      {scan['path']}: {_sides(scan['shape'])} {scan['dtype']}, {spacing}",
        f"result     {_sides(found['shape'])} voxels, {found['runs']} "
        f"{'passes' if found['runs'] > 1 else 'pass'} in {found['precision']} on {found['device']}",
    ]
    for plan in found["plans"]:
        chunk = f", streamed {plan['chunk']} slices at a time" if plan["chunk"] else ""
        lines.append(
            f"plan       {plan['tiles']} tiles of {_sides(plan['tile'])}{chunk}; "
            f"{plan['overhead']:.2f} times the work of one pass over the whole"
        )
        if plan["reason"]:
            lines.append(f"           {plan['reason']}")
    lines.append(f"memory     about {found['memory'] / 1e9:.2f} GB in all")
    for output in found["outputs"]:
        lines.append(
            f"output     {output['path']}: {output['dtype']}, {output['bytes'] / 1e9:.3g} GB "
            "before compression"
        )
    for disk in found["disks"]:
        short = "" if disk["needed"] <= disk["free"] else ": too little"
        lines.append(
            f"disk       {disk['folder']}: {disk['needed'] / 1e9:.3g} GB needed for a while, "
            f"{disk['free'] / 1e9:.3g} GB free{short}"
        )
    lines.append(f"time       about {_duration(found['seconds'])}: an estimate from a small part")
    if found["resumes"]:
        lines.append(f"resume     it would go on {found['resumes']}")
    return lines


def _sides(values, form=""):
    return " x ".join(format(value, form) for value in values)


def _duration(seconds):
    """Round a time as people say it."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
