"""What augmentation costs, and for how much of its time a training waits for batches.

    python benchmarks/augmentation.py [--crop 4,456,456] [--recipe james2022/residual_unet_3d]
        [--batch-size 8] [--steps 20] [--small]

First the pipeline alone: milliseconds per crop and nanoseconds per voxel with each kind of change,
drawn as fast as all cores give them, in turns with crops that are not changed. Then a training of
the recipe's network with all changes of James et al. (2022) and with the faults of tomograms added:
seconds per step, and the share of the time in which no batch was there, as
`tomoseg_tf.training.waiting` measures it. On a processor the network takes the cores that
augmentation needs as well, so that only the share on a GPU says whether it is fast enough.
``--small`` takes seconds, to see that the script works; its figures mean nothing.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from tomoseg_tf.backend import load_keras
from tomoseg_tf.records import Augmentation, open_records, training_batches, write_records
from tomoseg_tf.training import read_recipe
from tomoseg_tf.training.arguments import network_arguments
from tomoseg_tf.training.network import compiled_network
from tomoseg_tf.training.waiting import Waiting
from tomoseg_tf.volume import Normalisation

keras = load_keras()

EVERY = ("z", "y", "x")
PLAIN = {"flips": False, "quarter_turns": ()}
JAMES = {"flips": True, "quarter_turns": (), "rotation": 45.0, "shear": 30.0}
JAMES |= {"contrast": (0.8, 1.2), "brightness": 0.2}
FAULTS = {"blur": 1.0, "cupping": 0.5, "rings": 0.3, "streaks": 0.3, "poisson": 0.2, "noise": 0.2}
CHANGES = {
    "reflections": {"flips": True},
    "rotation and shear about z": {"rotation": 45.0, "shear": 30.0},
    "rotation and shear about every axis": {"rotation": 45.0, "shear": 30.0, "axes": EVERY},
    "contrast and brightness": {"contrast": (0.8, 1.2), "brightness": 0.2},
    **{name: {name: most} for name, most in FAULTS.items()},
    "all of James et al.": JAMES,
    "all": {**JAMES, **FAULTS},
}


def write_scan(folder, crop):
    """Write records of a noisy scan with boxes, in patches twice as large as the crop in y, x."""
    rng = np.random.default_rng(0)
    shape = (4 * crop[0], 2 * crop[1], 2 * crop[2])
    truth = np.zeros(shape, np.uint8)
    for z, y, x in rng.integers(0, np.array(shape) // 2, (30, 3)):
        truth[z : z + 6, y : y + 20, x : x + 20] = 1
    grey = rng.normal(120, 20, shape) + 50 * truth
    pair = grey.clip(0, 255).astype(np.uint8), truth
    split = {"split": "block", "fractions": (1.0, 0.0, 0.0), "mask": "none"}
    write_records(folder, [pair], patch=(crop[0], *shape[1:]), **split)
    return open_records(folder)


def batches_of(records, crop, changes, batch_size):
    """Batches without end, augmented if anything is to be changed."""
    augmentation = Augmentation(**{**PLAIN, **changes}) if changes else None
    dataset, _ = training_batches(
        records,
        batch_size=batch_size,
        normalisation=Normalisation(),
        crop=crop,
        crops_per_patch=4,
        augmentation=augmentation,
    )
    return dataset


def seconds_per_crop(iterator, crops):
    """Time crops as they come out of the pipeline."""
    begun = time.perf_counter()
    for _ in range(crops):
        next(iterator)
    return (time.perf_counter() - begun) / crops


def time_pipeline(records, crop, repeats):
    """Print what each change adds to a crop that is not changed."""
    voxels = np.prod(crop)
    plain = iter(batches_of(records, crop, {}, 1))
    seconds_per_crop(plain, 4)
    print(f"{'crops of ' + ' x '.join(map(str, crop)):<40}{'ms per crop':>14}{'ns per voxel':>14}")
    bare = []
    for name, changes in CHANGES.items():
        changed, times = iter(batches_of(records, crop, changes, 1)), []
        seconds_per_crop(changed, 4)
        for _ in range(repeats):
            bare.append(seconds_per_crop(plain, 4))
            times.append(seconds_per_crop(changed, 4))
        added = statistics.median(times)
        print(f"{name:<40}{1e3 * added:>14.1f}{1e9 * added / voxels:>14.1f}", flush=True)
    found = statistics.median(bare)
    print(f"{'not changed':<40}{1e3 * found:>14.1f}{1e9 * found / voxels:>14.1f}", flush=True)


def time_training(records, crop, recipe, batch_size, steps):
    """Print the share of the time in which a training waits for its batches."""
    arguments = network_arguments(recipe, records.num_classes, crop)
    model = compiled_network(recipe, arguments, records.classes)
    network = recipe.model.name
    print(f"\n{network}, batches of {batch_size}: seconds per step, share of the time waited")
    for name in ("all of James et al.", "all"):
        waiting = Waiting()
        batches = waiting.watch(batches_of(records, crop, CHANGES[name], batch_size))
        settings = {"steps_per_epoch": steps + 1, "shuffle": False, "verbose": 0}
        model.fit(batches, callbacks=[waiting], **settings)
        print(f"{name:<40}{waiting.total / steps:>10.2f}{waiting.share:>10.1%}", flush=True)


def main():
    """Parse the arguments and run both parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crop", default="4,456,456", help="sides (z, y, x)")
    parser.add_argument("--recipe", default="james2022/residual_unet_3d")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    crop, changes = tuple(int(side) for side in options.crop.split(",")), []
    if options.small:
        crop, changes = (4, 64, 64), ["model.arguments.base_features=2"]
        options.batch_size, options.repeats, options.steps = 2, 1, 3
    with tempfile.TemporaryDirectory() as folder:
        records = write_scan(Path(folder) / "records", crop)
        time_pipeline(records, crop, options.repeats)
        sizes = options.batch_size, options.steps
        time_training(records, crop, read_recipe(options.recipe, changes), *sizes)


if __name__ == "__main__":
    main()
