"""Speed and memory of the tiled prediction against a plain Keras pass, in one run.

    python benchmarks/predict.py [--shape 256,1024,1024] [--repeats 3]

Writes a simulated-like TIFF of the shape, segments it from file to file in a process of
its own, whose peak memory the system reports, and times ``model.predict`` of a whole
256x256x256 volume on either side of it; where the memory is not enough for that, it
says so and takes a smaller one. Only the ratio means something on a machine that
others use, too.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WHOLE = (256, 256, 256), (160, 160, 160)  # the second if the first does not fit


def write_scan(path, shape):
    """Write uint8 noise around the grey levels of a micropillar."""
    from tomoseg_tf.volume import create_volume

    rng = np.random.default_rng(0)
    with create_volume(path, shape, "uint8", spacing=(0.03,) * 3) as writer:
        for z in range(shape[0]):
            plane = rng.normal(170, 20, (1, *shape[1:]))
            writer.write(z, plane.clip(0, 255).astype("uint8"))


def save_weights(folder):
    """Save the published network with the weights it starts from."""
    from tomoseg_tf.models import unet_3d
    from tomoseg_tf.weights import WeightsConfig, class_entries
    from tomoseg_tf.weights import save_weights as save

    arguments = {"input_shape": [None, None, None, 1], "num_classes": 1}
    config = WeightsConfig(
        model="unet_3d", arguments=arguments, classes=class_entries(("background", "object"))
    )
    save(folder, unet_3d(**arguments), config, card="# Not fitted\n")


def time_whole(shape):
    """Time ``model.predict`` of one whole volume, in a process of its own."""
    from tomoseg_tf.models import unet_3d

    model = unet_3d((None, None, None, 1), 1)
    volume = np.random.default_rng(0).standard_normal((1, *shape, 1)).astype("float32")
    model.predict(volume[:, :32, :32, :32], verbose=0)
    started = time.perf_counter()
    model.predict(volume, verbose=0)
    print(json.dumps({"seconds": time.perf_counter() - started, "memory": peak()}))


def time_segment(scan, target, weights):
    """Time `segment_file`, in a process of its own."""
    from tomoseg_tf.prediction import segment_file

    summary = segment_file(scan, target, weights=weights, overwrite=True)
    print(json.dumps({**summary, "memory": peak()}))


def parse(text):
    """Read sides such as 256,1024,1024."""
    return tuple(int(side) for side in text.split(","))


def peak():
    """Peak memory of this process in bytes (Linux; getrusage would count its parent's, too)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def run(*arguments):
    """Run this script in a process of its own; return what it prints."""
    command = [sys.executable, __file__, *map(str, arguments)]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def run_plain():
    """Run the plain pass over the largest volume that fits; return its shape and what it says."""
    for shape in WHOLE:
        try:
            return shape, run("--whole", ",".join(map(str, shape)))
        except subprocess.CalledProcessError as error:
            print(f"plain: {shape} does not fit into the memory ({error.returncode})")
    raise SystemExit("no plain pass fits into the memory")


def main(shape, repeats):
    """Alternate whole passes and file-to-file segmentations; print both."""
    voxels = np.prod(shape)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_scan(folder / "scan.tif", shape)
        save_weights(folder / "weights")
        plain, tiled = [], []
        for _ in range(repeats):
            tiled.append(
                run("--segment", folder / "scan.tif", folder / "s.tif", folder / "weights")
            )
            print(f"segment: {tiled[-1]['seconds']:.0f} s, {tiled[-1]['memory'] / 1e9:.2f} GB")
            whole, timed = run_plain()
            plain.append(timed)
            print(f"plain: {plain[-1]['seconds']:.0f} s, {plain[-1]['memory'] / 1e9:.2f} GB")
    rate = statistics.median(np.prod(whole) / entry["seconds"] for entry in plain) / 1e6
    whole_memory = max(entry["memory"] for entry in plain) / 1e9
    speed = statistics.median(voxels / entry["seconds"] for entry in tiled) / 1e6
    memory = max(entry["memory"] for entry in tiled) / 1e9
    print(f"plain model.predict, whole {whole}: {rate:.2f} million voxels/s, {whole_memory:.2f} GB")
    print(f"segment file to file, {shape}: {speed:.2f} million voxels/s, {memory:.2f} GB")
    print(f"  tile {tiled[0]['tile']}, {tiled[0]['overhead']:.2f} times the work of one pass")
    print(f"  speed over plain: {speed / rate:.2f}; memory over plain: {memory / whole_memory:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="256,1024,1024")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--whole", help=argparse.SUPPRESS)
    parser.add_argument("--segment", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.whole:
        time_whole(parse(options.whole))
    elif options.segment:
        time_segment(*options.segment)
    else:
        main(parse(options.shape), options.repeats)
