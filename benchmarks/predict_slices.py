"""Speed and memory of prediction by 2D networks against a plain Keras loop, in one run.

    python benchmarks/predict_slices.py [--shape 64,768,768] [--repeats 3] [--small]
                                        [--precision bfloat16]

For each 2D network, at its published size and with three classes: seconds per slice, and
voxels per second of `segment_file` from TIFF to TIFF, against ``model.predict`` of the same
slices, which are in memory, normalised and padded already. Of both the first eighth of the
slices is not timed, so that loading and compiling, which come once, are left out; the end of
`segment_file`, when the result is there, is. The two alternate, in processes of their own,
whose peak memory the system reports; beside it stands what ``--dry-run`` expects. Only the
ratio means something on a machine that others use, too. `xlearn_unet` has no plain loop over
slices: its patches are predicted in batches of 512 there, at the same step, without gathering,
summing or averaging. ``--small`` takes a few small slices and narrow networks, to see that the
script works; its figures mean nothing.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from rivals import print_measured, run_again, save_unfitted, write_noise

NETWORKS = {  # options at the published size, and for --small
    "unet_2d": ({}, {"levels": 3, "base_features": 4}),
    "unet_plus_plus": ({}, {"widths": [2, 4, 8]}),
    "unet_plus_plus, resnet18": ({"backbone": "resnet18"}, None),
    "pspnet, resnet18": (
        {"backbone": "resnet18"},
        {"backbone": "resnet18", "downsample_factor": 4, "filters": 8},
    ),
    "deeplab_v3_plus": ({"backbone": "xception_71", "atrous_rates": [3, 6, 9]}, None),
    "segnet_2d": ({}, {"widths": [4, 8]}),
    "fcdense_2d": ({}, {"blocks": [2, 2, 2], "growth_rate": 4, "base_features": 8}),
    "xlearn_unet": ({}, {"base_features": 4}),
}
CLASSES = 3
STEP = 8


def save_network(folder, label, small):
    """Save a network with the weights it starts from."""
    arguments = {"num_classes": CLASSES, **NETWORKS[label][1 if small else 0]}
    names = ("background", "inclusion", "precipitate")
    save_unfitted(folder, label.split(",")[0], arguments, names)


def time_plain(scan, weights):
    """Time ``model.predict`` of slices in memory, in a process of its own."""
    from tomoseg_tf.prediction.slice_graph import slice_graph
    from tomoseg_tf.weights import load

    model = load(weights)
    model.compile(jit_compile=False)  # XLA is far slower on a processor
    sides = model.input_shape[1:3]
    stride, batch = (1, 512) if all(sides) else (slice_graph(model).stride, 1)
    grey = read_normalised(scan, stride)
    slices = len(grey)
    if all(sides):
        windows = np.lib.stride_tricks.sliding_window_view(grey, sides, axis=(1, 2))
        grey = np.ascontiguousarray(windows[:, ::STEP, ::STEP]).reshape(-1, *sides)
    first = len(grey) // slices * untimed(slices)
    model.predict(grey[:first, ..., None], batch_size=batch, verbose=0)
    started = time.perf_counter()
    model.predict(grey[first:, ..., None], batch_size=batch, verbose=0)
    print_measured((time.perf_counter() - started) / (slices - untimed(slices)))


def read_normalised(path, stride):
    """Read a volume whole, normalise it and pad its slices to multiples of a stride."""
    from tomoseg_tf.volume import open_volume

    volume = open_volume(path)
    grey = volume.read(0, volume.shape[0]).astype("float32")
    grey = (grey - grey.mean()) / grey.std()
    return np.pad(grey, ((0, 0), *((0, -side % stride) for side in grey.shape[1:])))


def expect_memory(scan, target, weights, precision):
    """Print the memory that is expected of `time_segment`, in a process of its own."""
    from tomoseg_tf.prediction import segment_file

    settings = {"step": find_step(weights), "precision": precision, "overwrite": True}
    plan = segment_file(scan, target, weights=weights, dry_run=True, **settings)
    print(json.dumps({"memory": plan["memory"]}))


def find_step(weights):
    """Pixels from patch to patch of a network of one patch size; None of others."""
    from tomoseg_tf.weights import load

    return STEP if all(load(weights).input_shape[1:3]) else None


def time_segment(scan, target, weights, precision):
    """Time `segment_file`, in a process of its own."""
    from tomoseg_tf.prediction import segment_file

    settings = {"step": find_step(weights), "precision": precision, "overwrite": True}
    slices, marks = len(read_normalised(scan, 1)), []

    def note(done, total):
        marks.append((time.perf_counter(), done / total * slices))

    segment_file(scan, target, weights=weights, progress=note, **settings)
    ended = time.perf_counter()
    timed = [mark for mark in marks if untimed(slices) <= mark[1] < slices]
    if not timed:
        raise SystemExit(f"{slices} slices are predicted at once; give more or larger ones")
    started, done = timed[0]
    print_measured((ended - started) / (slices - done))


def compare(label, folder, shape, repeats, small, precision):
    """Alternate both ways for a network; print a line."""
    scan, weights = folder / "scan.tif", folder / label.replace(", ", "-")
    save_network(weights, label, small)
    segment = scan, folder / "s.tif", weights, precision
    expected = run_again("--expect", *segment)["memory"] / 1e9
    plain, ours = [], []
    for _ in range(repeats):
        ours.append(run_again("--segment", *segment))
        plain.append(run_again("--plain", scan, weights))
    seconds = statistics.median(entry["seconds"] for entry in ours)
    ratio = statistics.median(
        theirs["seconds"] / our["seconds"] for our, theirs in zip(ours, plain, strict=True)
    )
    memory, plain_memory = (max(entry["memory"] for entry in way) / 1e9 for way in (ours, plain))
    rate = np.prod(shape[1:]) / seconds / 1e6
    print(
        f"{label:26}{seconds:10.3f} s/slice{rate:9.3f} Mvoxel/s"
        f"   speed over plain {ratio:5.2f}   {memory:5.2f} GB, expected {expected:5.2f}, "
        f"plain {plain_memory:5.2f}",
        flush=True,
    )


def untimed(slices):
    """Count the slices that are not timed: an eighth of all."""
    return max(1, slices // 8)


def main(shape, repeats, networks, small, precision):
    """Compare all networks."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_noise(folder / "scan.tif", shape)
        print(f"segment_file from TIFF to TIFF, {shape} uint8, {precision}, medians of {repeats}")
        for label in networks or NETWORKS:
            if not small or NETWORKS[label][1] is not None:
                compare(label, folder, shape, repeats, small, precision)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default=None, help="default: 64,768,768, small 6,640,640")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--networks", nargs="*", choices=list(NETWORKS))
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--precision", default="float32", help="of segment_file alone")
    parser.add_argument("--plain", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--expect", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--segment", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plain:
        time_plain(*options.plain)
    elif options.expect:
        expect_memory(*options.expect)
    elif options.segment:
        time_segment(*options.segment)
    else:
        sides = options.shape or ("6,640,640" if options.small else "64,768,768")
        shape = tuple(int(side) for side in sides.split(","))
        main(shape, options.repeats, options.networks, options.small, options.precision)
