"""The work on one trial: train it or what is left of it, score what came out."""

import shutil
import statistics
from pathlib import Path

from tomoseg_tf.records import open_records
from tomoseg_tf.studies.search.child import answer
from tomoseg_tf.studies.split_scores import score_weights
from tomoseg_tf.training import check_recipe, read_recipe, train
from tomoseg_tf.training.checkpoint import read_state
from tomoseg_tf.training.fit import TOO_LARGE
from tomoseg_tf.training.run import RunFolder
from tomoseg_tf.training.schedule import best_epoch, is_finished

SCORES = ("loss", "accuracy", "dice")


class _Stopped(Exception):  # noqa: N818 - no error, but the way out of an epoch
    """The trial is pruned."""


def train_trial(job, tell, notify):
    """Train a trial, or what is left of it.

    Parameters
    ----------
    job : dict
        ``recipe``, all settings; ``records`` and ``folder``, of the records and of the run;
        ``judge``, the records on whose validation split the best weights are scored, or None, and
        ``by``, the score that is taken there.
    tell : callable
        ``tell(epoch=..., value=..., last=..., ...)`` is called after every epoch, also for those of
        a run that is gone on with; the trial stops if it returns True.
    notify : callable
        ``notify(text)`` is called with notices.

    Returns
    -------
    dict
        ``state``, "complete" or "pruned"; ``value``, the best score of a complete one; ``facts``.

    Raises
    ------
    MemoryError
        If a batch does not fit into the memory.
    ValueError
        If the recipe does not suit the records, or the loss is no number any more.
    """
    recipe, run = check_recipe(job["recipe"]), RunFolder(Path(job["folder"]))
    score = f"val_{recipe.monitor}"
    history = []

    def hear(row, fresh=True):
        history.append(row)
        stops = tell(
            epoch=len(history),
            epochs=recipe.schedule.epochs,
            score=recipe.monitor,
            value=row[score],
            seconds=row["seconds"],
            last=is_finished(history, recipe),
            fresh=fresh,
        )
        if stops:
            raise _Stopped

    state = read_state(run.state)
    if state is not None:
        recipe = _by_the_same_name(recipe, run)
    try:
        for row in [] if state is None else state.history:
            hear(row, fresh=False)
        if state is None or not state.finished:
            del state  # its arrays
            train(recipe, job["records"], run.folder, notify=notify, report=hear)
    except _Stopped:
        return {"state": "pruned", "facts": _facts(history, None)}
    except ValueError as error:
        if TOO_LARGE in str(error):
            raise MemoryError(str(error)) from None
        raise
    best = best_epoch(history, score)
    if best is None:
        facts = {"reason": f"the validation {recipe.monitor} never was a number"}
        return {"state": "pruned", "facts": facts}
    facts = _facts(history, best)
    if job["judge"] is not None:
        facts["judged"] = judge(run.best(recipe.monitor), job["judge"], job["by"])
    return {"state": "complete", "value": history[best][score], "facts": facts}


def _by_the_same_name(recipe, run):
    """Call the weights that a run started from as it does, by whatever path they are seen now."""
    weights = read_recipe(run.folder / "recipe.yaml").model.weights
    return recipe.model_copy(update={"model": recipe.model.model_copy(update={"weights": weights})})


def judge(weights, records, by):
    """Score weights on the validation split of records.

    Parameters
    ----------
    weights : str or Path
        A weights folder.
    records : str or Path
        The records.
    by : {"accuracy", "dice"}
        The score; "dice" is the mean over the classes above the background that are there.

    Returns
    -------
    float or None
        None where it is undefined.
    """
    found = score_weights(weights, open_records(records, verify=False), "validation")
    if by == "accuracy":
        return found.accuracy
    known = [each.dice for each in found.classes[1:] if each.dice is not None]
    return statistics.fmean(known) if known else None


def tidy(folder, *, keep_weights):
    """Remove what an ended trial does not need any more, which is most of its bytes.

    Parameters
    ----------
    folder : Path
        Of the run; what is not there is no error.
    keep_weights : bool
        Whether the best weights stay; those of the last epoch go.
    """
    for path in (RunFolder(folder).state.parent, RunFolder(folder).final):
        shutil.rmtree(path, ignore_errors=True)
    for score in () if keep_weights else SCORES:
        shutil.rmtree(RunFolder(folder).best(score), ignore_errors=True)


def _facts(history, best):
    seconds = [row["seconds"] for row in history]
    facts = {"epochs": len(history), "seconds": round(sum(seconds), 3)}
    return facts if best is None else {**facts, "best_epoch": best + 1}


if __name__ == "__main__":
    answer(train_trial)
