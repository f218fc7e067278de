"""Tracks of objects through a series: growth curves, and what happens at each step."""

import numpy as np
from matplotlib.ticker import FixedLocator, MaxNLocator

from tomoseg_tf.class_colours import COLOURS
from tomoseg_tf.plots.figure import new_axes

SHOWN = 200  # curves drawn one by one
EVENTS = ("appeared", "vanished", "merged", "split")
MARKERS = "^vsD"


def plot_tracks(columns, steps, *, unit="um"):
    """Draw the radius of each track over time, and the objects and events of each step.

    Parameters
    ----------
    columns : dict from str to (N,) ndarray
        Columns of a series of objects, a row per object and step.
    steps : sequence of dict
        For each step its ``time``, ``objects`` and events.
    unit : str
        "um" or "voxels".

    Returns
    -------
    (3,) ndarray of Axes
        Growth curves, objects by step, events by step.
    """
    axes = new_axes(1, 3, size=(7.2, 2.7))
    times = [step["time"] for step in steps]
    _curves(axes[0], columns, times, unit)
    axes[1].plot(times, [step["objects"] for step in steps], "o-", color="black", ms=4, lw=1.2)
    axes[1].set_ylabel("Objects", size=8.5)
    for name, marker, colour in zip(EVENTS, MARKERS, COLOURS, strict=False):
        look = {"marker": marker, "ms": 4.5, "lw": 1.1, "color": colour, "clip_on": False}
        axes[2].plot(times[1:], [step[name] for step in steps[1:]], label=name, **look)
    axes[2].set_ylabel("Objects since the step before", size=8.5)
    top = max((step[name] for step in steps[1:] for name in EVENTS), default=1)
    axes[2].set_ylim(0, 1.45 * max(top, 1))
    axes[2].legend(fontsize=7, frameon=False, ncols=2, loc="upper center", columnspacing=1)
    for ax in axes:
        ax.set_xlabel("Time", size=8.5)
        ax.tick_params(labelsize=7.5)
        ax.xaxis.set_major_locator(FixedLocator(times) if len(times) < 7 else MaxNLocator(5))
        margin = 0.04 * (times[-1] - times[0])
        ax.set_xlim(times[0] - margin, times[-1] + margin)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[1:]:
        ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes[1].set_ylim(0, 1.15 * max(1, *(step["objects"] for step in steps)))
    return axes


def track_data(columns, steps, *, unit="um"):
    """Give the data of `plot_tracks` as columns.

    Parameters
    ----------
    columns, steps, unit
        As for `plot_tracks`.

    Returns
    -------
    dict from str to sequence
        Growth curves, then objects and events by step; columns of two lengths.
    """
    radius = f"equivalent_radius_{unit}"
    data = {name: columns[name] for name in ("track", "time", radius)}
    data["step_time"] = [step["time"] for step in steps]
    return data | {name: [step[name] for step in steps] for name in ("objects", *EVENTS)}


def _curves(ax, columns, times, unit):
    """Draw the curves of the longest tracks, and the mean radius of each step."""
    tracks, time, radius = (
        columns[name] for name in ("track", "time", f"equivalent_radius_{unit}")
    )
    order = np.lexsort((time, tracks))
    parts = np.split(order, np.flatnonzero(np.diff(tracks[order])) + 1)
    parts = sorted((part for part in parts if len(part) > 1), key=len, reverse=True)
    for part in parts[:SHOWN]:
        ax.plot(time[part], radius[part], color="#7f7f7f", lw=0.6, alpha=0.6)
    means = [radius[time == one].mean() if (time == one).any() else np.nan for one in times]
    ax.plot(times, means, "o-", color=COLOURS[4], lw=1.6, ms=4, label="mean of all objects")
    if parts:
        kept = len(parts) if len(parts) <= SHOWN else f"{SHOWN} of {len(parts):,}"
        ax.plot([], [], color="#7f7f7f", lw=0.8, label=f"{kept} tracks")
    top = max(radius.max(initial=0), 1e-9)
    ax.set_ylim(0, 1.3 * top)
    ax.set_ylabel(f"Equivalent radius ({'µm' if unit == 'um' else 'voxels'})", size=8.5)
    ax.legend(fontsize=7, frameon=False, loc="upper left")
