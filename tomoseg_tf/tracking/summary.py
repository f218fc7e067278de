"""What a series prints: events by step, motions and mean growth rates."""

import math

import numpy as np

from tomoseg_tf.table import aligned
from tomoseg_tf.tracking.tracks import EVENTS


def summarise_series(series):
    """Sum up a series by step.

    Parameters
    ----------
    series : Series
        As `track_objects` gives it.

    Returns
    -------
    dict
        ``steps``: for each its time, objects, events, how many vanished since the step before,
        mean radius and motion; ``tracks``; ``growth`` of the tracks that are seen as a whole in
        at least two steps. None for what is not defined.
    """
    columns, unit = series.columns, "voxels" if series.spacing is None else "um"
    steps = []
    middle = (np.array(series.shape) - 1) / 2
    for number, (time, motion) in enumerate(zip(series.times, series.motions, strict=True)):
        here, before = columns["step"] == number, columns["step"] == number - 1
        own = {"step": number, "time": float(time), "objects": int(here.sum())}
        own |= {name: int((columns["event"][here] == name).sum()) for name in EVENTS}
        own["vanished"] = int((columns["fate"][before] == "vanished").sum())
        radii = columns[f"equivalent_radius_{unit}"][here]
        own[f"mean_radius_{unit}"] = _defined(radii.mean() if len(radii) else math.nan)
        own["shift_voxels"] = [round(float(side), 3) for side in motion.shift_at(middle)]
        own["rotation_degrees"] = round(motion.angle(), 3)
        steps.append(own)
    _, first = np.unique(columns["track"], return_index=True)
    rates = columns[f"radius_rate_{unit}"][first]
    rates = rates[np.isfinite(rates)]
    growth = {
        "tracks": len(rates),
        f"mean_radius_rate_{unit}": _defined(rates.mean() if len(rates) else math.nan),
        f"std_radius_rate_{unit}": _defined(rates.std() if len(rates) else math.nan),
    }
    return {
        "steps": steps,
        "tracks": len(first),
        "growth": growth,
        "shape": list(series.shape),
        "spacing_um": None if series.spacing is None else list(series.spacing),
    }


def series_table(summary):
    """Text of `summarise_series`.

    Parameters
    ----------
    summary : dict
        What to print.

    Returns
    -------
    str
        A line per step under a heading, then growth, without a line break at the end.
    """
    unit, name = ("voxels", "voxels") if summary["spacing_um"] is None else ("um", "µm")
    words = ("kept", "appeared", "vanished", "merged", "split")
    head = ["Step", "Time", "Objects", *map(str.capitalize, words), f"Mean radius ({name})"]
    rows = [[*head, "Shift z, y, x (voxels)", "Rotation (°)"]]
    for step in summary["steps"]:
        events = ["" if step["step"] == 0 else f"{step[word]:,}" for word in words]
        radius = step[f"mean_radius_{unit}"]
        shift = ", ".join(f"{side:.1f}" for side in step["shift_voxels"])
        cells = [str(step["step"]), f"{step['time']:g}", f"{step['objects']:,}", *events]
        cells.append("-" if radius is None else f"{radius:.4g}")
        rows.append([*cells, shift, f"{step['rotation_degrees']:.2f}"])
    growth, lines = summary["growth"], [aligned(rows, rule=1)]
    if growth["tracks"]:
        mean, spread = (growth[f"{kind}_radius_rate_{unit}"] for kind in ("mean", "std"))
        lines.append(
            f"Growth of the radius: {mean:.4g} {name} per unit of time, with a standard deviation "
            f"of {spread:.2g} between {growth['tracks']:,} tracks"
        )
    return "\n".join(lines)


def _defined(value):
    """Take a number for JSON; None where it is not finite."""
    return float(value) if math.isfinite(value) else None
