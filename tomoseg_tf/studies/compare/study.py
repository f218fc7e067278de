"""Compare several ways to segment: train, fit or load them under one budget, score all alike."""

import hashlib
import json
from pathlib import Path

import numpy as np

from tomoseg_tf.backend import load_keras
from tomoseg_tf.evaluation import scores
from tomoseg_tf.plots import (
    choose_slices,
    confusion_data,
    plot_comparison,
    plot_confusion_matrix,
    plot_error_panel,
    save_figure,
)
from tomoseg_tf.records import open_records
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
from tomoseg_tf.studies.compare.measured import (
    measured_folder,
    read_json,
    read_result,
    read_shown,
)
from tomoseg_tf.studies.compare.process import SCORE, TRAIN, EntryError, do_step
from tomoseg_tf.studies.compare.table import Comparison, Result, write_tables, write_text
from tomoseg_tf.studies.compare.work import Job
from tomoseg_tf.studies.runs import part_of
from tomoseg_tf.studies.split_scores import seen_patches
from tomoseg_tf.studies.study_folder import (
    begin_study,
    check_study,
    refuse_changes,
    split_to_score,
)
from tomoseg_tf.training import read_recipe
from tomoseg_tf.volume import file_hash, open_truth, single_writer
from tomoseg_tf.weights import open_weights

MARKER = "comparison.json"
KIND = "a comparison"
SHOWN = 3
TURNS = "turns"


def compare(
    entries,
    records_folder,
    folder,
    *,
    recipe,
    changes=(),
    palette="auto",
    turns="none",
    overwrite=False,
    isolated=True,
    notify=None,
    report=None,
    progress=None,
):
    """Train, fit or load several ways to segment, score them alike and write their table.

    All are scored on the test split of the records, on the validation split if there is none. A
    network is scored with the weights of the epoch that was best by its recipe's `monitor` on the
    validation split. An interrupted comparison is gone on with: what is finished is neither trained
    nor scored again. An entry that fails leaves the others alone and is tried again the next time.

    Parameters
    ----------
    entries : sequence of Entry
        As `tomoseg_tf.studies.compare.entries.parse_entries` gives them, ensembles last.
    records_folder : str or Path
        Records with a training and a validation split, and preferably a test split.
    folder : str or Path
        A new folder, or that of a comparison on the same records: entries are added to those that
        it has finished, which stay in its tables and figures. It gets a run folder for each
        network that is trained, ``comparison.json``, ``table.md``, ``table.csv``, ``figure.png``,
        ``panel.png`` and ``confusion_LABEL.png`` for each entry.
    recipe : str or Path
        Recipe by which builders are trained; only the network differs between them. It also gives
        the normalisation and the seed of classical methods, and says whether what lies outside
        the sample counts.
    changes : sequence of str, optional
        Settings that replace those of all recipes, as ``schedule.epochs=5``: the common budget.
    palette : str, optional
        How the values of segmentations map to classes, see `tomoseg_tf.volume.open_truth`.
    turns : str, optional
        Flips and quarter turns that the probabilities of networks are averaged over, see
        `tomoseg_tf.prediction.ensemble.list_turns`. Entries that were finished with others are
        scored again, not trained again.
    overwrite : bool
        Whether an existing comparison is removed with all its runs.
    isolated : bool
        Whether each entry is worked on in processes of its own, so that its memory can be told and
        one that the system ends for lack of memory costs no other. They take some seconds each.
    notify : callable, optional
        ``notify(text)`` is called with notices, such as which entry comes next.
    report : callable, optional
        ``report(row)`` is called with the scores of each epoch.
    progress : callable, optional
        ``progress(done, total)`` is called after each step of training, over all entries.

    Returns
    -------
    Comparison
        Results, and the failures by label.

    Raises
    ------
    ValueError
        If the records, a recipe or weights cannot be read, the folder is something else, a
        comparison of other records or trained by other settings, or in use by another process.
    """
    folder, notify = Path(folder), notify or (lambda text: None)
    records = open_records(records_folder)
    options = {"recipe": recipe, "changes": changes, "palette": palette, "turns": turns}
    jobs = _jobs(entries, records, folder, overwrite=overwrite, **options)
    split = jobs[0].split
    comparison = Comparison(
        folder,
        str(records_folder),
        split,
        len(seen_patches(records, split, jobs[0].outside)),
        records.patch,
        records.classes,
        [],
        {},
        isolated,
    )
    with single_writer(folder) as warning:
        if warning is not None:
            notify(warning)
        known = _begin(folder, records, jobs, overwrite=overwrite)
        comparison.results.extend(_earlier(folder, known["entries"], jobs))
        for number, job in enumerate(jobs):
            label = job.entry.label
            notify(f"{label} ({number + 1} of {len(jobs)})")
            options = {"report": report, "progress": part_of(progress, number, len(jobs))}
            try:
                found = _finish(job, isolated=isolated, notify=notify, **options)
            except EntryError as error:
                comparison.failures[label] = str(error)
                notify(f"{label} failed: {error}")
                continue
            comparison.results.append(Result(**found))
            _write(comparison, known)
        _write(comparison, known)
        if comparison.results:
            _draw(comparison, records.spacing)
    return comparison


def check_comparison(
    entries,
    records_folder,
    folder,
    *,
    recipe,
    changes=(),
    palette="auto",
    turns="none",
    overwrite=False,
    **_,
):
    """Check that a comparison may be begun or gone on with, and change nothing.

    Parameters
    ----------
    entries, records_folder, folder, recipe, changes, palette, turns, overwrite
        As for `compare`; its other arguments are taken and change nothing.

    Raises
    ------
    ValueError
        As `compare` does before it trains anything.
    """
    folder, records = Path(folder), open_records(records_folder, verify=False)
    options = {"recipe": recipe, "changes": changes, "palette": palette, "turns": turns}
    jobs = _jobs(entries, records, folder, overwrite=overwrite, **options)
    _check_before(folder, _common(records), jobs, overwrite=overwrite)


def _jobs(entries, records, folder, *, overwrite, recipe, changes, palette, turns):
    """Say what is to be done with each entry."""
    earlier = {} if overwrite else read_json(folder / MARKER).get("entries", {})
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
        common = (records.folder, folder, split, outside, palette, keep, rarest)
        if entry.kind == ENSEMBLE:
            settings = {"kind": ENSEMBLE, "outside": outside, "members": _members(entry, known)}
        else:
            settings = _settings(entry, its, palette, outside)
        if turns != "none" and entry.kind not in (CLASSICAL, SEGMENTATION):
            settings[TURNS] = turns
        known[entry.label] = settings
        told = _trained_by(entry, recipe, changes)
        jobs.append(Job(entry, its, *common, settings, told, turns))
    return jobs


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
    counts = np.array([patch.seen(outside)[:-1] for patch in seen_patches(records, split, outside)])
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


def _begin(folder, records, jobs, *, overwrite):
    """Make the folder, or make sure that it is of the same records and trained alike."""
    common = _common(records)
    _check_before(folder, common, jobs, overwrite=overwrite)
    before = begin_study(folder, MARKER, common, kind=KIND, overwrite=overwrite) or {}
    known = before.get("entries", {})
    entries = {**known, **{job.entry.label: job.settings for job in jobs}}
    state = {**common, "entries": entries}
    if not before or entries != known:
        _write_marker(folder, {**before, **state})
    return state


def _common(records):
    """All that the entries have in common."""
    manifest = (records.folder / "manifest.json").read_bytes()
    sha256 = hashlib.sha256(manifest).hexdigest()
    return {"records_sha256": sha256, "backend": load_keras().backend.backend()}


def _check_before(folder, common, jobs, *, overwrite):
    """Make sure that a folder, if it is there, is of the same records and trained alike."""
    sha256 = common["records_sha256"]
    before = read_json(folder / MARKER)
    if before.get("records_sha256", sha256) != sha256 and not overwrite:
        raise ValueError(
            f"{folder} already exists with a comparison on other records ({before.get('records')}, "
            "or they were written again since); use another folder, or --overwrite"
        )
    before = check_study(folder, MARKER, common, kind=KIND, overwrite=overwrite) or {}
    known = before.get("entries", {})
    # one that failed before anything was trained may be mended
    trained = {
        job.entry.label: _training(job.settings)
        for job in jobs
        if job.entry.trained and (job.run.is_trained or job.measured.exists())
    }
    there = {label: _training(known[label]) for label in trained if label in known}
    refuse_changes(folder, there, {label: trained[label] for label in there}, kind=KIND)


def _training(settings):
    """Leave out of the settings what only the prediction depends on."""
    return {name: value for name, value in settings.items() if name != TURNS}


def _earlier(folder, entries, jobs):
    """Results of entries that an earlier call finished and this one does not name."""
    named = {job.entry.label for job in jobs}
    outside = jobs[0].outside
    found = [
        read_result(measured_folder(folder, label), settings)
        for label, settings in entries.items()
        if label not in named and settings["outside"] == outside
    ]
    return [Result(**result) for result in found if result is not None]


def _finish(job, *, isolated, notify, report, progress):
    """Do what is left of an entry; give its result."""
    found = read_result(job.measured, job.settings)
    if found is not None:
        notify(f"{job.entry.label} is finished")
        return found
    told = {"isolated": isolated, "notify": notify, "report": report, "progress": progress}
    if job.entry.trained:
        do_step(TRAIN, job, **told)
    return do_step(SCORE, job, **told)


def _write(comparison, known):
    """Write the numbers and the tables of what is finished."""
    _write_marker(comparison.folder, {**known, **comparison.to_dict()})
    if comparison.results:
        write_tables(comparison)


def _write_marker(folder, content):
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    write_text(folder / MARKER, text + "\n")


def _draw(comparison, spacing):
    """Draw the figures."""
    results, folder = comparison.results, comparison.folder
    for result in results:
        matrix = scores(np.array(result.scores["confusion_matrix"]), comparison.classes)
        path = folder / f"confusion_{result.label}.png"
        axes, data = plot_confusion_matrix(matrix), confusion_data(matrix)
        save_figure(axes, path, overwrite=True, data=data)
    times = [result.training_seconds for result in results]
    axes = plot_comparison(
        [result.label for result in results],
        [None if seconds is None else seconds / 60 for seconds in times],
        [result.seconds_per_slice for result in results],
        [result.of_classes("iou") for result in results],
        [result.miou for result in results],
        comparison.classes,
    )
    save_figure(axes[0], folder / "figure.png", overwrite=True)
    shown = {each.label: read_shown(measured_folder(folder, each.label)) for each in results}
    grey, truth, _ = next(iter(shown.values()))
    found = {label: parts[2] for label, parts in shown.items()}
    axes = plot_error_panel(grey, truth, found, comparison.classes, spacing=spacing)
    save_figure(axes[0, 0], folder / "panel.png", overwrite=True, dpi=200)
