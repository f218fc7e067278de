"""Table 1 of Gaudez et al. (2022) on simulated micropillars, of truth and of shipped weights.

    python benchmarks/table_1.py [--shape 96,192,192] [--seeds 3,4] [--weights NAME] [--folder KEEP]

Each pillar is simulated and segmented; the objects of truth and segmentation are matched. Printed
is Table 1 of all objects and of the matched ones, and over these the mean radius: that of the
bodies that were drawn (of balls of the same volume), that of the same bodies voxelised with each
voxel whose centre is covered, that of the truth, and that of the segmentation. A truth voxel is
object if more than half of it is covered, which takes about 0.1/r + 0.014 voxels off a radius:
what the truth should have is printed, too (tomoseg_tf.phantom.objects.truth_radii).
With --folder, pillars that are there already are not made again.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np


def prepare(folder, shape, seed, weights):
    """Simulate a pillar and segment it, unless it is there; return scan and paths."""
    from tomoseg_tf.phantom import Micropillar, simulate_scan
    from tomoseg_tf.prediction import segment_file

    scan = Micropillar(shape, seed)
    volume, truth, found = (folder / f"{name}_{seed}.tif" for name in ("pillar", "truth", "found"))
    if not truth.exists():
        simulate_scan(scan, volume, truth)
    if not found.exists():
        segment_file(volume, found, weights=weights)
    return scan, truth, found


def drawn_radii(scan, columns):
    """Radii of the drawn bodies of whole true objects: drawn, and voxelised by centres."""
    from scipy.spatial import cKDTree

    centres = np.stack([columns[f"centroid_{axis}"] for axis in "zyx"], axis=1) + 0.5
    distances, nearest = cKDTree(scan.objects.centres).query(centres)
    if distances.max() > 1 or len(np.unique(nearest)) < len(nearest):
        raise ValueError("an object of the truth is not one whole drawn body")
    by_centres = [
        (3 / 4 / np.pi * covered_centres(scan.objects, index)) ** (1 / 3) for index in nearest
    ]
    return np.array([scan.objects.equivalent_radii[nearest], by_centres])


def covered_centres(objects, index):
    """Count the voxels whose centre is in a body."""
    from tomoseg_tf.phantom.objects import covered

    centre, reach = objects.centres[index], objects.reach[index]
    sides = zip(np.floor(centre - reach), np.ceil(centre + reach), centre, strict=True)
    grids = [np.arange(low, high) + 0.5 - middle for low, high, middle in sides]
    return np.count_nonzero(covered(objects, index, grids))


def main(shape, seeds, weights, folder):
    """Compare all pillars and print."""
    from tomoseg_tf.evaluation import detect_objects, table_1_row, table_1_text
    from tomoseg_tf.evaluation.detection.scores import pair_columns

    rows = {name: [] for name in ("Truth", "Segmentation", "Truth, matched", "Found, matched")}
    drawn = []
    for seed in seeds:
        scan, truth, found = prepare(folder, shape, seed, weights)
        detection = detect_objects(truth, found)
        alone = [
            {name: column[side.kept] for name, column in side.columns.items()}
            for side in detection.pair.sides
        ]
        pairs = pair_columns(detection)
        for name, columns in zip(rows, (*alone, *pairs), strict=True):
            rows[name].append(columns)
        drawn.append(drawn_radii(scan, pairs[0]))
        print(
            f"seed {seed}: {len(detection.matched)} matched, {len(detection.missed)} missed, "
            f"{len(detection.found)} found beside the truth",
            flush=True,
        )
    joined = {
        name: {key: np.concatenate([one[key] for one in some]) for key in some[0]}
        for name, some in rows.items()
    }
    table = {name: table_1_row(columns) for name, columns in joined.items()}
    print(table_1_text(table))
    print(radius_text(np.concatenate(drawn, axis=1), table))


def radius_text(drawn, table):
    """Text of the mean radii and their errors."""
    from tomoseg_tf.phantom.objects import truth_radii

    known, by_centres = drawn.mean(axis=1)
    expected = truth_radii(drawn[0]).mean()
    of_truth = table["Truth, matched"]["mean_radius_voxels"]
    of_found = table["Found, matched"]["mean_radius_voxels"]
    lines = (
        ("drawn bodies", known, known),
        ("the same, voxels by their centres", by_centres, known),
        ("the same, as the truth is made", expected, known),
        ("truth", of_truth, known),
        ("truth, of what it is made to be", of_truth, expected),
        ("segmentation", of_found, known),
        ("segmentation, of the truth", of_found, of_truth),
    )
    return "\n".join(
        f"{name:36}{radius:7.3f} voxels {100 * (radius / reference - 1):+6.2f} %"
        for name, radius, reference in lines
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="96,192,192")
    parser.add_argument("--seeds", default="3")
    parser.add_argument("--weights", default="unet_3d_micropillar")
    parser.add_argument("--folder", type=Path, help="where the pillars are kept")
    chosen = parser.parse_args()
    sides = tuple(map(int, chosen.shape.split(",")))
    numbers = list(map(int, chosen.seeds.split(",")))
    with tempfile.TemporaryDirectory() as temporary:
        main(sides, numbers, chosen.weights, chosen.folder or Path(temporary))
