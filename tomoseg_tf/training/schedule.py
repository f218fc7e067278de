"""What the history of a run decides: best epochs, learning rates, the end.

A history is a list with one dictionary of scores for each finished epoch. All
functions are pure, so that a resumed run decides as an uninterrupted one does.
"""

import math


def is_better(value, best, *, score, min_delta=0.0):
    """Tell whether a score improves on the best one so far.

    Parameters
    ----------
    value : float
        The new score; NaN is never better.
    best : float or None
        The best score so far; None if there is none.
    score : str
        Name of the score: a ``loss`` improves downwards, all others upwards.
    min_delta : float
        What an improvement must exceed.

    Returns
    -------
    bool
        True if it improves.
    """
    if math.isnan(value):
        return False
    if best is None:
        return True
    gain = best - value if score.endswith("loss") else value - best
    return gain > min_delta


def best_epoch(history, score, *, min_delta=0.0):
    """Find the epoch with the best score; the first of equal ones.

    Parameters
    ----------
    history : list of dict
        Scores of the finished epochs.
    score : str
        Key of the score, such as ``"val_dice"``.
    min_delta : float
        What an improvement must exceed.

    Returns
    -------
    int or None
        Index of the epoch from 0; None if the score was never a number.
    """
    best = None
    for index, row in enumerate(history):
        value = None if best is None else history[best][score]
        if is_better(row[score], value, score=score, min_delta=min_delta):
            best = index
    return best


def learning_rate(history, recipe):
    """Compute the learning rate of the epoch that follows a history.

    Parameters
    ----------
    history : list of dict
        Scores of the finished epochs.
    recipe : Recipe
        Gives the optimiser's rate, the schedule and the monitored score.

    Returns
    -------
    float
        The learning rate.
    """
    schedule, epoch = recipe.schedule, len(history)
    rate = recipe.optimiser.learning_rate
    if epoch < schedule.warm_up:
        return rate * (epoch + 1) / (schedule.warm_up + 1)
    if schedule.learning_rate == "cosine":
        length = max(schedule.epochs - 1 - schedule.warm_up, 1)
        done = min(max((epoch - schedule.warm_up) / length, _share_of_time(history, schedule)), 1.0)
        rate *= schedule.final + (1 - schedule.final) * (1 + math.cos(math.pi * done)) / 2
    if schedule.plateau is not None:
        score = f"val_{recipe.monitor}"
        rate *= schedule.plateau.factor ** _plateaus(history, score, schedule.plateau)
    return rate


def is_finished(history, recipe):
    """Tell whether a run has had all its epochs, or stops early.

    Parameters
    ----------
    history : list of dict
        Scores of the finished epochs.
    recipe : Recipe
        Gives the number of epochs, the minutes and the early stopping.

    Returns
    -------
    bool
        True if no epoch or no time is left to train, or the run stops early.
    """
    schedule, stopping = recipe.schedule, recipe.schedule.early_stopping
    if len(history) >= schedule.epochs:
        return True
    if schedule.minutes is not None and _seconds(history) >= 60 * schedule.minutes:
        return True
    if stopping is None or not history:
        return False
    best = best_epoch(history, f"val_{recipe.monitor}", min_delta=stopping.min_delta)
    waited = len(history) - (0 if best is None else best + 1)
    return waited >= stopping.patience


def freezes_batch_norm(history, recipe):
    """Tell whether batch normalisation is frozen in the epoch that follows a history.

    Parameters
    ----------
    history : list of dict
        Scores of the finished epochs.
    recipe : Recipe
        Gives the share from which on it is, the number of epochs and the minutes.

    Returns
    -------
    bool
        True if that share of the epochs or of the minutes is over.
    """
    schedule = recipe.schedule
    if schedule.freeze_batch_norm is None:
        return False
    done = len(history) / schedule.epochs
    if schedule.minutes is not None:  # unlike `_share_of_time` it never falls, so nothing thaws
        done = max(done, _seconds(history) / (60 * schedule.minutes))
    return done >= schedule.freeze_batch_norm


def ends_stage(history, recipe):
    """Tell whether the last epoch was the last one, or the last before the freezing.

    Parameters
    ----------
    history : list of dict
        Scores of the finished epochs.
    recipe : Recipe
        Gives the schedule and the monitored score.

    Returns
    -------
    bool
        True if the network cannot be fitted on as it was compiled.
    """
    frozen, freezes = (freezes_batch_norm(past, recipe) for past in (history[:-1], history))
    return is_finished(history, recipe) or frozen != freezes


def _seconds(history):
    return sum(row["seconds"] for row in history)


def _share_of_time(history, schedule):
    """Share of the minutes that is gone; 1 when one more epoch like the last would end them."""
    if schedule.minutes is None or not history:
        return 0.0
    before_the_last = 60 * schedule.minutes - history[-1]["seconds"]
    return _seconds(history) / before_the_last if before_the_last > 0 else 1.0


def _plateaus(history, score, plateau):
    """Count how often the score went `patience` epochs without improvement."""
    best, waited, count = None, 0, 0
    for row in history:
        if is_better(row[score], best, score=score, min_delta=plateau.min_delta):
            best, waited = row[score], 0
            continue
        waited += 1
        if waited == plateau.patience:
            count, waited = count + 1, 0
    return count
