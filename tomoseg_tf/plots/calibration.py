"""Reliability diagrams, and all that tells of a threshold in one figure."""

import numpy as np

from tomoseg_tf.plots.figure import (
    LEGEND_SIZE,
    TICK_SIZE,
    WIDTHS,
    figure_size,
    label_axes,
    new_axes,
)
from tomoseg_tf.plots.precision_recall import (
    by_name,
    drawn_places,
    plot_precision_recall,
    plot_threshold_scores,
)
from tomoseg_tf.plots.sizes import SERIES

MARKERS = "osD^v"
HEIGHT = 2.45  # inches


def plot_calibration(calibrations, *, ax=None):
    """Draw how often probabilities came true: on the diagonal they are what they say.

    Parameters
    ----------
    calibrations : Calibration, or dict of them by name
        Reliability diagrams.
    ax : Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    Axes
        Mean probabilities to the right, the share of objects upwards.
    """
    ax = new_axes(size=figure_size(ratio=0.9)) if ax is None else ax
    calibrations = by_name(calibrations)
    ax.plot([0, 1], [0, 1], color="#7f7f7f", lw=0.8, ls="--", zorder=1)
    for index, (name, one) in enumerate(calibrations.items()):
        known = one.voxels > 0
        look = {"color": SERIES[index % len(SERIES)], "marker": MARKERS[index % len(MARKERS)]}
        look |= {"ms": 3.5, "lw": 1.2, "clip_on": False, "label": name or None}
        ax.plot(one.mean_probability[known], one.frequency[known], **look)
    if len(calibrations) == 1:
        (one,) = calibrations.values()
        text = f"Brier score {one.brier_score:.2g}\nECE {one.expected_error:.2g}"
        place = {"xycoords": "axes fraction", "va": "top", "size": TICK_SIZE}
        ax.annotate(text, (0.05, 0.97), **place)
    else:
        ax.legend(fontsize=LEGEND_SIZE, frameon=False, loc="upper left")
    label_axes(ax, "Probability", "Share of objects")
    ax.set(xlim=(0, 1), ylim=(0, 1.005))
    return ax


def plot_threshold(curves, calibrations, *, best=None):
    """Draw all that tells of a threshold, as wide as a page.

    Parameters
    ----------
    curves : ThresholdCurve, or dict of them by name
        Scores at all thresholds.
    calibrations : Calibration, or dict of them by name
        Reliability diagrams.
    best : dict, optional
        As `ThresholdCurve.best` gives it.

    Returns
    -------
    (3,) ndarray of Axes
        Scores against the threshold, precision against recall, calibration.
    """
    axes = new_axes(1, 3, size=(WIDTHS["double"], HEIGHT))
    plot_threshold_scores(curves, best=best, ax=axes[0])
    plot_precision_recall(curves, best=best, ax=axes[1])
    plot_calibration(calibrations, ax=axes[2])
    return axes


def threshold_data(curves, calibrations):
    """Collect the data of `plot_threshold`.

    Parameters
    ----------
    curves, calibrations
        As for `plot_threshold`.

    Returns
    -------
    dict from str to (N,) ndarray
        Thresholds and scores, then the reliability diagrams, of several with ``_NAME``.
    """
    return curve_data(curves) | calibration_data(calibrations)


def curve_data(curves):
    """Collect the data of scores against the threshold, and of precision against recall.

    Parameters
    ----------
    curves
        As for `plot_threshold`.

    Returns
    -------
    dict from str to (N,) ndarray
        Thresholds and scores, of several with ``_NAME``.
    """
    data = {}
    for name, curve in by_name(curves).items():
        end, places = f"_{name}" if name else "", drawn_places(curve)
        data[f"threshold{end}"] = curve.thresholds[places]
        names = ("true_positives", "false_positives", "false_negatives")
        for column in (*names, "precision", "recall", "dice"):
            data[f"{column}{end}"] = np.asarray(getattr(curve, column))[places]
    return data


def calibration_data(calibrations):
    """Collect the data of `plot_calibration`.

    Parameters
    ----------
    calibrations
        As for `plot_calibration`.

    Returns
    -------
    dict from str to (N,) ndarray
        Ranges of probability, their voxels, mean probabilities and shares of objects, of several
        with ``_NAME``.
    """
    data = {}
    for name, one in by_name(calibrations).items():
        end = f"_{name}" if name else ""
        data[f"probability_from{end}"], data[f"probability_to{end}"] = one.edges[:-1], one.edges[1:]
        for column in ("voxels", "mean_probability", "frequency"):
            data[f"{column}{end}"] = getattr(one, column)
    return data
