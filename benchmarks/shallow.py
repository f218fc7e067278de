"""Speed and memory of the shallow 3D networks of James et al. (2022) against a plain Keras loop.

    python benchmarks/shallow.py [--shape 16,852,852] [--repeats 3] [--networks ...]
        [--max-memory 16e9] [--small]

The 3D residual U-Net and the 3D FC-DenseNet of the recipes ``james2022``, not fitted, on a scan of
noise: `segment_file` from TIFF to TIFF in independent blocks of four slices as published, and as
one volume, against ``model.predict`` of the same blocks, which are in memory, normalised and padded
already. They alternate, each in a process of its own, whose peak memory the system reports; the
network is built and has predicted a block before the time counts. What 250 slices would take is
extrapolated from the 16, and marked so. Blocks of whole slices of the FC-DenseNet do not fit the
3 GB that a prediction takes by default: give it ``--max-memory``, and half an hour. Only the ratio
means something on a machine that others use, too. ``--small`` takes narrow networks and a small
scan, to see that the script works.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from rivals import print_measured, run_again, save_unfitted, write_noise

NETWORKS = {  # recipe, and what makes the network narrow for --small
    "residual_unet_3d": {"base_features": 4, "levels": 2},
    "fcdense_3d": {
        "blocks": [1, 1, 1, 1, 1],
        "growth_rate": 2,
        "base_features": 4,
        "z_poolings": 1,
    },
}
BLOCK = 4  # slices, of the patches in Table 1
SLICES = 250  # of the published scan


def save_network(folder, name, small):
    """Save a network of the published recipe with the weights it starts from."""
    from tomoseg_tf.training import read_recipe

    arguments = NETWORKS[name] if small else read_recipe(f"james2022/{name}").model.arguments
    save_unfitted(folder, name, {"num_classes": 1, **arguments}, ("background", "dendrite"))


def time_plain(scan, weights):
    """Time ``model.predict`` of blocks in memory."""
    from tomoseg_tf.prediction.geometry import multiples
    from tomoseg_tf.prediction.graph import inference_graph
    from tomoseg_tf.volume import open_volume
    from tomoseg_tf.weights import load

    model = load(weights)
    model.compile(jit_compile=False)  # XLA is far slower on a processor
    volume = open_volume(scan)
    grey = volume.read(0, volume.shape[0]).astype("float32")
    grey = (grey - grey.mean()) / grey.std()
    steps = multiples(inference_graph(model))[1:]
    missing = [(0, -side % step) for side, step in zip(grey.shape[1:], steps, strict=True)]
    padded = np.pad(grey, ((0, 0), *missing))
    blocks = padded.reshape(-1, BLOCK, *padded.shape[1:], 1)
    model.predict(blocks[:1], batch_size=1, verbose=0)
    started = time.perf_counter()
    model.predict(blocks, batch_size=1, verbose=0)
    print_measured(time.perf_counter() - started)


def time_segment(scan, target, weights, z_blocks, max_memory):
    """Time `segment_file`, in blocks or, with 0, as one volume."""
    from tomoseg_tf.prediction import segment_file

    settings = {"weights": weights, "z_blocks": int(z_blocks) or None, "overwrite": True}
    settings["max_memory"] = float(max_memory) or None
    segment_file(scan, target, roi=((0, BLOCK), (0, 64), (0, 64)), **settings)
    print_measured(segment_file(scan, target, **settings)["seconds"])


def compare(name, folder, shape, repeats, max_memory, small):
    """Alternate the ways for a network; print a line for each."""
    scan, target, weights = folder / "scan.tif", folder / "s.tif", folder / name
    save_network(weights, name, small)
    ways = {
        f"blocks of {BLOCK}": ("--segment", scan, target, weights, BLOCK, max_memory),
        "one volume": ("--segment", scan, target, weights, 0, max_memory),
        "plain, in memory": ("--plain", scan, weights),
    }
    took = {way: [] for way in ways}
    for _ in range(repeats):
        for way, arguments in ways.items():
            took[way].append(run_again(*arguments))
    plain = [entry["seconds"] for entry in took["plain, in memory"]]
    for way, entries in took.items():
        seconds = statistics.median(entry["seconds"] for entry in entries)
        ratios = [p / entry["seconds"] for p, entry in zip(plain, entries, strict=True)]
        memory = max(entry["memory"] for entry in entries) / 1e9
        print(
            f"{name:18}{way:18}{seconds:8.1f} s   speed over plain {statistics.median(ratios):5.2f}"
            f"   {memory:5.2f} GB   extrapolated to {SLICES} slices: "
            f"{seconds * SLICES / shape[0]:.0f} s",
            flush=True,
        )


def main(shape, repeats, networks, max_memory, small):
    """Compare the networks."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_noise(folder / "scan.tif", shape)
        print(f"{shape} uint8, medians of {repeats}")
        for name in networks:
            compare(name, folder, shape, repeats, max_memory, small)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default=None, help="default: 16,852,852, small 8,64,64")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--networks", nargs="*", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--max-memory", type=float, default=0, help="bytes; 0: the default")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--plain", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--segment", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plain:
        time_plain(*options.plain)
    elif options.segment:
        time_segment(*options.segment)
    else:
        sides = options.shape or ("8,64,64" if options.small else "16,852,852")
        shape = tuple(int(side) for side in sides.split(","))
        settings = options.max_memory, options.small
        main(shape, options.repeats, options.networks, *settings)
