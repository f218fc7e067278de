"""Seconds and memory of the table of objects, and what scikit-image takes for its columns.

    python benchmarks/objects.py [--shape 256,1024,1024] [--numbers 10000,200000] [--small]

Balls at random places of a lattice, of radii as in 316L where there is room, in TIFF files with
their grey levels. Each is measured from files to CSV in a process of its own, whose peak memory
the system reports, and which also says for how long it had a processor: that is what counts on a
machine that others use, too. scikit-image (`label`, `regionprops_table`) then does the same for
those of the columns that it has: no surfaces, and not the neighbours. `--plain-slices 64`
gives it only so many slices, with its time per slice, where the whole takes too long. At last a
volume four times as high shows that memory does not grow with it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PROPERTIES = (
    *("label", "area", "equivalent_diameter_area", "centroid", "bbox"),
    *("inertia_tensor", "inertia_tensor_eigvals", "axis_major_length", "axis_minor_length"),
    *("intensity_mean", "intensity_min", "intensity_max", "intensity_std"),
)


def write_volumes(folder, shape, number):
    """Write a segmentation with about so many balls, and grey levels."""
    from tomoseg_tf.volume import create_volume

    rng = np.random.default_rng(0)
    centres, radii = place_balls(rng, shape, number)
    reach = int(np.ceil(radii.max()))
    paths = folder / "segmentation.tif", folder / "grey.tif"
    noise = rng.integers(0, 40, shape[1:], np.uint8)
    with (
        create_volume(paths[0], shape, "uint8", classes=True) as classes,
        create_volume(paths[1], shape, "uint8") as grey,
    ):
        for z in range(shape[0]):
            plane = np.zeros(shape[1:], np.uint8)
            for index in np.flatnonzero(np.abs(centres[:, 0] - z) <= reach):
                _draw(plane, z, centres[index], radii[index])
            classes.write(z, plane[None])
            grey.write(z, (160 - 90 * plane + np.roll(noise, 7 * z))[None])


def place_balls(rng, shape, number):
    """Centres and radii of balls that do not touch: one in each cell of a lattice."""
    side = (np.prod(shape) / number) ** (1 / 3)
    cells = [np.arange(int(length / side)) for length in shape]
    corners = np.stack(np.meshgrid(*cells, indexing="ij"), axis=-1).reshape(-1, 3) * side
    radii = np.clip(rng.lognormal(np.log(3.2), 0.3, len(corners)), 1.3, side / 2 - 1.2)
    room = (side - 2 * radii - 2)[:, None]
    return corners + radii[:, None] + 1 + rng.random((len(corners), 3)) * room, radii


def _draw(plane, z, centre, radius):
    """Draw the section of a ball."""
    squared = radius**2 - (z - centre[0]) ** 2
    if squared <= 0:
        return
    low = np.maximum(np.floor(centre[1:] - radius).astype(int), 0)
    high = np.ceil(centre[1:] + radius).astype(int) + 1
    rows, columns = np.ogrid[low[0] : high[0], low[1] : high[1]]
    inside = (rows - centre[1]) ** 2 + (columns - centre[2]) ** 2 <= squared
    view = plane[low[0] : high[0], low[1] : high[1]]
    view[inside[: view.shape[0], : view.shape[1]]] = 1


def measure(folder):
    """Measure objects from files to CSV."""
    from tomoseg_tf.objects import write_objects

    objects, _ = write_objects(
        folder / "segmentation.tif",
        folder / "objects.csv",
        volume=folder / "grey.tif",
        mask="none",
        keep_border=True,
        overwrite=True,
    )
    return len(objects)


def measure_plain(folder, slices):
    """Do the same with scikit-image, in memory."""
    import tifffile
    from skimage.measure import label, regionprops_table

    keys = slice(0, slices)
    classes = tifffile.imread(folder / "segmentation.tif", key=keys)
    grey = tifffile.imread(folder / "grey.tif", key=keys)
    table = regionprops_table(label(classes, connectivity=3), grey, properties=PROPERTIES)
    np.savetxt(folder / "plain.csv", np.stack(list(table.values()), axis=1), delimiter=",")
    return len(table["label"])


def timed(task, folder, slices):
    """Do a task; print what it took."""
    started, begun = time.perf_counter(), time.process_time()
    number = measure(folder) if task == "ours" else measure_plain(folder, slices)
    took = {"seconds": time.perf_counter() - started, "busy": time.process_time() - begun}
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"objects": number, **took, "memory": peak}))


def run(task, folder, slices):
    """Run a task in a process of its own; return and print what it took."""
    command = [sys.executable, __file__, "--task", task, str(folder), "--slices", str(slices)]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    got = json.loads(result.stdout.splitlines()[-1])
    print(
        f"  {task:14}{got['objects']:10,} objects{got['seconds']:9.2f} s, of processors "
        f"{got['busy']:.2f} s{got['memory'] / 1e9:7.2f} GB",
        flush=True,
    )
    return got


def main(shape, numbers, plain_slices):
    """Measure all numbers of objects, and a higher volume."""
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            write_volumes(folder, shape, number)
            print(f"{shape}, about {number:,} objects")
            slices = min(plain_slices or shape[0], shape[0])
            ours, plain = run("ours", folder, 0), run("scikit-image", folder, slices)
            ratio = plain["busy"] / ours["busy"] * shape[0] / slices
            print(f"  scikit-image takes {ratio:.1f} times the processor seconds")
    with tempfile.TemporaryDirectory() as folder:
        folder, high = Path(folder), (4 * shape[0], *shape[1:])
        write_volumes(folder, high, numbers[0])
        print(f"{high}, about {numbers[0]:,} objects")
        run("ours", folder, 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default=None, help="default: 256,1024,1024, small 32,128,128")
    parser.add_argument("--numbers", default=None, help="default: 10000,200000, small 100,300")
    parser.add_argument("--plain-slices", type=int, default=None, help="default: all")
    parser.add_argument("--small", action="store_true", help="to see that it runs")
    parser.add_argument("--task", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--slices", type=int, default=0, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.task:
        timed(chosen.task[0], Path(chosen.task[1]), chosen.slices)
        sys.exit()
    sides = chosen.shape or ("32,128,128" if chosen.small else "256,1024,1024")
    counts = chosen.numbers or ("100,300" if chosen.small else "10000,200000")
    main(tuple(map(int, sides.split(","))), tuple(map(int, counts.split(","))), chosen.plain_slices)
