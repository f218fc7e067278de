"""Seconds and memory of the boundary scores of a pair of volumes, by slice and in 3D.

    python benchmarks/boundary.py [--shape 250,852,852] [--jobs 2] [--small]

Two pairs of simulated dendrites that fill 4 % of the volume, in NPY files: in the first the
segmentation errs at the boundaries and by some false objects, in the second by 3 % of scattered
noise, too. Each is scored in a process of its own, whose peak memory the system reports, on two
processors, and also says for how long it had one, which is what counts on a machine that others
use, too. Before that stands what a plain loop of `scipy.ndimage.distance_transform_edt` takes
for some slices, and how far its scores are from ours for the same slices.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from scipy import ndimage

PLAIN = 8  # slices for the plain loop


def write_pairs(folder, shape):
    """Write a truth and two segmentations."""
    from tomoseg_tf.volume import create_volume

    rng = np.random.default_rng(0)
    coarse = [ndimage.gaussian_filter(rng.normal(size=_cells(shape, s)), 1.0) for s in (12, 4)]
    level = np.quantile(coarse[0], 0.96) * 0.9
    rows = [np.linspace(0, cells.shape[0] - 1.001, shape[0]) for cells in coarse]
    with ExitStack() as stack:
        paths = [folder / f"{name}.npy" for name in ("truth", "near", "noisy")]
        writers = [stack.enter_context(create_volume(path, shape, "uint8")) for path in paths]
        for z in range(shape[0]):
            field, error = (
                _plane(cells, row[z], shape) for cells, row in zip(coarse, rows, strict=True)
            )
            truth, near = field > level, field + 0.08 * error > level
            noisy = near ^ (rng.random(truth.shape) < 0.03)
            for writer, plane in zip(writers, (truth, near, noisy), strict=True):
                writer.write(z, plane[None].astype(np.uint8))


def _cells(shape, size):
    return tuple(side // size + 2 for side in shape)


def _plane(cells, row, shape):
    """Interpolate a slice of a coarse field."""
    low = int(row)
    plane = cells[low] * (low + 1 - row) + cells[low + 1] * (row - low)
    return _between(shape[1], plane.shape[0]) @ plane @ _between(shape[2], plane.shape[1]).T


def _between(number, cells):
    """Matrix of linear interpolation from cells to a number of places."""
    places = np.linspace(0, cells - 1, number)
    return np.maximum(1 - np.abs(places[:, None] - np.arange(cells)), 0)


def score(folder, name, boundary, jobs):
    """Score a pair, in a process of its own; print what it took."""
    from tomoseg_tf.evaluation import boundary_scores

    started, begun = time.perf_counter(), time.process_time()
    result = boundary_scores(
        folder / "truth.npy",
        folder / f"{name}.npy",
        num_classes=2,
        boundary=boundary,
        jobs=jobs,
    )
    seconds, busy = time.perf_counter() - started, time.process_time() - begun
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
    took = {"seconds": seconds, "busy": busy, "memory": peak}
    print(json.dumps({**took, "scores": result.class_dicts()}))


def run(*arguments):
    """Run this script in a process of its own; return what it prints."""
    command = [sys.executable, __file__, *map(str, arguments)]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def plain_bde(truth, segmentation):
    """BDE of class 1 in a slice, by distance transforms alone."""
    from tomoseg_tf.evaluation import boundary_voxels

    one, other = (boundary_voxels(labels) & (labels == 1) for labels in (truth, segmentation))
    there, back = (ndimage.distance_transform_edt(~edges) for edges in (one, other))
    return (back[one].mean() + there[other].mean()) / 2


def compare_plain(folder):
    """Time the plain loop on slices that have dendrites; print how it compares."""
    from tomoseg_tf.evaluation import boundary_scores

    pair = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("truth", "near")]
    depth = min(PLAIN, len(pair[0]))
    pair = [np.array(volume[:depth]) for volume in pair]
    started = time.perf_counter()
    plain = np.mean([plain_bde(*slices) for slices in zip(*pair, strict=True)])
    seconds = time.perf_counter() - started
    ours = boundary_scores(*pair, num_classes=2).classes[1].bde
    print(
        f"plain loop, class 1 only: {seconds / depth:.3f} s/slice; BDE {plain:.6f}, ours {ours:.6f}"
    )


def main(shape, jobs):
    """Write the pairs and score them."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_pairs(folder, shape)
        print(f"{shape}, 2 classes, {jobs} threads")
        compare_plain(folder)
        for name in ("near", "noisy"):
            for boundary in ("slice", "volume"):
                got = run("--score", folder, name, boundary, "--jobs", jobs)
                one = got["scores"][1]
                values = ", ".join(f"{key} {value:.4f}" for key, value in one.items())
                print(
                    f"{name:6}{boundary:7}{got['seconds']:8.1f} s, of processors "
                    f"{got['busy']:.1f} s{got['memory'] / 1e9:7.2f} GB"
                    f"   class 1: {values}",
                    flush=True,
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default=None, help="default: 250,852,852, small 12,96,96")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--score", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.score:
        score(Path(options.score[0]), *options.score[1:], options.jobs)
    else:
        sides = options.shape or ("12,96,96" if options.small else "250,852,852")
        main(tuple(int(side) for side in sides.split(",")), options.jobs)
