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

from tomoseg_tf.evaluation.held_out import score_image
from tomoseg_tf.records import write_records
from tomoseg_tf.studies.runs import open_trained, train_rest
from tomoseg_tf.training import read_recipe
from tomoseg_tf.training.run import RunFolder
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
classes: the names here are ours, by their grey level. Air and holder around the core count as pore.
""",
    limits=(
        "One scan of one rock: for another beam energy, voxel size or mineral expect to fine-tune.",
        "The clay, patches of a few pixels among the pores, is the weakest class.",
        "The voxel size of the scan is not published.",
    ),
)
ALCU = Set(
    classes=("background", "rim", "interior"),
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
Rims and interiors of particles in slices of a transmission X-ray microscope (TXM), Al-Cu alloy.

A U-Net with batch normalisation, fitted from a random start to one hand-labelled slice of 520 x 472
pixels, the public example of tomography/xlearn (BSD-3-style licence of UChicago Argonne, LLC). Its
rows 0 to 287 were trained on, rows 308 to 403 chose the epoch, and the scores by class are of rows
424 to 519; the rows between were left out as guards. The set does not name its classes: by their
place they are the dark rims of particles and the parts within them that are as grey as the matrix;
what is brighter within them is labelled as background there.
""",
    limits=(
        "One slice of one scan: the scores tell of the rest of that slice, not of other scans.",
        "The interior is a weak class: what is labelled so differs from particle to particle.",
        "The voxel size is not in the file.",
    ),
)
SETTINGS = ("schedule.epochs=1000", "normalisation.outside=kept")
VALIDATION, TEST = "300", "50"  # z of the slices of sandstone
ROWS = {"training": (0, 288), "validation": (308, 404), "test": (424, 520)}  # of the slice of Al-Cu


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
    for folder in (work, weights.parent):
        folder.mkdir(parents=True, exist_ok=True)
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
    run = RunFolder(work / "run")
    train_rest(run, recipe, work / "records", notify=print, report=print)
    best, held_out = open_trained(run, recipe).weights, pairs[test[0]]
    row = score_image(best, *held_out)
    print(row)
    fitted = open_weights(best)
    config = fitted.config
    config = config.model_copy(
        update={"scores": (*config.scores, row), "simulated": False, "licence": its.licence}
    )
    text = card(config, title=weights.name, description=its.description, limits=its.limits)
    images = tuple(tifffile.imread(path) for path in held_out)
    save_weights(weights, fitted.build(), config, card=text, held_out=images, overwrite=True)


if __name__ == "__main__":
    main(sys.argv[1], *(Path(argument) for argument in sys.argv[2:5]))
