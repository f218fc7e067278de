"""Fit, score and save weights for dark objects in scans of any physics.

Everything from simulation to the card, with the public functions::

    python examples/fit_inclusion_weights.py WORK WEIGHTS [MINUTES] [SCAN...]

WORK is a folder for the simulated scans, the records and the runs (1 GB); WEIGHTS is the weights
folder to write; MINUTES is the time of the training, 60 by default: a third for the recipe
``inclusions``, the rest for ``inclusions_finish``. What is already in WORK is used as it is; a run
that was interrupted goes on with ``tomoseg-tf train``. Objects are inserted into each real SCAN
that is given, and the scores go to the card.
"""

import sys
import tempfile
from pathlib import Path

from tomoseg_tf.evaluation import confusion_matrix, detect_objects, detection_scores, scores
from tomoseg_tf.evaluation.held_out import score_micropillar
from tomoseg_tf.phantom import insert_objects, simulate_inclusions
from tomoseg_tf.prediction import segment_file
from tomoseg_tf.records import pair_folders, write_records
from tomoseg_tf.training import read_recipe, train
from tomoseg_tf.weights import card, open_weights, save_weights

KINDS = {"precipitates": 1, "pores": 2}  # and their seeds
COUNT, SHAPE, PATCH = 45, (96, 160, 160), (48, 80, 80)
HELD_OUT = {101: (32, 192, 192), 102: (64, 256, 256)}  # simulated micropillars
STEPS = (  # recipe, its run, where it starts, share of the time
    ("inclusions", "run", None, 1 / 3),
    ("inclusions_finish", "finish", "run/best_dice", 2 / 3),
)

DESCRIPTION = """\
Compact dark objects, as pores and precipitates, in scans of unknown contrast, blur and noise.

For bright objects let them see the inverted scan: `tomoseg-tf segment --filter invert`. The network
is the 3D U-Net of Gaudez et al., J. Synchrotron Rad. 29, 1232-1240 (2022), with four levels and
base 8; it sees each grey level relative to the mean and the standard deviation of a window of 33
voxels around it. It was fitted on 90 simulated scans, each with a physics of its own: contrast,
blur, noise and its colour, rings, streaks, cupping, near-field fringes, grains and phases of the
matrix, and bright particles among the dark objects; sizes, shapes and density of the objects are
drawn, too (`tomoseg-tf simulate precipitates --randomise --dark` and `pores`, seeds 1 and 2).
Micropillars were never among them. The recipes are `inclusions` and `inclusions_finish`, together
56 minutes on two cores of an AMD EPYC.
"""
LIMITS = (
    "Fitted on simulated scans only; the rows on inserted objects are real scans with simulated "
    "objects, not real objects.",
    "Anything compact that is darker than what is around it counts as an object, whatever it is.",
    "Mean radii from 2 to 6 voxels were drawn: show larger objects binned (--bin 2); of those that "
    "fill a window of 33 voxels only the rims stand out.",
    "Among many objects faint ones are missed: of those inserted into cement, a tenth of which is "
    "pores, fewer than half were found.",
    "Bright objects of an inverted scan whose brightest grey is clipped have no contrast.",
)


def main(work, weights, minutes="60", *scans):
    """Make the weights folder from nothing."""
    work, weights = Path(work), Path(weights)
    work.mkdir(exist_ok=True)
    pairs, settings = [], {"shape": SHAPE, "count": COUNT, "randomise": True, "dark": True}
    for kind, seed in KINDS.items():
        made = work / kind
        if not made.exists():
            simulate_inclusions(made, kind, seed=seed, **settings)
        pairs += pair_folders(made / "scans", made / "truth")
    if not (work / "records").exists():
        fractions = (0.93, 0.07, 0)
        write_records(work / "records", pairs, patch=PATCH, fractions=fractions, filters=["local"])
    for name, step, start, share in STEPS:
        if not (work / step / "best_dice").exists():
            changes = [f"schedule.minutes={share * float(minutes):g}", "schedule.epochs=1000"]
            if start is not None:
                changes.append(f"model.weights={work / start}")
            train(read_recipe(name, changes), work / "records", work / step, report=print)
    fitted = open_weights(work / "finish" / "best_dice")
    rows = [
        score_micropillar(fitted.folder, shape=shape, seed=seed) for seed, shape in HELD_OUT.items()
    ]
    rows += [
        score_insertion(fitted.folder, Path(scan), bright)
        for scan in scans
        for bright in (False, True)
    ]
    for row in rows:
        print(row)
    config = fitted.config
    recipe = {**config.recipe, "model": {**config.recipe["model"], "weights": STEPS[1][2]}}
    changes = {"scores": (*config.scores, *rows), "simulated": True, "licence": "BSD-3-Clause"}
    config = config.model_copy(update={**changes, "recipe": recipe})
    text = card(config, title=weights.name, description=DESCRIPTION, limits=LIMITS)
    save_weights(weights, fitted.build(), config, card=text, overwrite=True)


def score_insertion(weights, scan, bright):
    """Insert objects into a real scan and score the weights on them: a row for the card."""
    with tempfile.TemporaryDirectory() as folder:
        made, truth, result = (Path(folder, name) for name in ("a.tif", "t.tif", "s.tif"))
        kind = "precipitates" if bright else "pores"
        drawn = {"kind": kind, "bright": bright, "radius": 4.0, "fraction": 0.02, "seed": 1}
        found = insert_objects(scan, made, truth, **drawn)
        segment_file(made, result, weights=weights, filters=["invert"] if bright else [])
        voxels = scores(confusion_matrix(truth, result, num_classes=2)).classes[1]
        objects = detection_scores(detect_objects(truth, result, overlap=0.25, keep_border=True))
    row = {
        "data": "simulated objects inserted into real scans",
        "scan": scan.name.partition("_")[0],
        "objects": "bright, the scan inverted" if bright else "dark",
        "shape": ",".join(map(str, found["shape"])),
    }
    measured = {"recall": voxels.recall, "precision": voxels.precision, "dice": voxels.dice}
    measured |= {"object recall": objects.recall, "object precision": objects.precision}
    return row | {name: value and round(value, 4) for name, value in measured.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
