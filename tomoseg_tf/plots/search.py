"""How the trials of a search went: their scores by epoch, and what they depend on."""

import math

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from tomoseg_tf.plots.figure import new_axes

COMPLETE, PRUNED, BEST = "#4c78a8", "#9a9a9a", "#e45756"
COLUMNS = 3
WIDE = 1.5  # decades from which on powers of ten are marks enough
JITTER = 0.5  # width over which points of one choice are spread


def plot_values(curves, complete, best, *, rungs=(), score="dice", ax=None):
    """Draw the validation score of each trial by epoch.

    Parameters
    ----------
    curves : sequence of dict of int to float
        Score by epoch of each trial.
    complete : sequence of bool
        Whether it came to its end; the others end in a cross.
    best : int or None
        Index of the best one.
    rungs : sequence of int
        Epochs after which trials are pruned, drawn as dotted lines.
    score : str
        Name of the score.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        Epochs to the right, the score upwards.
    """
    ax = new_axes(size=(5.2, 3.4)) if ax is None else ax
    for rung in rungs:
        ax.axvline(rung, color="k", lw=0.6, ls=":", alpha=0.6, zorder=0)
    for index, (curve, whole) in enumerate(zip(curves, complete, strict=True)):
        if not curve:
            continue
        epochs, values = zip(*sorted(curve.items()), strict=True)
        colour = BEST if index == best else COMPLETE if whole else PRUNED
        look = {"color": colour, "lw": 2.0 if index == best else 1.0, "alpha": 0.9}
        order = 4 if index == best else 3 if whole else 2
        ax.plot(epochs, values, zorder=order, **look)
        mark = {"marker": "o" if whole else "x", "ms": 4.5, "color": colour, "mew": 1.0}
        ax.plot(epochs[-1], values[-1], zorder=order + 1, **mark)
    _legend(ax, best)
    ax.set_xlabel("Epoch", size=8.5)
    ax.set_ylabel(f"Validation {score}", size=8.5)
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    ax.tick_params(labelsize=7.5)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def plot_parameters(settings, scores, complete, best, *, logarithmic=(), shares=None, score="dice"):
    """Draw the score of each trial against each setting that was searched.

    Parameters
    ----------
    settings : dict of str to sequence
        Values of each setting, one for each trial; numbers, or choices of any kind.
    scores : sequence of float or None
        The best score of each trial so far as it came.
    complete : sequence of bool
        Whether it came to its end; the others are hollow.
    best : int or None
        Index of the best one.
    logarithmic : sequence of str
        Settings with a logarithmic axis.
    shares : dict of str to float, optional
        Importance of each setting, drawn as bars in an Axes of their own.
    score : str
        Name of the score.

    Returns
    -------
    (N,) ndarray of Axes
        One for each setting, and one for the importance.
    """
    count = len(settings) + (shares is not None)
    columns = min(count, COLUMNS)
    rows = math.ceil(count / columns)
    size = (2.35 * columns + 0.5, 2.2 * rows + 0.3)
    axes = np.atleast_1d(new_axes(rows, columns, size=size)).ravel()
    values = np.array([np.nan if each is None else each for each in scores], float)
    for index, (ax, (name, tried)) in enumerate(zip(axes, settings.items(), strict=False)):
        _scatter(ax, tried, values, np.array(complete, bool), best, name in logarithmic)
        ax.set_xlabel(name, size=8)
        if index % columns == 0:
            ax.set_ylabel(f"Validation {score}", size=8)
    if shares is not None:
        _bars(axes[len(settings)], shares)
    for ax in axes[count:]:
        ax.remove()
    for ax in axes[:count]:
        ax.tick_params(labelsize=7)
        ax.spines[["top", "right"]].set_visible(False)
    return axes[:count]


def _scatter(ax, tried, values, complete, best, logarithmic):
    """Draw the trials over one setting."""
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in tried)
    if numeric:
        places = np.array(tried, float)
        if logarithmic:
            ax.set_xscale("log")
            decades = np.log10(places.max() / places.min())
            subs = (1, 3) if decades < WIDE else (1,)
            ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=5))
            ax.xaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_minor_formatter(NullFormatter())
        elif len(set(tried)) <= 6:
            ax.set_xticks(sorted(set(tried)))
        else:
            ax.xaxis.set_major_locator(MaxNLocator(5))
    else:
        names = [_name(value) for value in tried]
        order = sorted(set(names), key=lambda name: (len(name), name))
        spread = JITTER * ((np.arange(len(names)) * 0.618) % 1 - 0.5)
        places = np.array([order.index(name) for name in names]) + spread
        ax.set_xticks(range(len(order)), order, rotation=20 if len("".join(order)) > 18 else 0)
        ax.set_xlim(-0.6, len(order) - 0.4)
    hollow = {"facecolors": "none", "edgecolors": PRUNED}
    ax.scatter(places[~complete], values[~complete], s=16, lw=0.9, **hollow)
    ax.scatter(places[complete], values[complete], s=18, color=COMPLETE)
    if best is not None:
        ax.scatter(places[best], values[best], s=60, marker="*", color=BEST, zorder=4)


def _bars(ax, shares):
    """Draw the importance of the settings."""
    names = sorted(shares, key=shares.get)
    ax.barh(range(len(names)), [shares[name] for name in names], height=0.6, color="#c9c9c9")
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("Importance (PED-ANOVA)", size=8)
    ax.set_xlim(0, 1)


def _legend(ax, best):
    """Explain lines and marks."""
    kinds = [("pruned", PRUNED, "x"), ("complete", COMPLETE, "o"), ("best", BEST, "o")]
    handles = [
        Line2D([], [], color=colour, marker=mark, ms=4.5, lw=1.2, label=name)
        for name, colour, mark in (kinds if best is not None else kinds[:2])
    ]
    ax.legend(handles=handles, fontsize=7.5, frameon=False)


def _name(value):
    """Name a choice in a few characters."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_name(each)}" for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return "×".join(_name(each) for each in value)
    if value is None:
        return "none"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
