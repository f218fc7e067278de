"""Compare several ways to segment: train, fit or load them under one budget, score all alike."""

from pathlib import Path

from tomoseg_tf.records import open_records
from tomoseg_tf.studies.compare.beginning import (
    begin_comparison,
    check_networks,
    known_entries,
    write_marker,
)
from tomoseg_tf.studies.compare.figures import draw_figures
from tomoseg_tf.studies.compare.measured import measured_folder, read_result
from tomoseg_tf.studies.compare.plan import list_inputs, plan_jobs
from tomoseg_tf.studies.compare.process import SCORE, TRAIN, EntryError, do_step
from tomoseg_tf.studies.compare.result import Result
from tomoseg_tf.studies.compare.table import Comparison, write_tables
from tomoseg_tf.studies.runs import part_of
from tomoseg_tf.volume import single_writer


def compare(
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
    isolated=True,
    notify=None,
    report=None,
    progress=None,
):
    """Train, fit or load several ways to segment, score them alike and write their table.

    All are scored on the test split of the records, on the validation split if there is none. An
    interrupted comparison is gone on with: what is finished is neither trained
    nor scored again. Networks that cannot be trained on the records are refused before any is
    trained; an entry that fails then leaves the others alone and is tried again the next time.

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
    epoch : {"best", "last"}, optional
        Which weights of networks that are trained here are scored: those of the epoch that was
        best on the validation split by its recipe's `monitor`, or of the last.
    vote : bool, optional
        Whether each connected object of a patch is given the class that most of its voxels have
        before it is scored, whatever segmented it, see `tomoseg_tf.objects.vote_objects`. What lies
        outside the sample takes part.
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
        If the records, a recipe or weights cannot be read, a network does not suit the records,
        the folder is something else, a comparison of other records or trained by other settings,
        one to be removed that holds what is read, or in use by another process.
    """
    folder, notify = Path(folder), notify or (lambda text: None)
    records = open_records(records_folder)
    options = {"recipe": recipe, "changes": changes, "palette": palette}
    options |= {"turns": turns, "epoch": epoch, "vote": vote}
    jobs = plan_jobs(entries, records, folder, known_entries(folder, overwrite), **options)
    inputs = list_inputs(jobs, recipe)
    check_networks(jobs, overwrite)
    split = jobs[0].split
    comparison = Comparison(
        folder,
        str(records_folder),
        split,
        len(records.seen_patches(split, jobs[0].outside)),
        records.patch,
        records.classes,
        [],
        {},
        isolated,
    )
    with single_writer(folder) as warning:
        if warning is not None:
            notify(warning)
        known = begin_comparison(folder, records, jobs, overwrite=overwrite, inputs=inputs)
        comparison.results.extend(_earlier(folder, known["entries"], jobs, records, notify))
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
            draw_figures(comparison, records.spacing)
    return comparison


def _earlier(folder, entries, jobs, records, notify):
    """Results of entries that an earlier call finished and this one does not name."""
    named = {job.entry.label for job in jobs}
    found, others = [], {}
    for label, settings in entries.items():
        result = read_result(measured_folder(folder, label), settings)
        if label in named or result is None:
            continue
        if settings["outside"] == jobs[0].outside or not records.have_outside:
            found.append(Result(**result))
        else:
            others.setdefault(settings["outside"], []).append(label)
    for outside, labels in others.items():
        notify(
            f"not in the table: {', '.join(labels)}, scored with normalisation.outside {outside} "
            f"and thus on other voxels; --set normalisation.outside={outside} brings them back"
        )
    return found


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
    write_marker(comparison.folder, {**known, **comparison.to_dict()})
    if comparison.results:
        write_tables(comparison)
