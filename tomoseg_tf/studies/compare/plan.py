"""What a comparison will do: the settings of each entry, and the patches that are shown."""

import numpy as np

from tomoseg_tf.plots import choose_slices
from tomoseg_tf.prediction.ensemble import check_voxels
from tomoseg_tf.records.samples import content_hash
from tomoseg_tf.studies.compare.entries import (
    CLASSICAL,
    ENSEMBLE,
    NETWORK,
    NO_MEMBERS,
    RECIPE,
    SEGMENTATION,
    WEIGHTS,
)
from tomoseg_tf.studies.compare.job import Job
from tomoseg_tf.studies.compare.work import check_outside
from tomoseg_tf.studies.study_folder import split_to_score
from tomoseg_tf.training import read_recipe
from tomoseg_tf.training.recipe_file import find_recipe
from tomoseg_tf.volume import file_hash, open_truth
from tomoseg_tf.weights import open_weights

SHOWN = 3
TURNS, EPOCH, VOTE = "turns", "epoch", "vote"
SCORING = (TURNS, EPOCH, VOTE)  # settings on which the training does not depend
READ = (WEIGHTS, SEGMENTATION)


def plan_jobs(entries, records, folder, earlier, *, recipe, changes, palette, turns, epoch, vote):
    """Say what is to be done with each entry.

    Parameters
    ----------
    entries : list of Entry
        What is compared.
    records : Records
        What on.
    folder : Path
        Of the comparison.
    earlier : dict
        Settings of the entries that an earlier call began, by label.
    recipe, changes, palette, turns, epoch, vote
        As for `tomoseg_tf.studies.compare.study.compare`.

    Returns
    -------
    list of Job

    Raises
    ------
    ValueError
        If the recipe starts from weights, an ensemble has no such members, no voxel of the split to
        score is labelled, an entry would be scored on other voxels than the rest, or turns would
        swap sides of voxels that differ.
    """
    base = read_recipe(recipe, changes)
    if base.model.weights is not None and any(entry.kind == NETWORK for entry in entries):
        raise ValueError(
            f"{recipe}: model.weights is {base.model.weights!r}, but fitted weights suit one "
            "network only; set it to null to compare several"
        )
    split, outside = split_to_score(records), base.normalisation.outside
    keep, rarest = _shown(records, split, outside)
    jobs, known = [], dict(earlier)
    for entry in entries:
        its = _recipe(entry, base, changes)
        _check(entry, its, outside, records, turns)
        common = (records.folder, folder, split, outside, palette, keep, rarest)
        if entry.kind == ENSEMBLE:
            settings = {"kind": ENSEMBLE, "outside": outside, "members": _members(entry, known)}
        else:
            settings = _settings(entry, its, palette, outside)
        if turns != "none" and _is_turned(entry):
            settings[TURNS] = turns
        if epoch != "best" and entry.trained:
            settings[EPOCH] = epoch
        if vote:
            settings[VOTE] = True
        known[entry.label] = settings
        told = _trained_by(entry, recipe, changes)
        jobs.append(Job(entry, its, *common, settings, told, turns, epoch, vote))
    return jobs


def list_inputs(jobs, recipe):
    """List the files and folders that a comparison reads.

    Parameters
    ----------
    jobs : list of Job
        As `plan_jobs` gives them.
    recipe : str or Path
        The base recipe.

    Returns
    -------
    list of (str, Path or None)
        Names of what is no file may be among them.
    """
    models = [job.recipe.model for job in jobs]
    started = [place for model in models for place in (model.weights, model.encoder)]
    files = [name for job in jobs if job.entry.kind in READ for name in job.entry.what]
    recipes = [find_recipe(job.entry.what[0]) for job in jobs if job.entry.kind == RECIPE]
    return [jobs[0].records, find_recipe(recipe), *recipes, *files, *started]


def _is_turned(entry):
    return entry.kind not in (CLASSICAL, SEGMENTATION)


def _check(entry, recipe, outside, records, turns):
    """Refuse before anything is trained what scoring would refuse after."""
    try:
        if _is_turned(entry):
            check_voxels(turns, records.spacing, records.folder)
        if entry.kind == WEIGHTS:
            fitted = open_weights(entry.what[0]).config
            check_outside(fitted.normalisation.outside, outside, records)
        elif entry.trained:
            check_outside(recipe.normalisation.outside, outside, records)
    except ValueError as error:
        raise ValueError(f"{entry.label}: {error}") from None


def _members(entry, known):
    """List the settings of the members of an ensemble by label."""
    for member in entry.what:
        if member not in known:
            raise ValueError(
                f"ensemble {entry.label}: no entry {member}; there are {', '.join(known) or 'none'}"
            )
        if known[member]["kind"] in NO_MEMBERS:
            raise ValueError(f"ensemble {entry.label}: {member} is no network; leave it out")
    return {member: known[member] for member in entry.what}


def _trained_by(entry, recipe, changes):
    """Name the recipe of an entry and what was replaced in it."""
    if not entry.trained:
        return None
    named = str(entry.what[0] if entry.kind == RECIPE else recipe)
    return f"{named} with {', '.join(changes)}" if changes else named


def _recipe(entry, base, changes):
    """Recipe of an entry: its own, or the base recipe with another network."""
    if entry.kind == RECIPE:
        return read_recipe(entry.what[0], changes)
    if entry.kind != NETWORK:
        return base
    name = entry.what[0]
    before = base.model.arguments if base.model.name == name else {}
    model = {"name": name, "arguments": {**before, **entry.arguments}}
    return base.model_copy(update={"model": base.model.model_copy(update=model)})


def _settings(entry, recipe, palette, outside):
    """All that decides the result of an entry, beside the records."""
    settings = {"kind": entry.kind, "outside": outside}
    if entry.trained:
        trained = recipe.to_dict()
        del trained["description"]
        return {**settings, "kind": "trained", **trained}
    if entry.kind == CLASSICAL:
        normalisation = recipe.to_dict()["normalisation"]
        return {**settings, "what": entry.what[0], "normalisation": normalisation} | {
            "seed": recipe.seed
        }
    if entry.kind == WEIGHTS:
        return {**settings, "hashes": open_weights(entry.what[0]).hashes}
    return {**settings, "palette": palette, "hashes": [_hash(path, palette) for path in entry.what]}


def _hash(path, palette):
    """Hash of the classes, in whatever file or place of a file they are."""
    try:
        return content_hash(open_truth(path, palette))
    except ValueError:  # which scoring tells
        return file_hash(path)


def _shown(records, split, outside):
    """Choose patches that hold the rarest class, in their number of the split, and name it."""
    counts = np.array([patch.seen(outside)[:-1] for patch in records.seen_patches(split, outside)])
    if not len(counts):
        raise ValueError(
            f"{records.folder}: the {split} split holds no labelled voxel; write the records again "
            "with another split"
        )
    totals = counts.sum(axis=0)
    objects = np.flatnonzero(totals[1:]) + 1
    rarest = int(objects[np.argmin(totals[objects])]) if len(objects) else 0
    profile = np.zeros((len(counts), 256), np.int64)
    profile[:, 1] = counts[:, rarest]
    return tuple(choose_slices(profile, SHOWN)), rarest
