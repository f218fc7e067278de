"""Precision against recall at all thresholds, and the scores against the threshold."""

import numpy as np
from matplotlib.lines import Line2D

from tomoseg_tf.plots.figure import LEGEND_SIZE, figure_size, label_axes, new_axes
from tomoseg_tf.plots.sizes import SERIES

POINTS = 1000
STAR = {"marker": "*", "ms": 9, "mec": "black", "mew": 0.5, "ls": "none", "zorder": 5}


def plot_precision_recall(curves, *, best=None, ax=None):
    """Draw precision against recall.

    Parameters
    ----------
    curves : ThresholdCurve, or dict of them by name
        Scores at all thresholds.
    best : dict, optional
        As `ThresholdCurve.best` gives it, of one curve: marked by a star.
    ax : Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    Axes
        Recall to the right, from recall 0 with precision 1 on; a dotted line is the precision of
        probabilities at random.
    """
    ax = new_axes(size=figure_size(ratio=0.9)) if ax is None else ax
    curves = by_name(curves)
    for index, (name, curve) in enumerate(curves.items()):
        colour, places = SERIES[index % len(SERIES)], drawn_places(curve)
        drawn = {"color": colour, "lw": 1.3, "clip_on": False}
        recall, precision = curve.recall[places], curve.precision[places]
        known = np.isfinite(precision)  # above the highest probability nothing is found
        recall, precision = np.append(recall[known], 0), np.append(precision[known], 1)
        ax.plot(recall, precision, label=name or None, **drawn)
        share = curve.counts.objects / curve.counts.voxels
        ax.axhline(share, color=colour, lw=0.8, ls=":", zorder=1)
    if best is not None and best["precision"] is not None:
        ax.plot(best["recall"], best["precision"], color=SERIES[0], clip_on=False, **STAR)
    label_axes(ax, "Recall", "Precision")
    ax.set(xlim=(0, 1), ylim=(0, 1.005))
    handles = ax.get_legend_handles_labels()[0] if len(curves) > 1 else []
    handles.append(Line2D([], [], color="#333333", lw=0.8, ls=":", label="at random"))
    ax.legend(handles=handles, fontsize=LEGEND_SIZE, frameon=False, loc="best")
    return ax


def plot_threshold_scores(curves, *, best=None, ax=None):
    """Draw Dice, precision and recall against the threshold; of several curves the Dice.

    Parameters
    ----------
    curves, best, ax
        As for `plot_precision_recall`.

    Returns
    -------
    Axes
        Thresholds to the right.
    """
    ax = new_axes(size=figure_size(ratio=0.9)) if ax is None else ax
    curves = by_name(curves)
    for index, (name, curve) in enumerate(curves.items()):
        places = drawn_places(curve)
        places = places[curve.thresholds[places] < 1]
        alone = len(curves) == 1
        scores = ("dice", "precision", "recall") if alone else ("dice",)
        styles = zip(SERIES if alone else (SERIES[index % len(SERIES)],), ("-", "--", "-."),
                     strict=False)  # fmt: skip
        for score, (colour, style) in zip(scores, styles, strict=False):
            label = score.capitalize() if alone else name
            look = {"color": colour, "ls": style, "lw": 1.2, "label": label}
            ax.plot(curve.thresholds[places], getattr(curve, score)[places], **look)
    if best is not None and best["dice"] is not None:
        ax.axvline(best["threshold"], color="#7f7f7f", lw=0.8, zorder=1)
        name = f"best by {best['by']}: {best['threshold']:.3g}"
        ax.plot(best["threshold"], best["dice"], color=SERIES[0], label=name, **STAR)
    label_axes(ax, "Threshold", "Score" if len(curves) == 1 else "Dice")
    ax.set(xlim=(0, 1), ylim=(0, 1.005))
    ax.legend(fontsize=LEGEND_SIZE, frameon=False, loc="best")
    return ax


def drawn_places(curve):
    """Choose the places of a curve that are drawn.

    Parameters
    ----------
    curve : ThresholdCurve
        Scores at all thresholds.

    Returns
    -------
    (N,) ndarray of int
        Where something changes, at most some 1000 of them, evenly along the curves.
    """
    true, false = curve.true_positives, curve.false_positives
    changed = np.flatnonzero(np.diff(true, prepend=-1) | np.diff(false, prepend=-1))
    changed = np.unique(np.concatenate([changed, np.maximum(changed - 1, 0), [len(true) - 1]]))
    if len(changed) <= POINTS:
        return changed
    scores = np.stack([curve.recall, np.nan_to_num(curve.precision), curve.thresholds])[:, changed]
    length = np.concatenate([[0], np.cumsum(np.abs(np.diff(scores, axis=1)).sum(axis=0))])
    wanted = np.linspace(0, length[-1], POINTS)
    return changed[np.unique(np.searchsorted(length, wanted).clip(0, len(changed) - 1))]


def by_name(one_or_several):
    """Take one thing, or several by name, as several.

    Parameters
    ----------
    one_or_several : object or dict
        What is drawn.

    Returns
    -------
    dict from str to object
        With the name "" for one.
    """
    return one_or_several if isinstance(one_or_several, dict) else {"": one_or_several}
