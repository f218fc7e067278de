"""Search good settings of a recipe: many trials, the promising ones to their end."""

import hashlib
import shutil
import threading
from pathlib import Path

from tomoseg_tf.backend import load_keras
from tomoseg_tf.records import open_records
from tomoseg_tf.studies.child_process import visible_gpus
from tomoseg_tf.studies.search.beginning import begin_search, check_search, places_in
from tomoseg_tf.studies.search.book import COMPLETE, Book
from tomoseg_tf.studies.search.claims import Claims
from tomoseg_tf.studies.search.figures import draw_figures
from tomoseg_tf.studies.search.loop import run_trials
from tomoseg_tf.studies.search.own_settings import own_settings
from tomoseg_tf.studies.search.process import Trainer
from tomoseg_tf.studies.search.storage import check_storage, describe_storage, open_storage
from tomoseg_tf.studies.search.table import SearchResult, read_rows, write_tables
from tomoseg_tf.studies.search.work import tidy
from tomoseg_tf.training.recipe_file import changed_recipe
from tomoseg_tf.training.run import RunFolder
from tomoseg_tf.volume import staged_folder


def search(
    recipe,
    records_folder,
    folder,
    *,
    judge=None,
    start=None,
    storage=None,
    jobs=None,
    overwrite=False,
    trainer=Trainer,
    notify=None,
    progress=None,
):
    """Search the space of a recipe by asynchronous successive halving.

    Each trial is a training run in a process and a folder of its own, kept epoch by epoch. The same
    search may be killed at any moment and begun again, and several processes, on several hosts that
    share the folder, may work on it: a trial is gone on with after its last whole epoch, and none
    is trained twice. A trial that does not fit into the memory, or whose loss is no number any
    more, is pruned.

    Parameters
    ----------
    recipe : Recipe
        All settings, with the section `search`.
    records_folder : str or Path
        Records with a training and a validation split.
    folder : str or Path
        A new folder, or that of a search of the same settings and records; there may be more
        trials. It gets ``search.json``, a run folder for each trial in ``trials``, ``table.csv``,
        ``table.md``, ``values.png``, ``parameters.png``, and the best weights as ``best``.
    judge : (str or Path, str), optional
        Records, and "accuracy" or "dice": the best trial is the one whose weights score best on
        their validation split. By default it is the one with the best validation score.
    start : dict, optional
        What the weights of the recipe come from, for the settings that must not change, in place of
        their path: the folder may be reached by another one.
    storage : str, optional
        Where Optuna keeps the trials, see `tomoseg_tf.studies.search.storage.open_storage`; a
        journal in the folder by default.
    jobs : int, optional
        Trials that are trained at once; by default one for each GPU, and one without any.
    overwrite : bool
        Whether an existing search is removed with all its trials.
    trainer : callable
        Makes what trains the trials, as `tomoseg_tf.studies.search.process.Trainer` does.
    notify : callable, optional
        ``notify(text)`` is called with what happens to the trials.
    progress : callable, optional
        ``progress(done, total)`` is called with the number of ended trials.

    Returns
    -------
    SearchResult
        All trials.

    Raises
    ------
    ValueError
        If the recipe has no search, does not suit the records, the folder is something else, a
        search of other settings, or one to be removed that holds what is read, the storage is
        another file, or no trial came to its end.
    """
    folder, notify = Path(folder), notify or (lambda text: None)
    records = open_records(records_folder)
    check_search(recipe, records)
    check_storage(storage)
    gpus = visible_gpus()
    jobs = jobs or max(len(gpus), 1)
    settings = _settings(recipe, records, storage, judge=judge, start=start)
    inputs = [records_folder, judge and judge[0], *places_in(recipe)]
    marker = begin_search(folder, settings, overwrite=overwrite, inputs=inputs)
    book = _open_book(folder, marker["study"], recipe, storage)
    space = (folder, recipe, book, judge)
    trainers = trainer(
        lambda trial: _job(trial, *space, records_folder), jobs=jobs, gpus=gpus, notify=notify
    )
    tables = threading.Lock()

    def ended(trial, outcome):
        tidy(_run(folder, trial.number), keep_weights=outcome.state == COMPLETE)
        with tables:
            write_tables(_result(*space))

    told = {"ended": ended, "notify": notify, "progress": progress}
    run_trials(book, trainers, jobs=jobs, stop=trainers.stop, **told)
    result = _result(*space)
    with Claims(folder / ".claims").alone():
        _finish(result, recipe.search.to_dict())
    return result


def _settings(recipe, records, storage, *, judge, start):
    """All that decides a search but the number of its trials."""
    kept = recipe.to_dict()
    del kept["description"]
    if start is not None:
        kept["model"]["weights"] = None
    searched = {key: value for key, value in recipe.search.to_dict().items() if key != "trials"}
    judged = None if judge is None else {"records_sha256": _hash(judge[0]), "by": judge[1]}
    return {
        "records_sha256": _hash(records.folder),
        "backend": load_keras().backend.backend(),
        "storage": describe_storage(storage),
        "recipe": kept,
        "search": searched,
        "judge": judged,
        "start": start,
    }


def _hash(folder):
    return hashlib.sha256(Path(folder, "manifest.json").read_bytes()).hexdigest()


def _open_book(folder, name, recipe, storage):
    """Open the trials; those of the folder must be in the storage."""
    claims = Claims(folder / ".claims")
    told = {"falls": recipe.monitor == "loss", "own": own_settings(recipe)}
    book = Book(open_storage(storage, folder), name, claims, recipe.search.to_dict(), **told)
    if not book.trials() and any((folder / "trials").glob("[0-9]*")):
        raise ValueError(
            f"{folder} holds trials that {describe_storage(storage)} does not know; restore it, or "
            "start anew with --overwrite"
        )
    return book


def _run(folder, number):
    return folder / "trials" / f"{number:04d}"


def _job(trial, folder, recipe, book, judge, records_folder):
    """Say what a process is to do."""
    settings = changed_recipe(recipe, trial.settings, name=f"trial {trial.number}")
    records, by = (None, None) if judge is None else judge
    return {
        "recipe": settings.to_dict(),
        "records": str(records_folder),
        "folder": str(_run(folder, trial.number)),
        "judge": None if records is None else str(records),
        "by": by,
    }


def _result(folder, recipe, book, judge):
    """Sum up the trials so far."""
    rows = read_rows(book)
    most = max((max(row.values, default=0) for row in rows), default=0)
    rung, rungs = recipe.search.min_epochs, []
    while rung < most:
        rungs.append(rung)
        rung *= recipe.search.reduction_factor
    return SearchResult(folder, rows, recipe.monitor, None if judge is None else judge[1], rungs)


def _finish(result, searched):
    """Write tables and figures, export the best weights, and remove what is left over."""
    for row in result.rows:
        tidy(_run(result.folder, row.number), keep_weights=row.state == "complete")
    for left in (result.folder / "trials").glob(".*.lock"):
        left.unlink(missing_ok=True)
    write_tables(result)
    if result.best is None:
        reasons = [row.facts["reason"] for row in result.rows if "reason" in row.facts]
        why = f"; the last reason: {reasons[-1]}" if reasons else ""
        raise ValueError(f"{result.folder}: no trial came to its end{why}")
    draw_figures(result, searched)
    export(RunFolder(_run(result.folder, result.best.number)).best(result.monitor), result.weights)


def export(weights, target):
    """Copy a weights folder in place of another one, unless that is the same.

    Parameters
    ----------
    weights, target : Path
        The folder, and the copy.
    """
    sums = target / "SHA256SUMS"
    if sums.is_file() and sums.read_bytes() == (weights / "SHA256SUMS").read_bytes():
        return
    with staged_folder(target, overwrite=True, marker="SHA256SUMS") as partial:
        shutil.copytree(weights, partial, dirs_exist_ok=True)
