"""Seconds per training step on each backend of Keras and in each number format.

    python benchmarks/backends.py [--recipe micropillar] [--crop 48,48,48] [--batch-size 4]
        [--backends tensorflow,torch] [--precisions float32,mixed_bfloat16] [--repeats 3]

Which backend trains a network fastest depends on the processor. Batches of noise, in memory
already, go through the recipe's network, loss and optimiser; the crop and the batch size are the
recipe's unless they are given. The ways alternate, each in a process of its own; a step is the
median of those after the first two. Backends that are not installed are left out.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

BACKENDS = ("tensorflow", "torch", "jax")
PRECISIONS = ("float32", "mixed_bfloat16")
CLASSES = {2: ("background", "object"), 3: ("background", "first", "second")}


def time_step(recipe, classes, crop, batch_size, steps):
    """Train on one batch again and again; print the seconds of a step."""
    from tomoseg_tf.training.arguments import network_arguments
    from tomoseg_tf.training.network import compiled_network

    arguments = network_arguments(recipe, classes, crop)
    model = compiled_network(recipe, arguments, CLASSES[classes])
    sides = crop[-(len(model.input_shape) - 2) :]
    rng = np.random.default_rng(0)
    grey = rng.normal(size=(batch_size, *sides, 1)).astype("float32")
    truth = rng.integers(0, classes, (batch_size, *sides, 1), "uint8")
    times = []
    for _ in range(steps + 2):
        begun = time.perf_counter()
        model.train_on_batch(grey, truth)
        times.append(time.perf_counter() - begun)
    print(json.dumps({"seconds": statistics.median(times[2:])}))


def run_with(backend, precision):
    """Time one way in a process of its own: seconds per step."""
    command = [sys.executable, *sys.argv, "--one", precision]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env=environment)
    return json.loads(result.stdout.splitlines()[-1])["seconds"]


def main():
    """Parse the arguments; time one way, or all in turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="micropillar")
    parser.add_argument("--crop", help="sides (z, y, x)")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--classes", type=int, choices=list(CLASSES), default=2)
    parser.add_argument("--backends", default=",".join(BACKENDS))
    parser.add_argument("--precisions", default=",".join(PRECISIONS))
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    from tomoseg_tf.training import read_recipe

    recipe = read_recipe(options.recipe, [f"precision={options.one or 'float32'}"])
    crop = recipe.batches.crop
    if options.crop:
        crop = tuple(int(side) for side in options.crop.split(","))
    if crop is None:
        parser.error(f"{options.recipe} crops nothing; give --crop")
    batch_size = options.batch_size or recipe.batches.batch_size
    if options.one:
        time_step(recipe, options.classes, tuple(crop), batch_size, options.steps)
        return
    names = [name for name in options.backends.split(",") if importlib.util.find_spec(name)]
    ways = [(name, one) for name in names for one in options.precisions.split(",")]
    print(f"{options.recipe}: batches of {batch_size} crops of {' x '.join(map(str, crop))}")
    took = {way: [] for way in ways}
    for number in range(options.repeats):
        for name, precision in ways:
            took[name, precision].append(run_with(name, precision))
            seconds = took[name, precision][-1]
            print(f"round {number + 1}: {name} {precision}: {seconds:.3f} s a step", flush=True)
    first = took[ways[0]]
    for (name, precision), seconds in took.items():
        ratio = statistics.median(a / b for a, b in zip(first, seconds, strict=True))
        middle = statistics.median(seconds)
        print(f"{name:<12}{precision:<16}{middle:8.3f} s a step, {ratio:5.2f} times as fast")


if __name__ == "__main__":
    main()
