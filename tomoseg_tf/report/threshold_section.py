"""The section of the threshold: precision by recall, and how far probabilities are true."""

from tomoseg_tf.evaluation import format_score
from tomoseg_tf.evaluation.threshold import (
    ThresholdCurve,
    average_precision,
    calibration,
    count_probabilities,
    roc_auc,
)
from tomoseg_tf.plots import (
    calibration_data,
    curve_data,
    plot_calibration,
    plot_precision_recall,
    plot_threshold_scores,
)
from tomoseg_tf.report.content import Section, Table, decimal
from tomoseg_tf.report.figures import picture_of

TITLE = "Threshold and calibration"
SCORES = ("dice", "iou", "precision", "recall")


def threshold_section(inputs, *, progress=None):
    """Score the probabilities at all thresholds and write the section.

    Parameters
    ----------
    inputs : Inputs
        With probabilities and a truth.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    section : Section
        Tables and the figure; a sentence where nothing can be told, as of a truth without objects.
    tiles : list of Tile
        None.
    """
    if len(inputs.names) > 2:
        text = (
            "Left out: of which of the classes the probabilities are is not known; use tomoseg-tf "
            "threshold with --class."
        )
        return Section("threshold", TITLE, text), []
    try:
        counts = count_probabilities(inputs.truth, inputs.probabilities, progress=progress)
        curve = ThresholdCurve(counts)
        best = curve.best()
    except ValueError as error:
        return Section("threshold", TITLE, f"Left out: {error}."), []
    reliability = calibration(counts)
    tables = (_threshold_table(curve, best), _number_table(counts, reliability))
    text = (
        f"Over {counts.voxels:,} voxels, {counts.objects:,} of them objects in the truth. Voxels "
        "with a probability above the threshold are objects; calibrated probabilities lie on the "
        "diagonal."
    )
    return Section("threshold", TITLE, text, tables, _pictures(curve, best, reliability)), []


def _pictures(curve, best, reliability):
    """Draw scores by threshold, precision by recall and calibration."""
    data = curve_data(curve)
    axes = plot_threshold_scores(curve, best=best)
    alt = "Dice, precision and recall by the threshold; the table has those of two."
    first = picture_of(axes, "Scores by threshold", alt, data=data)
    axes = plot_precision_recall(curve, best=best)
    alt = (
        f"Precision by recall; the average precision is {decimal(average_precision(curve.counts))}."
    )
    second = picture_of(axes, "Precision by recall", alt, data=data)
    axes = plot_calibration(reliability)
    alt = f"Share of objects by probability; the Brier score is {decimal(reliability.brier_score)}."
    data = calibration_data(reliability)
    return first, second, picture_of(axes, "Calibration", alt, data=data)


def _threshold_table(curve, best):
    """Scores at the best threshold by Dice, and at 0.5."""
    rows = [
        (name, decimal(found["threshold"]), *(format_score(found[key], 4) for key in SCORES))
        for name, found in (("best by Dice", best), ("usual", curve.at(0.5)))
    ]
    head = ("Choice", "Threshold", "Dice", "IoU", "Precision", "Recall")
    return Table("Scores of voxels at a threshold", head, tuple(rows))


def _number_table(counts, reliability):
    """List what does not depend on a threshold."""
    rows = (
        ("Average precision", decimal(average_precision(counts))),
        ("Area under the receiver operating characteristic", decimal(roc_auc(counts))),
        ("Brier score", decimal(reliability.brier_score)),
        ("Expected calibration error", decimal(reliability.expected_error)),
        ("Mean calibration error of ten ranges", decimal(reliability.mean_error)),
    )
    return Table("Scores without a threshold", ("Score", "Value"), rows)
