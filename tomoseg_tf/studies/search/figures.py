"""The figures of a search."""

import math

import optuna
from optuna.trial import TrialState, create_trial

from tomoseg_tf.plots import plot_parameters, plot_values, save_figure
from tomoseg_tf.studies.search.proposals import Space
from tomoseg_tf.studies.search.table import short_names

FEWEST = 8  # trials that an importance is told from


def draw_figures(result, search):
    """Write ``values.png`` and ``parameters.png`` into the folder of a search.

    Parameters
    ----------
    result : SearchResult
        Its trials.
    search : dict
        As `tomoseg_tf.training.search_space.Search.to_dict` gives it.
    """
    rows, best = result.rows, result.best
    complete = [row.state == "complete" for row in rows]
    place = None if best is None else rows.index(best)
    curves = [row.values for row in rows]
    ax = plot_values(curves, complete, place, rungs=result.rungs, score=result.monitor)
    save_figure(ax, result.folder / "values.png", overwrite=True, dpi=200)
    names = dict(zip(search["space"], short_names(list(search["space"])), strict=True))
    shares = importance(rows, search, falls=result.falls)
    axes = plot_parameters(
        {name: [row.settings[key] for row in rows] for key, name in names.items()},
        [_reached(row, falls=result.falls) for row in rows],
        complete,
        place,
        logarithmic=[names[key] for key, each in search["space"].items() if "log_range" in each],
        shares=None if shares is None else {names[key]: share for key, share in shares.items()},
        score=result.monitor,
    )
    save_figure(axes[0], result.folder / "parameters.png", overwrite=True, dpi=200)


def importance(rows, search, *, falls=False):
    """Tell how much each setting matters for the score after the first epochs.

    That score is the only one that all trials have: of the later ones only those of the better
    trials are known.

    Parameters
    ----------
    rows : list of Row
        The trials.
    search : dict
        As for `draw_figures`.
    falls : bool
        Whether the score improves downwards.

    Returns
    -------
    dict of str to float or None
        Shares that add up to 1, by dotted key; None from too few trials, or equal ones.
    """
    space, epoch = Space(search["space"]), search["min_epochs"]
    scores = {row.number: row.values.get(epoch, math.nan) for row in rows}
    known = [row for row in rows if math.isfinite(scores[row.number])]
    if len(known) < FEWEST or len({scores[row.number] for row in known}) < 2:
        return None
    study = optuna.create_study(direction="minimize" if falls else "maximize")
    for row in known:
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE,
                params=space.encode(row.settings),
                distributions=dict(space.distributions),
                value=scores[row.number],
            )
        )
    shares = optuna.importance.get_param_importances(study)
    return shares if sum(shares.values()) > 0 else None


def _reached(row, *, falls):
    """Best score of a trial, as far as it came."""
    known = [value for value in row.values.values() if math.isfinite(value)]
    return (min(known) if falls else max(known)) if known else None
