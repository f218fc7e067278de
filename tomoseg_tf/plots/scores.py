"""Bars of scores, a group for each network or way to segment."""

import numpy as np

from tomoseg_tf.plots.figure import LEGEND_SIZE, TICK_SIZE, WIDTHS, label_axes, new_axes
from tomoseg_tf.plots.sizes import SERIES

WORDS = {"miou": "mIoU", "iou": "IoU", "bf1": "BF1"}
GROUP = 0.8  # of the height between two entries
MOST = 6  # scores drawn if none are chosen


def plot_scores(labels, scores, *, names=None, width="single", ax=None):
    """Draw scores of several networks as bars, as in Fig. 4(b) of Torbati-Sarraf et al. [1]_.

    Parameters
    ----------
    labels : (N,) sequence of str
        Names of the networks, drawn downwards.
    scores : dict from str to (N,) array_like of float
        Scores between 0 and 1, as `read_scores` gives them; NaN where one is not defined.
    names : sequence of str, optional
        Which ones to draw; by default the mean and the class IoUs, else Dice, recall and precision.
    width : {"single", "double"}
        Width of a new figure, see `figure_size`.
    ax : Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    Axes
        Scores to the right, with their values at the ends of the bars.

    Raises
    ------
    ValueError
        If there is no such score.

    References
    ----------
    .. [1] H. Torbati-Sarraf, S. Niverty, R. Singh, D. Barboza, V. De Andrade, P. Turaga and
       N. Chawla, "Machine-learning-based algorithms for automated image segmentation techniques of
       transmission x-ray microscopy (TXM)", JOM 73, 2021. doi:10.1007/s11837-021-04706-x
    """
    drawn = choose_scores(scores, names)
    places = np.arange(len(labels))
    height = GROUP / len(drawn)
    if ax is None:
        inches = 0.75 + len(labels) * max(0.3, 0.13 * len(drawn) + 0.06)
        ax = new_axes(size=(WIDTHS[width], inches))
    for index, name in enumerate(drawn):
        values = np.asarray(scores[name], float)
        middles = places + (index - (len(drawn) - 1) / 2) * height
        colour = SERIES[index % len(SERIES)]
        look = {"height": 0.92 * height, "color": colour, "label": score_label(name)}
        if index >= len(SERIES):
            look |= {"hatch": "///", "edgecolor": "white", "linewidth": 0}
        ax.barh(middles, np.nan_to_num(values), **look)
        for middle, value in zip(middles, values, strict=True):
            text = f"{value:.3f}" if np.isfinite(value) else "–"
            at = (np.nan_to_num(value), middle)
            place = {"xytext": (2, 0), "textcoords": "offset points", "va": "center"}
            ax.annotate(text, at, size=6, annotation_clip=False, **place)
    label_axes(ax, "Score", "")
    ax.set_xlim(0, 1)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_yticks(places, labels, size=TICK_SIZE)
    ax.tick_params(axis="y", length=0)
    ax.figure.legend(
        *ax.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=min(3 if width == "single" else 6, len(drawn)),
        fontsize=LEGEND_SIZE,
        frameon=False,
        handlelength=1.2,
    )
    return ax


def score_data(labels, scores, *, names=None):
    """Collect the data of `plot_scores`.

    Parameters
    ----------
    labels, scores, names
        As for `plot_scores`.

    Returns
    -------
    dict from str to sequence
        ``label`` and the scores that are drawn.
    """
    return {"label": labels} | {name: scores[name] for name in choose_scores(scores, names)}


def choose_scores(scores, names=None):
    """Choose which scores to draw.

    Parameters
    ----------
    scores : dict from str to (N,) array_like of float
        As `read_scores` gives them.
    names : sequence of str, optional
        Those that are wanted; "iou" stands for that of each class.

    Returns
    -------
    list of str
        Their names.

    Raises
    ------
    ValueError
        If there is no such score.
    """
    if names is None:
        found = [name for name in scores if name == "miou" or name.startswith("iou_")]
        found = found or [name for name in ("dice", "recall", "precision") if name in scores]
        return (found or list(scores))[:MOST]
    chosen = []
    for name in names:
        of_classes = [key for key in scores if key.startswith(f"{name}_")]
        if name not in scores and not of_classes:
            raise ValueError(f"the table has no score {name!r}; it has {', '.join(scores)}")
        chosen += [name] if name in scores else of_classes
    return list(dict.fromkeys(chosen))


def score_label(name):
    """Name a score in words.

    Parameters
    ----------
    name : str
        Such as "iou_large_precipitate".

    Returns
    -------
    str
        Such as "IoU, large precipitate".

    Examples
    --------
    >>> score_label("miou"), score_label("iou_pore")
    ('mIoU', 'IoU, pore')
    """
    score, _, of_class = name.partition("_")
    word = WORDS.get(score, score.capitalize())
    return f"{word}, {of_class.replace('_', ' ')}" if of_class else word
