"""Speed and memory of the streamed prediction against what else could be done, in one run.

    python benchmarks/predict.py [--shape 256,1024,1024] [--block 160] [--repeats 3]

Writes a simulated-like TIFF of the shape and takes turns, each in a process of its own, whose
peak memory the system reports:

- stream: ``segment_file`` from file to file, as it is by default;
- double: the same of a scan of twice the slices, for the memory;
- tiles: the same in exact tiles that overlap, read and written as they come;
- graph: the inference graph called on one block in memory, batch normalisation folded in;
- plain: ``model.predict`` on such a block;
- monai: ``sliding_window_inference`` of MONAI in PyTorch with the same weights, from file to file;
- openvino: OpenVINO with the same weights on exact tiles, from file to file;
- tenfold, only where it is asked for: a scan ten times larger than ``--max-memory`` (1.2 GB if it
  is not given), to its end, which takes up to an hour.

Only the ratios of one round mean something on a machine that others use, too: the medians over
the rounds are printed. A rival that cannot be imported, or that does not fit into the memory, is
left out, and that is said.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import predict_rivals

RIVALS = "stream", "double", "tiles", "graph", "plain", "monai", "openvino"


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


def peak():
    """Peak memory of this process in bytes (Linux; getrusage would count its parent's, too)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def run(rival, paths, arguments):
    """Run this script in a process of its own; give what it prints, or None if it fails."""
    command = [sys.executable, __file__, *arguments, "--rival", rival, *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or [f"exit {result.returncode}"])[-1]
        print(f"{rival}: left out: {reason}")
        return None
    return json.loads(result.stdout.splitlines()[-1])


def main(options, arguments):
    """Take turns, and print what each does and the medians of the ratios."""
    rates, memory = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        paths = folder / "scan.tif", folder / "result.tif", folder / "weights"
        write_scan(paths[0], options.shape)
        if "double" in options.rivals:
            double = (2 * options.shape[0], *options.shape[1:])
            write_scan(predict_rivals.double_of(paths[0]), double)
        save_weights(paths[2])
        if {"monai", "openvino"} & set(options.rivals):
            run("prepare", paths, arguments)
        for _ in range(options.repeats):
            for rival in options.rivals:
                found = run(rival, paths, arguments)
                paths[1].unlink(missing_ok=True)
                if found is None:
                    continue
                rates.setdefault(rival, []).append(found["voxels"] / found["seconds"] / 1e6)
                memory[rival] = max(memory.get(rival, 0), found["memory"] / 1e9)
                work = f", {found['overhead']:.3f} times the work" if "overhead" in found else ""
                print(
                    f"{rival}: {rates[rival][-1]:.3f} million voxels/s, "
                    f"{found['memory'] / 1e9:.2f} GB{work}",
                    flush=True,
                )
    for rival in rates:
        if rival == "double" and "stream" in rates:
            growth = 100 * (memory["double"] / memory["stream"] - 1)
            print(f"twice the slices take {growth:+.1f} % memory")
        elif rival not in ("stream", "tenfold") and "stream" in rates:
            pairs = zip(rates["stream"], rates[rival], strict=False)
            ratio = statistics.median(first / second for first, second in pairs)
            print(
                f"stream over {rival}: {ratio:.2f} times the speed, "
                f"{memory['stream'] / memory[rival]:.2f} times the memory"
            )


def parse(text):
    """Read sides such as 256,1024,1024."""
    return tuple(int(side) for side in text.split(","))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", type=parse, default=(256, 1024, 1024))
    parser.add_argument("--block", type=int, default=160, help="its side; of MONAI's windows, too")
    parser.add_argument("--monai-precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--openvino-precision", default="f32", choices=("f32", "bf16"))
    parser.add_argument(
        "--openvino-memory", type=float, help="bytes that our engine would take for its tile"
    )
    parser.add_argument("--precision", default="auto", help="of our own: stream, double, tenfold")
    parser.add_argument("--max-memory", type=float, help="bytes; the default of each if left out")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--rivals", type=lambda text: text.split(","), default=RIVALS, help=",".join(RIVALS)
    )
    parser.add_argument("--rival", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rival:
        rival, *paths = options.rival
        found = getattr(predict_rivals, f"time_{rival}")(*paths, options)
        found = {name: float(value) for name, value in found.items()}
        print(json.dumps({**found, "memory": peak()}))
    else:
        main(options, sys.argv[1:])
