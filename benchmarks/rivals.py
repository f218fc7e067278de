"""What benchmarks share that time rivals in processes of their own: a scan, weights, a peak."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np


def write_noise(path, shape):
    """Write a scan of uint8 noise, slice by slice."""
    from tomoseg_tf.volume import create_volume

    rng = np.random.default_rng(0)
    with create_volume(path, shape, "uint8") as writer:
        for z in range(shape[0]):
            plane = rng.normal(120, 30, (1, *shape[1:]))
            writer.write(z, plane.clip(0, 255).astype("uint8"))


def save_unfitted(folder, name, arguments, class_names):
    """Save a network with the weights it starts from; speed does not depend on them."""
    from tomoseg_tf.models.summary import build, default_arguments
    from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

    arguments = {**default_arguments(name), **arguments}
    config = WeightsConfig(model=name, arguments=arguments, classes=class_entries(class_names))
    save_weights(folder, build(name, arguments), config, card="# Not fitted\n")


def print_measured(seconds):
    """Print seconds and the peak memory of this process in bytes, for `run_again`.

    The system's own figure (Linux); getrusage would count the parent's, too.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
    print(json.dumps({"seconds": seconds, "memory": peak}))


def run_again(*arguments):
    """Run the script that runs now in a process of its own; return what it measured."""
    command = [sys.executable, sys.argv[0], *map(str, arguments)]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(result.stdout.splitlines()[-1])
