"""Seconds and memory of a simulated scan of dendrites, from nothing to the files.

    python benchmarks/dendrites.py [--shape 256,256,256] [--steps 1] [--grid 2]

Growth by the phase-field model and writing of grey levels and truth are timed together; also the
processor's time, which other users of the machine change less, and the peak memory.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tomoseg_tf.phantom import Dendrites, simulate_dendrites


def peak():
    """Peak memory of this process in bytes (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def main(shape, steps, grid):
    """Simulate once and print a line."""
    wall, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        summary = simulate_dendrites(
            Dendrites(shape, grid=grid),
            steps=steps,
            volume=Path(folder, "scan.tif"),
            truth=Path(folder, "truth.tif"),
        )
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    share = summary["scans"][-1]["fraction"]
    print(
        f"{shape}, {steps} scans, grid {grid:g}: {wall:.0f} s, {processor:.0f} s of processor, "
        f"{peak() / 1e9:.2f} GB, {100 * share:.2f} % dendrite"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="256,256,256")
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--grid", type=float, default=2.0)
    options = parser.parse_args()
    sides = tuple(int(side) for side in options.shape.split(","))
    main(sides, options.steps, options.grid)
