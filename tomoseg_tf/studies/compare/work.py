"""The work on one entry of a comparison: train, fit or load it, score it, keep what came out."""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tomoseg_tf.evaluation import scores
from tomoseg_tf.records import named_shards, open_records
from tomoseg_tf.studies.classical import fit
from tomoseg_tf.studies.compare.entries import (
    CLASSICAL,
    ENSEMBLE,
    NETWORK,
    RECIPE,
    SEGMENTATION,
)
from tomoseg_tf.studies.compare.foreign import segmentation_cutter
from tomoseg_tf.studies.compare.measured import (
    RESULT,
    TRAINING,
    measured_folder,
    read_json,
    read_result,
    write_json,
    write_shown,
)
from tomoseg_tf.studies.compare.memory import PeakMemory, device_name
from tomoseg_tf.studies.runs import open_trained, train_rest
from tomoseg_tf.studies.split_scores import (
    check_depth,
    count_split,
    split_patches,
    weights_segmenter,
)
from tomoseg_tf.volume import Normalisation
from tomoseg_tf.weights import open_weights


@dataclass(frozen=True)
class Ready:
    """An entry that can segment, and what is known of it; see `Result` for the columns."""

    segment: Callable
    normalisation: Normalisation
    slices: int = 0
    columns: dict[str, Any] = dataclasses.field(default_factory=dict)


def train_entry(job, *, notify, report=None, progress=None):
    """Train the network of an entry, or what is left of it.

    Parameters
    ----------
    job : Job
        What is to be done.
    notify, report, progress : callable
        As in `tomoseg_tf.training.train`.

    Raises
    ------
    ValueError
        If the network or its recipe does not suit the records.
    """
    check_depth(job.recipe.model.name, open_records(job.records, verify=False))
    if (job.measured / TRAINING).exists() and job.run.state.exists():
        return
    with PeakMemory() as memory:
        options = {"notify": notify, "report": report, "progress": progress}
        trained = train_rest(job.run, job.recipe, job.records, **options)
    job.measured.mkdir(parents=True, exist_ok=True)
    write_json(job.measured / TRAINING, {"bytes": memory.bytes if trained else None})


def score_entry(job):
    """Load or fit an entry, score it and write the result.

    Parameters
    ----------
    job : Job
        What is to be done; an entry that is trained has been.

    Returns
    -------
    dict
        The columns of `tomoseg_tf.studies.compare.result.Result`.

    Raises
    ------
    ValueError
        If the entry does not suit the records, or anything cannot be read.
    """
    records = open_records(job.records, verify=False)
    make = {NETWORK: _trained, RECIPE: _trained, CLASSICAL: _classical, SEGMENTATION: _foreign}
    make[ENSEMBLE] = _ensemble
    ready = make.get(job.entry.kind, _loaded)(job, records)
    check_outside(ready.normalisation.outside, job.outside, records)
    predicted = job.entry.kind != SEGMENTATION
    with named_shards(records), PeakMemory() as memory:
        patches = split_patches(records, job.split, ready.normalisation)
        found = count_split(
            ready.segment,
            patches,
            records.num_classes,
            slices=ready.slices,
            keep=job.keep,
            timed=predicted,
            boundaries=True,
            vote=job.vote,
        )
    result = {
        "label": job.entry.label,
        "kind": job.entry.kind,
        "trained_by": job.trained_by,
        "voted": job.vote,
        **ready.columns,
        "seconds_per_slice": median(found.seconds) if predicted else None,
        "slice": list(records.patch[1:]),
        "device": device_name() if predicted else None,
        "prediction_bytes": memory.bytes if predicted else None,
        "scores": scores(found.matrix, records.classes).to_dict(),
        "boundaries": found.boundaries.to_dict(),
    }
    job.measured.mkdir(parents=True, exist_ok=True)
    write_shown(job.measured, [found.kept[number] for number in job.keep], job.rarest)
    write_json(job.measured / RESULT, {"settings": job.settings, "result": result})
    return result


def _trained(job, records):
    """Load what was trained here."""
    trained = open_trained(job.run, job.recipe, job.epoch)
    ready = _of_weights([open_weights(trained.weights)], records, job.turns)
    columns = {
        **ready.columns,
        "batch": job.recipe.batches.batch_size,
        "epochs": len(trained.seconds),
        "best_epoch": trained.scored_epoch,
        "epoch": job.epoch,
        "loss": job.recipe.loss.name,
        "training_seconds": sum(trained.seconds),
        "training_bytes": read_json(job.measured / TRAINING).get("bytes"),
    }
    return dataclasses.replace(ready, columns=columns)


def _loaded(job, records):
    """Open weights that are not trained here."""
    return _of_weights([open_weights(job.entry.what[0])], records, job.turns)


def _ensemble(job, records):
    """Open the weights of all members, which have been scored before."""
    found = {
        label: read_result(measured_folder(job.folder, label), settings)
        for label, settings in job.settings["members"].items()
    }
    missing = [label for label, result in found.items() if result is None]
    if missing:
        raise ValueError(f"its members {', '.join(missing)} have no result yet")
    members = [open_weights(_scored_weights(job, result)) for result in found.values()]
    ready = _of_weights(members, records, job.turns)
    seconds = [result["training_seconds"] for result in found.values()]
    together = None if None in seconds else sum(seconds)
    epochs = {result.get("epoch") or "best" for result in found.values()}
    columns = {**ready.columns, "members": [*found], "training_seconds": together}
    columns["epoch"] = epochs.pop() if len(epochs) == 1 else "mixed"
    return dataclasses.replace(ready, columns=columns)


def _scored_weights(job, result):
    """Folder of the weights of an entry: in the comparison, wherever that was moved, or outside."""
    label, weights = result["label"], Path(result["weights"])
    inside = job.folder / label / weights.name
    found = next((place for place in (inside, weights) if place.is_dir()), None)
    if found is None:
        raise ValueError(
            f"the weights of its member {label} are no longer at {weights}; put them back, or "
            f"remove {measured_folder(job.folder, label)} to have {label} made again"
        )
    return found


def _of_weights(members, records, turns):
    segment, slices = weights_segmenter(members, records, turns)
    first = members[0]
    columns = {"parameters": sum(fitted.count_parameters() for fitted in members), "turns": turns}
    if len(members) == 1:
        columns |= {"network": first.config.model, "weights": str(first.folder)}
    return Ready(segment, first.config.normalisation, slices, columns)


def _classical(job, records):
    """Fit a method without a network to the training patches."""
    normalisation = job.recipe.normalisation
    begun = time.perf_counter()
    with named_shards(records), PeakMemory() as memory:
        patches = (
            (grey, truth) for _, grey, truth in split_patches(records, "training", normalisation)
        )
        baseline = fit(job.entry.what[0], patches, records.num_classes, seed=job.recipe.seed)
    columns = {"network": job.entry.what[0], "training_seconds": time.perf_counter() - begun}
    columns["training_bytes"] = memory.bytes
    return Ready(lambda grey, _: baseline.predict(grey), normalisation, columns=columns)


def _foreign(job, records):
    """Open what another program predicted."""
    segment = segmentation_cutter(job.entry, records, job.split, job.palette)
    return Ready(segment, Normalisation(method="none", outside=job.outside))


def check_outside(outside, common, records):
    """Refuse an entry that would be scored on other voxels than the rest.

    Parameters
    ----------
    outside, common : str
        Its `normalisation.outside`, and that which the others are scored with.
    records : Records
        An opened folder.

    Raises
    ------
    ValueError
        If these differ and the records hold anything outside the sample.
    """
    if outside != common and records.have_outside:
        raise ValueError(
            f"normalisation.outside is {outside}, but the others are scored with it {common}: what "
            "lies outside the sample would count for some only; compare all with --set "
            f"normalisation.outside={outside}"
        )
