"""Begin a comparison in its folder, or go on with one: what must be alike, what is refused."""

import hashlib
import json
from pathlib import Path

from tomoseg_tf.backend import load_keras
from tomoseg_tf.records import open_records
from tomoseg_tf.studies.checking import check_trainings
from tomoseg_tf.studies.compare.measured import TRAINING, read_json
from tomoseg_tf.studies.compare.plan import SCORING, list_inputs, plan_jobs
from tomoseg_tf.studies.runs import find_weights
from tomoseg_tf.studies.study_folder import begin_study, check_study, refuse_changes, write_text
from tomoseg_tf.volume import single_writer

MARKER = "comparison.json"
KIND = "a comparison"


def check_comparison(
    entries,
    records_folder,
    folder,
    *,
    recipe,
    changes=(),
    palette="auto",
    turns="none",
    epoch="best",
    vote=False,
    overwrite=False,
    **_,
):
    """Check that a comparison may be begun or gone on with, and change nothing.

    Parameters
    ----------
    entries, records_folder, folder, recipe, changes, palette, turns, epoch, vote, overwrite
        As for `tomoseg_tf.studies.compare.study.compare`; its other arguments change nothing.

    Raises
    ------
    ValueError
        As that function does before it trains anything.
    """
    folder, records = Path(folder), open_records(records_folder, verify=False)
    options = {"recipe": recipe, "changes": changes, "palette": palette}
    options |= {"turns": turns, "epoch": epoch, "vote": vote}
    jobs = plan_jobs(entries, records, folder, known_entries(folder, overwrite), **options)
    inputs = list_inputs(jobs, recipe)
    _check_before(folder, _common(records), jobs, overwrite=overwrite, inputs=inputs)
    check_networks(jobs, overwrite)


def replace_comparison(records_folder, folder):
    """Put a new comparison in place of one that may be replaced, as `check_comparison` tells.

    Parameters
    ----------
    records_folder : str or Path
        Records.
    folder : Path
        Of both; it need not exist.
    """
    common = _common(open_records(records_folder, verify=False))
    with single_writer(folder):
        begin_study(folder, MARKER, common, kind=KIND, overwrite=True)


def begin_comparison(folder, records, jobs, *, overwrite, inputs):
    """Make the folder, or make sure that it is of the same records and trained alike.

    Parameters
    ----------
    folder : Path
        Of the comparison.
    records : Records
        What the entries are trained and scored on.
    jobs : list of Job
        The entries of this call.
    overwrite : bool
        Whether an existing comparison is removed.
    inputs : sequence of (str, Path or None)
        What is read, see `tomoseg_tf.studies.study_folder.begin_study`.

    Returns
    -------
    dict
        What the comparison file holds of the settings: under ``entries`` those of this and of
        earlier calls, by label.
    """
    common, options = _common(records), {"overwrite": overwrite, "inputs": inputs}
    _check_before(folder, common, jobs, **options)
    before = begin_study(folder, MARKER, common, kind=KIND, **options) or {}
    known = before.get("entries", {})
    entries = {**known, **{job.entry.label: job.settings for job in jobs}}
    state = {**common, "entries": entries}
    if not before or entries != known:
        write_marker(folder, {**before, **state})
    return state


def known_entries(folder, overwrite):
    """Read the settings of the entries that an earlier call began, by label; none if they go."""
    return {} if overwrite else read_json(folder / MARKER).get("entries", {})


def check_networks(jobs, overwrite):
    """Refuse networks that cannot be trained; those that were begun have been checked before."""
    for job in () if overwrite else jobs:
        done = job.run.state.exists() and (job.measured / TRAINING).exists()
        if job.entry.trained and job.epoch == "last" and done:
            find_weights(job.run, job.recipe, job.epoch)
    check_trainings(
        [
            (job.entry.label, [job.recipe], job.records)
            for job in jobs
            if job.entry.trained and (overwrite or not _is_begun(job))
        ]
    )


def write_marker(folder, content):
    """Write the file that makes a folder one of a comparison."""
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    write_text(folder / MARKER, text + "\n")


def _is_begun(job):
    """Tell whether anything that a job has taken time for would be lost."""
    return job.run.is_trained or job.measured.exists()


def _common(records):
    """All that the entries have in common."""
    manifest = (records.folder / "manifest.json").read_bytes()
    sha256 = hashlib.sha256(manifest).hexdigest()
    return {"records_sha256": sha256, "backend": load_keras().backend.backend()}


def _check_before(folder, common, jobs, *, overwrite, inputs):
    """Make sure that a folder, if it is there, is of the same records and trained alike."""
    sha256 = common["records_sha256"]
    before = read_json(folder / MARKER)
    if before.get("records_sha256", sha256) != sha256 and not overwrite:
        raise ValueError(
            f"{folder} already exists with a comparison on other records ({before.get('records')}, "
            "or they were written again since); use another folder, or --overwrite"
        )
    options = {"kind": KIND, "overwrite": overwrite, "inputs": inputs}
    before = check_study(folder, MARKER, common, **options) or {}
    known = before.get("entries", {})
    begun = [job for job in jobs if _is_begun(job)]  # one that failed before that may be mended
    for job in begun:
        _refuse_another_kind(folder, job, known.get(job.entry.label, job.settings)["kind"])
    trained = {job.entry.label: _training(job.settings) for job in begun if job.entry.trained}
    there = {label: _training(known[label]) for label in trained if label in known}
    refuse_changes(folder, there, {label: trained[label] for label in there}, kind=KIND)


def _refuse_another_kind(folder, job, kind):
    """Refuse a label that another kind of entry has, which could not be named any more."""
    label = job.entry.label
    if job.settings["kind"] != kind:
        raise ValueError(
            f"{folder}: the label {label} is there already, of another kind ({kind}, here "
            f"{job.settings['kind']}); give the new entry another one, as in other={label}"
        )


def _training(settings):
    """Leave out of the settings what only the prediction depends on."""
    return {name: value for name, value in settings.items() if name not in SCORING}
