"""How well objects were found, by their size, as a figure."""

import math

from tomoseg_tf.plots.scores import plot_scores

NAMES = ("precision", "recall", "f1")


def plot_detection(summary, *, width="single", ax=None):
    """Draw precision, recall and F1 of objects, of all and by equivalent radius.

    Parameters
    ----------
    summary : dict
        As `tomoseg_tf.evaluation.summarise_detection` gives it.
    width, ax
        As for `tomoseg_tf.plots.plot_scores`.

    Returns
    -------
    Axes
        Scores to the right, size classes downwards, each with its true and predicted objects.
    """
    data = detection_data(summary)
    numbers = zip(data["radius"], data["true_objects"], data["predicted_objects"], strict=True)
    labels = [f"{size}\n{true:,} / {found:,}" for size, true, found in numbers]
    scores = {name: data[name] for name in NAMES}
    ax = plot_scores(labels, scores, names=NAMES, width=width, ax=ax)
    ax.set_ylabel("Radius (voxels), true / predicted objects", size=7)
    return ax


def detection_data(summary):
    """Collect the data of `plot_detection`.

    Parameters
    ----------
    summary : dict
        As for `plot_detection`.

    Returns
    -------
    dict from str to list
        ``radius`` in words, ``true_objects``, ``predicted_objects``, ``missed``, ``found`` and the
        scores, NaN where one is not defined: a row for all objects and one for each size class.
    """
    rows = [("all", summary), *((size_label(one), one) for one in summary["by_radius"])]
    data = {"radius": [name for name, _ in rows]}
    for name in ("true_objects", "predicted_objects", "missed", "found"):
        data[name] = [row[name] for _, row in rows]
    for name in (*NAMES, "mean_iou"):
        data[name] = [math.nan if row[name] is None else row[name] for _, row in rows]
    return data


def size_label(one):
    """Say which radii a size class has.

    Parameters
    ----------
    one : dict
        With ``low`` and ``high``, None for no end.

    Returns
    -------
    str
        Such as "2 to 5".
    """
    if one["high"] is None:
        return f"{one['low']:g} and more"
    return f"{one['low']:g} to {one['high']:g}" if one["low"] else f"below {one['high']:g}"
