"""Table 1 of Gaudez et al. (2022) on simulated micropillars, of truth and of shipped weights.

    python benchmarks/table_1.py [--shape 96,192,192] [--seeds 3,4] [--weights NAME] [--folder KEEP]

Each pillar is simulated and segmented; the objects of truth and segmentation are matched. Printed
is Table 1 of all objects and of the matched ones, and over these the mean radius and its error
against the radii that were drawn (of the truth) and against the truth (of the segmentation).
A truth voxel is object if more than half of it is covered, which takes 1/(12 r) off the radius
of a ball (the surface of half coverage lies so much inside): the error is printed with it, too.
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
    """Radii of the drawn objects that are nearest to some, in voxels."""
    from scipy.spatial import cKDTree

    centres = np.stack([columns[f"centroid_{axis}"] for axis in "zyx"], axis=1) + 0.5
    _, nearest = cKDTree(scan.objects.centres).query(centres)
    return scan.objects.radii[nearest]


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
    radii = np.concatenate(drawn)
    known, expected = radii.mean(), (radii - 1 / (12 * radii)).mean()
    of_truth = table["Truth, matched"]["mean_radius_voxels"]
    of_found = table["Found, matched"]["mean_radius_voxels"]
    print(
        f"mean radius drawn {known:.3f}, in voxels of more than half {expected:.3f}; of the truth "
        f"{of_truth:.3f} ({100 * (of_truth / known - 1):+.2f} %, "
        f"{100 * (of_truth / expected - 1):+.2f} %); of the segmentation {of_found:.3f} "
        f"({100 * (of_found / of_truth - 1):+.2f} % of the truth)"
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
