"""Measure weights on real data: objects inserted into real scans, or an image with a mask.

    python measure.py OUT --scans SCAN... --weights NAME=FOLDER --weights NAME=FOLDER
    python measure.py OUT --image IMAGE MASK [--invert] [--bin N] --weights NAME=FOLDER
    python measure.py OUT --scans SCAN... --check         # whether they can be read and told apart
    python measure.py OUT --image IMAGE MASK --check      # whether the two can be read and fit

All weights know dark objects: scans with bright ones are inverted for them.

OUT/table.csv and OUT/table.md get a row for each scan, sign and weights.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from scipy import ndimage

from tomoseg_tf.evaluation import confusion_matrix, detect_objects, detection_scores, scores
from tomoseg_tf.phantom import insert_objects
from tomoseg_tf.prediction import segment_file
from tomoseg_tf.volume import open_truth, open_volume, split_location

KINDS = {"dark": "pores", "bright": "precipitates"}
RADIUS, FRACTION = 4.0, 0.02  # of the inserted objects: voxels, and share before some find no room
SCORES = ("dice", "recall", "precision", "object_recall", "object_precision")


def main():
    """Measure, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--scans", nargs="+", type=Path, default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--image", nargs=2, type=Path, metavar=("IMAGE", "MASK"))
    parser.add_argument("--invert", action="store_true", help="the image has bright objects")
    parser.add_argument("--bin", type=int, help="of the image, not of scans")
    parser.add_argument("--check", action="store_true", help="only read scans, image and mask")
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=FOLDER")
    given = parser.parse_args()
    try:
        if given.check:
            check(given.scans, given.image)
            return
        measure(given)
    except ValueError as error:
        parser.error(str(error))


def measure(given):
    """Measure what the arguments name."""
    weights = dict(one.split("=", 1) for one in given.weights)
    scans = name_scans(given.scans)
    given.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, scan in scans.items():
        for sign in KINDS:
            for seed in given.seeds:
                rows += on_scan(scan, name, sign, seed, weights, given.out)
    if given.image:
        rows += on_image(*given.image, given.invert, given.bin, weights, given.out)
    if not rows:
        raise ValueError(
            "nothing was measured: every scan was left out, for the reason above, or none was given"
        )
    write(rows, given.out)


def name_scans(scans):
    """Give each scan a name: dict of scans; ValueError if two names are alike."""
    named = {}
    for scan in scans:
        name = name_of(scan)
        if name in named:
            raise ValueError(
                f"{named[name]} and {scan} would both be named {name}; rename one, or measure it "
                "into another folder"
            )
        named[name] = scan
    return named


def name_of(scan):
    """Name of a scan: that of its file without the suffix, and its place inside."""
    location = split_location(scan)
    inside = (location.inside or "").split("/")
    return "_".join([location.path.stem, *filter(None, inside)])


def on_scan(scan, name, sign, seed, weights, out):
    """Insert objects of one sign into a scan, and score each weights: list of dict."""
    stem = f"{name}_{sign}_{seed}"
    made, truth = out / f"{stem}.tif", out / f"{stem}_truth.tif"
    try:
        found = insert_objects(
            scan,
            made,
            truth,
            kind=KINDS[sign],
            bright=sign == "bright",
            radius=RADIUS,
            fraction=FRACTION,
            seed=seed,
            overwrite=True,
        )
    except ValueError as error:
        print(f"left out: {error}")
        return []
    facts = {
        "scan": name,
        "objects": sign,
        "seed": seed,
        "number": found["objects"],
        "contrast_to_noise": abs(found["contrast"]) / found["noise"],
        "blur": found["blur"],
    }
    filters = ["invert"] if sign == "bright" else []
    return [
        facts | score(made, truth, fitted, weights, stem, out, filters=filters)
        for fitted in weights
    ]


def on_image(image, mask, invert, binning, weights, out):
    """Score each weights on an image whose mask marks rims: objects are filled. List of dict."""
    classes = open_truth(mask).read(0, 1)[0]
    filled = ndimage.binary_fill_holes((classes > 0) & (classes != 255))
    truth = np.where(classes == 255, 255, filled).astype(np.uint8)[None]
    facts = {"scan": name_of(image), "objects": "real"}
    filters = ["invert"] if invert else []
    seen = {"filters": filters, "binning": binning}
    return [facts | score(image, truth, name, weights, "image", out, **seen) for name in weights]


def check(scans, pair):
    """Open scans, and read the image and its mask, if given; ValueError if one cannot be."""
    for scan in name_scans(scans).values():
        open_volume(scan)
    if pair:
        check_pair(*pair)


def check_pair(image, mask):
    """Read an image and its mask; ValueError if one cannot be, or they differ in shape."""
    scan, truth = open_volume(image), open_truth(mask)
    if scan.shape != truth.shape:
        here, there = (" x ".join(map(str, volume.shape)) for volume in (truth, scan))
        raise ValueError(f"{mask}: {here} voxels, but {image} has {there}")
    for volume in (scan, truth):
        volume.read(0, 1)


def score(scan, truth, name, weights, stem, out, **seen):
    """Segment a scan by weights, with options of how they see it, and compare with truth: dict."""
    result = out / f"{stem}_{name}.tif"
    segment_file(scan, result, weights=weights[name], overwrite=True, **seen)
    voxels = scores(confusion_matrix(truth, result, num_classes=2)).classes[1]
    objects = detection_scores(detect_objects(truth, result, overlap=0.25, keep_border=True))
    found = voxels.dice, voxels.recall, voxels.precision, objects.recall, objects.precision
    return {"weights": name, **dict(zip(SCORES, found, strict=True))}


def write(rows, out):
    """Write all rows as CSV, and their means over the seeds as a table that is printed, too."""
    names = list(rows[0])
    with open(out / "table.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}
            writer.writerow(rounded)
    keys = dict.fromkeys((row["scan"], row["objects"], row["weights"]) for row in rows)
    head = ["scan", "objects", "weights", *(each.replace("_", " ") for each in SCORES)]
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for key in keys:
        these = [row for row in rows if (row["scan"], row["objects"], row["weights"]) == key]
        lines.append("| " + " | ".join([*key, *(mean(these, each) for each in SCORES)]) + " |")
    for name in dict.fromkeys(row["weights"] for row in rows):
        these = [row for row in rows if row["weights"] == name]
        means = [mean(these, each) for each in SCORES]
        lines.append("| " + " | ".join(["mean", "all", name, *means]) + " |")
    text = "\n".join(lines) + "\n"
    (out / "table.md").write_text(text, encoding="utf-8")
    print(text)


def mean(rows, name):
    """Mean of a score where it is defined, as text."""
    values = [row[name] for row in rows if row[name] is not None]
    return f"{np.mean(values):.3f}" if values else "-"


if __name__ == "__main__":
    main()
