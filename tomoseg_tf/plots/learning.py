"""Learning curves: the scores of the epochs of one or several runs."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tomoseg_tf.plots.figure import LEGEND_SIZE, WIDTHS, label_axes, new_axes, save_figure
from tomoseg_tf.plots.history import FILE, read_history
from tomoseg_tf.plots.sizes import SERIES

SCORES = ("loss", "dice")
FALLING = ("loss",)  # scores of which less is better
LOG = 30  # a loss that falls by that factor is drawn on a logarithmic axis


def plot_learning_curves(histories, *, scores=SCORES, ax=None):
    """Draw scores of training and validation by epoch, the best epoch of each marked.

    Parameters
    ----------
    histories : dict, list of dict, or dict of them by name
        A history as `read_history` gives it, or as a list with one dict for each epoch; or several
        of them by the names of their runs.
    scores : sequence of str
        Which ones, such as "loss", "dice" and "accuracy", each in an Axes of its own.
    ax : Axes or sequence of Axes, optional
        Where to draw the first scores; a new figure by default.

    Returns
    -------
    Axes or (S,) ndarray of Axes
        Epochs to the right; one Axes if `ax` is one, or there is but one score.

    Raises
    ------
    ValueError
        If there is no history, or one lacks a score.
    """
    runs = _by_name(histories)
    given = None if ax is None else np.atleast_1d(ax)
    scores = scores if given is None else scores[: len(given)]
    for score in scores:
        for name, history in runs.items():
            if score not in history:
                known = ", ".join(key for key in history if f"val_{key}" in history)
                raise ValueError(f"history {name or 'of the run'} has no score {score}; of {known}")
    if given is None:
        width = WIDTHS["double" if len(scores) > 1 else "single"]
        given = np.atleast_1d(new_axes(1, len(scores), size=(width, 2.5)))
    for one, score in zip(given, scores, strict=True):
        for index, (name, history) in enumerate(runs.items()):
            _draw(one, history, score, SERIES[index % len(SERIES)], name)
        _dress(one, runs, score)
    _explain(given[0], runs)
    return given[0] if len(given) == 1 else given


def draw_learning(folder, *, notify):
    """Draw ``learning.png`` into the folder of a finished run, whose ``history.csv`` is its data.

    Parameters
    ----------
    folder : Path
        Run folder; without a history nothing is drawn.
    notify : callable
        ``notify(text)`` is called if the figure cannot be drawn, which is no reason to fail.
    """
    try:
        if (folder / FILE).is_file():
            axes = plot_learning_curves(read_history(folder))
            save_figure(axes[0], folder / "learning.png", overwrite=True, dpi=200)
    except (OSError, ValueError) as error:
        notify(f"learning.png was not drawn: {error}")


def learning_data(histories):
    """Collect the data of `plot_learning_curves`: all columns of all histories, one after another.

    Parameters
    ----------
    histories : dict, list of dict, or dict of them by name
        As for `plot_learning_curves`.

    Returns
    -------
    dict from str to list
        Column ``run`` with the names, then those of the histories.
    """
    runs = _by_name(histories)
    names = list(dict.fromkeys(key for history in runs.values() for key in history))
    data = {"run": []} | {name: [] for name in names}
    for run, history in runs.items():
        epochs = len(history["epoch"])
        data["run"] += [run] * epochs
        for name in names:
            data[name] += np.asarray(history.get(name, np.full(epochs, np.nan))).tolist()
    return data


def _by_name(histories):
    """Histories as columns, by the names of their runs."""
    if not histories:
        raise ValueError("learning curves of what? give the history of at least one run")
    if isinstance(histories, list) or "epoch" in histories:
        histories = {"": histories}
    return {name: _columns(name, history) for name, history in histories.items()}


def _columns(name, history):
    """Columns of a history."""
    if isinstance(history, list):
        history = {key: [row[key] for row in history] for key in history[0]} if history else {}
    if "epoch" not in history or not len(history["epoch"]):
        raise ValueError(f"history {name or 'of the run'} has no finished epoch")
    return {key: np.asarray(values) for key, values in history.items()}


def _draw(ax, history, score, colour, name):
    """Draw training and validation, and mark the best epoch by the latter."""
    epochs = history["epoch"]
    ax.plot(epochs, history[score], color=colour, lw=0.9, ls=(0, (2, 1.2)), label="_training")
    validation = history.get(f"val_{score}")
    if validation is None:
        return
    look = {"marker": "o", "ms": 2.5} if len(epochs) < 3 else {}
    ax.plot(epochs, validation, color=colour, lw=1.3, label=name or "validation", **look)
    known = np.flatnonzero(np.isfinite(validation))
    if len(known):
        values = validation[known]
        best = known[np.argmin(values) if score in FALLING else np.argmax(values)]
        look = {"marker": "*", "ms": 9, "mec": "black", "mew": 0.5, "color": colour, "ls": "none"}
        ax.plot(epochs[best], validation[best], zorder=4, clip_on=False, label="_best", **look)


def _dress(ax, runs, score):
    """Label the axes, and choose their ranges."""
    label_axes(ax, "Epoch", score.replace("_", " ").capitalize())
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    keys = (score, f"val_{score}")
    values = np.concatenate([history[key] for history in runs.values() for key in keys
                             if key in history])  # fmt: skip
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and score in FALLING:
        if values.max() > LOG * values.min():
            ax.set_yscale("log")
    elif len(values) and score not in FALLING and values.min() >= 0 and values.max() <= 1:
        ax.set_ylim(0, 1.02)
    ax.grid(axis="y", alpha=0.3, lw=0.5)


def _explain(ax, runs):
    """Explain the lines below or in the first Axes."""
    neutral = "#333333" if len(runs) > 1 else SERIES[0]
    named = [name for name in runs if name] if len(runs) > 1 else []
    handles = [
        Line2D([], [], color=SERIES[index % len(SERIES)], lw=2, label=name)
        for index, name in enumerate(named)
    ]
    star = {"marker": "*", "ms": 8, "mec": "black", "mew": 0.5, "ls": "none"}
    handles += [
        Line2D([], [], color=neutral, lw=0.9, ls=(0, (2, 1.2)), label="training"),
        Line2D([], [], color=neutral, lw=1.3, label="validation"),
        Line2D([], [], color=neutral, label="best epoch", **star),
    ]
    ax.legend(handles=handles, fontsize=LEGEND_SIZE, frameon=False)
