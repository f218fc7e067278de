"""Runs of the studies that train several networks: gone on with, and what came out."""

import csv
from dataclasses import dataclass
from pathlib import Path

from tomoseg_tf.training import train
from tomoseg_tf.training.checkpoint import read_state
from tomoseg_tf.weights import open_weights


@dataclass(frozen=True)
class TrainedNet:
    """A finished run.

    Attributes
    ----------
    weights : Path
        Folder of the weights, of the epoch that was best by the recipe's monitor or of the last.
    parameters : int
        Trainable or not.
    seconds : list of float
        Of each epoch, validation included.
    scored_epoch : int
        Epoch of these weights, from 1.
    """

    weights: Path
    parameters: int
    seconds: list
    scored_epoch: int


def train_rest(run, recipe, records_folder, *, notify, report=None, progress=None):
    """Train a network, or what is left of it.

    Parameters
    ----------
    run : tomoseg_tf.training.run.RunFolder
        Folder of the run.
    recipe : Recipe
        All settings.
    records_folder : str or Path
        Records.
    notify, report, progress : callable
        As in `tomoseg_tf.training.train`.

    Returns
    -------
    bool
        False if the run was finished already.
    """
    state = read_state(run.state)
    if state is not None and state.finished:
        notify(f"{run.folder} is finished: {len(state.history)} epochs")
        return False
    train(recipe, records_folder, run.folder, notify=notify, report=report, progress=progress)
    return True


def open_trained(run, recipe, epoch="best"):
    """Read what a finished run gave.

    Parameters
    ----------
    run : tomoseg_tf.training.run.RunFolder
        Folder of the run.
    recipe : Recipe
        Its settings.
    epoch : {"best", "last"}
        Which weights: of the epoch with the best validation score by `recipe.monitor`, or of the
        last.

    Returns
    -------
    TrainedNet
        Its weights, and how long it took.

    Raises
    ------
    ValueError
        If no epoch is the best, or an earlier version did not keep the last.
    """
    weights = find_weights(run, recipe, epoch)
    fitted = open_weights(weights)
    with open(run.folder / "history.csv", newline="", encoding="utf-8") as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    number = fitted.config.scores[0]["epoch"]
    return TrainedNet(weights, fitted.count_parameters(), seconds, number)


def find_weights(run, recipe, epoch):
    """Find the weights of an epoch of a finished run.

    Parameters
    ----------
    run, recipe, epoch
        As for `open_trained`.

    Returns
    -------
    Path
        Their folder.

    Raises
    ------
    ValueError
        As `open_trained` does.
    """
    weights = run.best(recipe.monitor) if epoch == "best" else run.final
    if weights.is_dir():
        return weights
    if epoch == "last":
        raise ValueError(
            f"{run.folder}: trained by a version that did not keep the weights of the last epoch; "
            "remove this folder to train it again, or take the best epoch"
        )
    raise ValueError(
        f"{run.folder}: the validation {recipe.monitor} never was a number, so that no epoch is "
        "the best; set monitor to another score"
    )


def part_of(progress, number, total_parts):
    """Progress of one network as a part of that of all.

    Parameters
    ----------
    progress : callable or None
        ``progress(done, total)`` over all.
    number : int
        Which network it is, from 0.
    total_parts : int
        How many there are.

    Returns
    -------
    callable or None
        ``progress(done, total)`` of that network.
    """
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, total_parts * total)
