"""Fit, score and save the shipped weights of slices, ``unet_2d_sandstone`` and ``unet_2d_alcu``.

From public images with their truth to the card, with the public functions::

    python examples/fit_slice_weights.py sandstone DATA WORK WEIGHTS
    python examples/fit_slice_weights.py alcu DATA WORK WEIGHTS

DATA has ``images`` and ``masks``, TIFF files of grey values and of classes under the same names;
WORK is a folder for the records and the run; WEIGHTS is the weights folder to write. What is
already in WORK is used as it is; a run that was interrupted goes on. The recipe is ``slices_unet``.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import tifffile

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.studies.split_scores import score_weights
from tomoseg_tf.training import read_recipe, train
from tomoseg_tf.weights import card, open_weights, save_weights


@dataclass(frozen=True)
class Set:
    """Images with their truth, which of them decides what, and what the card says of them."""

    classes: tuple
    patch: tuple | str
    settings: tuple
    licence: str
    description: str
    limits: tuple


SANDSTONE = Set(
    classes=("pore", "clay", "quartz", "dense"),
    patch="slice",
    settings=("schedule.minutes=15", "batches.crops_per_patch=16"),
    licence="BSD-3-Clause (weights); MIT (images and truth, (c) 2023 Dr. Sreenivas Bhattiprolu)",
    description="""\
Pores, clay, quartz and dense minerals in slices of an X-ray CT scan of sandstone.

A U-Net with batch normalisation, fitted from a random start to four hand-labelled slices of 1024 x
996 pixels, z = 0, 100, 200 and 400 of the public set of the repository
bnsreenu/python_for_microscopists (MIT licence). The epoch was chosen on the slice z = 300. The
scores by class are of the slice z = 50, which nothing was chosen by. The set does not name its
classes: the names here are ours, by their grey level.
""",
    limits=(
        "One scan of one rock: for another beam energy, voxel size or mineral expect to fine-tune.",
        "The thin rims of clay are the weakest class; much of their error is one pixel of edge.",
        "The voxel size of the scan is not published.",
    ),
)
ALCU = Set(
    classes=("matrix", "dark", "bright"),
    patch=(1, 96, 472),
    settings=(
        "schedule.minutes=6",
        "batches.crop=[1,96,96]",
        "batches.crops_per_patch=32",
        "batches.batch_size=8",
        "augmentation.zoom=[0.8,1.25]",
        "augmentation.rotation=45",
    ),
    licence="BSD-3-Clause (weights); BSD-3-style of UChicago Argonne, LLC (image and truth)",
    description="""\
Dark and bright particles in slices of a transmission X-ray micrograph (TXM) of an Al-Cu alloy.

A U-Net with batch normalisation, fitted from a random start to one hand-labelled slice of 520 x 472
pixels, the public example of tomography/xlearn (BSD-3-style licence of UChicago Argonne, LLC). Its
rows 112 to 399 were trained on, rows 0 to 95 chose the epoch, and the scores by class are of rows
424 to 519; the rows between were left out as guards.
""",
    limits=(
        "One slice of one scan: the scores tell of the rest of that slice, not of other scans.",
        "The voxel size is not in the file.",
    ),
)
SETTINGS = ("schedule.epochs=1000", "normalisation.outside=kept")
VALIDATION, TEST = "300", "50"  # z of the slices of sandstone
ROWS = {"training": (112, 400), "validation": (0, 96), "test": (424, 520)}  # of the slice of Al-Cu


def sandstone_pairs(data, work):
    """Name the slices, and which of them are for validation and test."""
    images = sorted((data / "images").glob("*.tif"))
    pairs = [(image, data / "masks" / image.name) for image in images]
    heights = ["".join(filter(str.isdigit, image.stem.rpartition("_")[2])) for image in images]
    heights = [height.lstrip("0") or "0" for height in heights]
    return pairs, [heights.index(VALIDATION)], [heights.index(TEST)]


def alcu_pairs(data, work):
    """Cut the slice into three parts with guards between them."""
    (image,) = (data / "images").glob("*.tif")
    pairs = []
    for name, (first, end) in ROWS.items():
        pairs.append((work / f"{name}.tif", work / f"{name}_truth.tif"))
        for source, target in zip((image, data / "masks" / image.name), pairs[-1], strict=True):
            rows = tifffile.imread(source)[first:end]
            tifffile.imwrite(target, rows, photometric="minisblack")
    return pairs, [1], [2]


def main(name, data, work, weights):
    """Make the weights folder from nothing."""
    its, find_pairs = {"sandstone": (SANDSTONE, sandstone_pairs), "alcu": (ALCU, alcu_pairs)}[name]
    work.mkdir(parents=True, exist_ok=True)
    pairs, validation, test = find_pairs(data, work)
    if not (work / "records").exists():
        write_records(
            work / "records",
            pairs,
            patch=its.patch,
            validation_samples=validation,
            test_samples=test,
            fractions=(1 - 2 / len(pairs), 1 / len(pairs), 1 / len(pairs)),
            classes=its.classes,
            palette="classes",
            mask="none",
        )
    recipe = read_recipe("slices_unet", (*SETTINGS, *its.settings))
    if not (work / "run" / "best_dice").exists():
        train(recipe, work / "records", work / "run", report=print)
    best = work / "run" / "best_dice"
    row = row_of_test(best, work / "records")
    print(row)
    fitted = open_weights(best)
    config = fitted.config
    config = config.model_copy(
        update={"scores": (*config.scores, row), "simulated": False, "licence": its.licence}
    )
    text = card(config, title=weights.name, description=its.description, limits=its.limits)
    save_weights(weights, fitted.build(), config, card=text, overwrite=True)


def row_of_test(weights, folder):
    """Score weights on the test split, as a row of the card."""
    found = score_weights(weights, open_records(folder), "test")
    row = {"data": "test", "miou": round(found.miou, 4), "accuracy": round(found.accuracy, 4)}
    return row | {f"IoU {each.name}": round(each.iou, 4) for each in found.classes}


if __name__ == "__main__":
    main(sys.argv[1], *(Path(argument) for argument in sys.argv[2:5]))
