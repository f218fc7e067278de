"""A chosen threshold stored with its weights, which segment by it from then on."""

import datetime
from pathlib import Path

from tomoseg_tf.weights import check_own, open_weights, rewrite_weights

HEADING = "## Threshold"


def check_own_weights(folder):
    """Check that a threshold may be stored with weights, before any work is done.

    Parameters
    ----------
    folder : str or Path
        Weights folder, or the name of shipped weights.

    Returns
    -------
    Weights
        The opened weights.

    Raises
    ------
    ValueError
        If there are no such weights, they come with the package, or are of several classes, which
        go by the largest probability.
    """
    fitted = open_weights(folder)
    check_own(fitted)
    if not fitted.config.binary:
        raise ValueError(
            f"{folder}: the weights have {len(fitted.config.classes)} classes, which go by the "
            "largest probability; a threshold is stored for binary weights only"
        )
    return fitted


def store_threshold(folder, best, counts, *, truth, today=None):
    """Store the best threshold in the configuration of weights, and say so on their card.

    The folder is replaced as a whole, with its hashes renewed. Scores that it claims were measured
    with the threshold before; their rows are marked with that.

    Parameters
    ----------
    folder : str or Path
        Weights folder.
    best : dict
        As `ThresholdCurve.best` gives it.
    counts : ProbabilityCounts
        Voxels that it was found with.
    truth : str
        Name of the truth; of several, separated by a comma and a space.
    today : date, optional
        Day that the card says; by default that of the clock.

    Returns
    -------
    float
        The threshold before.

    Raises
    ------
    ValueError
        As `check_own_weights`.
    """
    fitted = check_own_weights(folder)
    before, threshold = fitted.config.threshold, best["threshold"]
    changes = {"threshold": threshold}
    if before != threshold:
        changes["scores"] = tuple(_marked(row, before) for row in fitted.config.scores)
    config = fitted.config.model_copy(update=changes)
    day = datetime.date.today() if today is None else today
    card = _card(fitted.read_card(), before, best, _entry(best, counts, truth, before, day))
    rewrite_weights(fitted, config=config, card=card)
    return before


def _marked(row, before):
    """Row of scores with the threshold that it was measured with."""
    return row if "threshold" in row else {**row, "threshold": before}


def _entry(best, counts, truth, before, day):
    """Line of the card."""
    return (
        f"- {day.isoformat()}: {best['threshold']:.6g}, the best by {best['by']} "
        f"({best['maximised']} {best['value']:.4f}) of {_files(counts.name)} against "
        f"{_files(truth)}: {counts.objects:,} object voxels of {counts.voxels:,}. "
        f"Before it was {before:.6g}, which the scores measured until then are of."
    )


def _files(names):
    """Names of files, that are separated by commas, without their folders."""
    return ", ".join(f"`{Path(name).name}`" for name in str(names).split(", "))


def _card(text, before, best, entry):
    """Card with the new threshold, and a line in the section about it."""
    old, new = f"above {before:g} it is", f"above {best['threshold']:.6g} it is"
    text = text.rstrip("\n").replace(old, new).replace(f"above {before:.6g} it is", new)
    head, found, section = text.partition(f"\n{HEADING}\n")
    if not found:
        return f"{text}\n\n{HEADING}\n\n{entry}\n"
    section, mark, rest = section.partition("\n## ")
    after = f"{mark}{rest}\n" if mark else ""
    return f"{head}{found}{section.rstrip()}\n{entry}\n{after}"
