"""Kill the commands that resume at random moments; they end as if nothing had been.

Run it with ``python benchmarks/interruptions.py --kills 20``; segmentation and search are parts of
their own, ``--part segment`` and ``--part search --kills 10``, the latter in
``interrupted_search.py``. Each kill is a SIGKILL of the real command, at a random moment of its
work. The last line of each part says whether the result is that of the uninterrupted command: the
same history (but for the seconds) and weights of a training, the same bytes of every file of the
records and of every output of a segmentation, the same trials of a search with the same scores,
none lost, repeated or run twice.
"""

import argparse
import contextlib
import csv
import functools
import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tomoseg_tf.training.checkpoint import read_state

RECIPE = """
model: {name: unet_3d, arguments: {levels: 2, base_features: 2}}
batches: {batch_size: 2}
schedule: {epochs: EPOCHS}
"""


def write_pairs(folder, shape=(64, 64, 64)):
    """Write two small scans with their truth.

    Parameters
    ----------
    folder : Path
        Where they go.
    shape : tuple of int, optional
        Sides in voxels.

    Returns
    -------
    list of str
        Options of ``tomoseg-tf records`` that name them.
    """
    options = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        truth = rng.random(shape) < 0.05
        names = folder / f"scan{seed}.npy", folder / f"truth{seed}.npy"
        np.save(names[0], (150 - 90 * truth + rng.integers(0, 20, shape)).astype(np.uint8))
        np.save(names[1], truth.astype(np.uint8))
        options += ["--pair", *map(str, names)]
    return options


def start(arguments, target):
    """Start the command line in a process of its own and wait until it works at its output.

    Parameters
    ----------
    arguments : sequence
        The command.
    target : Path
        Its output, whose lock tells that the work has begun.

    Returns
    -------
    subprocess.Popen
        The process; it may have ended.
    """
    command = [sys.executable, "-m", "tomoseg_tf", *map(str, arguments)]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, **pipes)
    lock, mine = target.with_name(f".{target.name}.lock"), f"process {process.pid} "
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if lock.read_text(encoding="utf-8").startswith(mine):
                break
        time.sleep(0.005)
    return process


def finish(arguments, target):
    """Run the command to its end.

    Returns
    -------
    float
        Seconds that it worked at its output.

    Raises
    ------
    RuntimeError
        If it failed.
    """
    process = start(arguments, target)
    begun = time.monotonic()
    _, notices = process.communicate()
    if process.returncode:
        raise RuntimeError(notices)
    return time.monotonic() - begun


def kill_often(arguments, target, kills, seconds, rng, *, is_done):
    """Start a command again and again and kill it, until it has been killed often enough.

    Parameters
    ----------
    arguments, target
        As for `start`.
    kills : int
        Number of kills.
    seconds : float
        Each process is killed at a random moment of its first so many seconds of work.
    rng : random.Random
        Chooses the moments.
    is_done : callable
        Tells whether the result is complete, though its process was killed after that.

    Returns
    -------
    int
        Kills that hit a running command; fewer if it came to its end before.

    Raises
    ------
    RuntimeError
        If a process fails rather than goes on.
    """
    hits = 0
    while hits < kills and not is_done():
        process = start(arguments, target)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=rng.uniform(0, seconds))
        if process.poll() is None:
            process.kill()
            hits += 1
        _, notices = process.communicate()
        if process.returncode > 0:
            raise RuntimeError(f"after {hits} kills: {notices}")
    return hits


def contents(folder):
    """SHA-256 of each file below a folder, by its path there."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def read_history(run):
    """All columns of the history of a run but the time."""
    with open(run / "history.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def interrupt_records(folder, kills, rng, *, patch=8, share=0.5):
    """Kill record writing.

    Parameters
    ----------
    folder : Path
        Empty folder to work in.
    kills : int
        Number of kills.
    rng : random.Random
        Chooses the moments.
    patch : int, optional
        Side of a patch in voxels; the smaller, the longer it takes.
    share : float, optional
        Part of the time of the uninterrupted command after which a process is killed at the latest;
        the smaller, the more kills there are before the end.

    Returns
    -------
    int
        Kills that hit a running command.

    Raises
    ------
    RuntimeError
        If the result is not that of the uninterrupted command, or anything is left beside it.
    """
    pairs = write_pairs(folder)
    options = [*pairs, "--patch", f"{patch},{patch},{patch}", "--split", "block"]
    options += ["--patches-per-shard", "16"]
    inputs, straight = set(folder.iterdir()), folder / "straight"
    seconds, hits = finish(["records", straight, *options], straight), 0
    while hits < kills:
        target = folder / f"killed{hits}"
        command = ["records", target, *options]
        left = kills - hits
        hits += kill_often(command, target, left, share * seconds, rng, is_done=target.exists)
        if not target.exists():
            finish(command, target)
        if contents(straight) != contents(target):
            raise RuntimeError("the records differ from those of the uninterrupted command")
        shutil.rmtree(target)
    if set(folder.iterdir()) - inputs != {straight}:
        raise RuntimeError(f"{folder} holds what a killed command left")
    return hits


def interrupt_training(folder, kills, rng, *, epochs=30, share=0.3):
    """Kill a training; the parameters, result and errors are like those of `interrupt_records`."""
    records, straight = folder / "records", folder / "straight"
    options = ["--patch", "16,16,16", "--split", "block", "--fractions", "0.5,0.5,0"]
    pairs = write_pairs(folder, (32, 32, 32))
    finish(["records", records, *pairs, *options, "--guard", "0"], records)
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.replace("EPOCHS", str(epochs)), encoding="utf-8")
    command = ["train", recipe, "--records", records, "-o"]
    seconds, hits = finish([*command, straight], straight), 0
    while hits < kills:
        run = folder / f"killed{hits}"
        span, is_done = share * seconds, functools.partial(_is_finished, run)
        hits += kill_often([*command, run], run, kills - hits, span, rng, is_done=is_done)
        if not is_done():
            finish([*command, run], run)
        _compare_runs(straight, run)
    if list(folder.glob(".*")):
        raise RuntimeError(f"{folder} holds what a killed training left")
    return hits


def interrupt_segmentation(folder, kills, rng, *, shape=(192, 96, 96), share=0.8):
    """Kill a segmentation; the parameters, result and errors are like those of `interrupt_records`.

    It writes classes, probabilities and colours in three formats. The first process of a run is
    killed later than the others, so that these have something to go on with.
    """
    weights, scan = folder / "weights", folder / "scan.npy"
    write_weights(weights)
    np.save(scan, np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8))
    names, hits = {"--probabilities": "p.zarr", "--colours": "c.png"}, 0

    def command(place):
        place.mkdir()
        options = [part for option, name in names.items() for part in (option, place / name)]
        return ["segment", scan, place / "s.tif", "-w", weights, *options]

    straight = folder / "straight"
    seconds = finish(command(straight), straight / "s.tif")
    while hits < kills:
        place = folder / f"killed{hits}"
        again, target = command(place), place / "s.tif"

        def is_done(place=place, target=target):
            return target.exists() and not list(place.glob(".*.unfinished"))

        hits += kill_often(again, target, kills - hits, share * seconds, rng, is_done=is_done)
        if not is_done():
            finish(again, target)
        for lock in place.glob(".*.lock"):  # of the process that was killed after its last word
            lock.unlink()
        if contents(straight) != contents(place):
            raise RuntimeError("the outputs differ from those of the uninterrupted command")
        shutil.rmtree(place)
    return hits


def write_weights(folder):
    """Save a small 3D U-Net with random weights."""
    from tomoseg_tf.models import unet_3d  # loads TensorFlow, which the other parts need not
    from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

    arguments = {"input_shape": [None, None, None, 1], "num_classes": 1}
    arguments |= {"levels": 3, "base_features": 4}
    network, classes = unet_3d(**arguments), class_entries(("background", "object"))
    config = WeightsConfig(model="unet_3d", arguments=arguments, classes=classes)
    save_weights(folder, network, config, card="# Random weights\n")


def _compare_runs(straight, run):
    """Compare history and weights of two runs."""
    if read_history(straight) != read_history(run):
        raise RuntimeError("the history differs from that of the uninterrupted training")
    for name in ("best_loss", "best_accuracy", "best_dice", "final"):
        sums = [(folder / name / "SHA256SUMS").read_bytes() for folder in (straight, run)]
        if sums[0] != sums[1]:
            raise RuntimeError(f"the weights {name} differ from those without interruption")
    if list(run.glob(".*")):
        raise RuntimeError(f"{run} holds what a killed training left")


def _is_finished(run):
    """Whether the last mark of a training is there."""
    state = read_state(run / "last" / "state.npz")
    return state is not None and state.finished


def main():
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parts = {"records": interrupt_records, "training": interrupt_training}
    from interrupted_search import interrupt_search  # which takes functions from here

    parts |= {"search": interrupt_search, "segment": interrupt_segmentation}
    parser.add_argument("--part", choices=parts, action="append")
    settings = parser.parse_args()
    for name in settings.part or ("records", "training"):
        with tempfile.TemporaryDirectory() as folder:
            hits = parts[name](Path(folder), settings.kills, random.Random(settings.seed))
            print(f"{name}: {hits} kills, the result is the same", flush=True)


if __name__ == "__main__":
    main()
