"""Scores as aligned text, with digits enough for classes of a tenth of a percent."""

import numpy as np

from tomoseg_tf.table import aligned


def format_score(value, digits=6):
    """Text of a score in [0, 1]; a dash when it is not defined.

    A score below 1 is never rounded to 1 nor one above 0 to 0: the last digit stops short.

    Parameters
    ----------
    value : float or None
        Score; None or NaN when not defined.
    digits : int
        Decimals.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> format_score(0.99999999), format_score(1.0), format_score(None)
    ('0.999999', '1.000000', '-')
    """
    if value is None or np.isnan(value):
        return "-"
    last = 10.0**-digits
    if 0 < value < 1:
        value = min(max(value, last), 1 - last)
    return f"{value:.{digits}f}"


def format_share(value, digits=4):
    """Text of a share in [0, 1] as a percentage; rounding stops short as in `format_score`."""
    if value is None or np.isnan(value):
        return "-"
    last = 10.0**-digits
    percentage = 100 * value
    if 0 < value < 1:
        percentage = min(max(percentage, last), 100 - last)
    return f"{percentage:.{digits}f} %"


def scores_table(scores):
    """Text of a `Scores`: totals, confusion matrix in counts and shares, scores of each class.

    Parameters
    ----------
    scores : Scores
        What to print.

    Returns
    -------
    str
        Several lines, without a line break at the end.
    """
    total = int(scores.confusion_matrix.sum())
    totals = [
        ("Voxels compared", f"{total:,}"),
        ("Accuracy", format_score(scores.accuracy)),
        ("Mean IoU", format_score(scores.miou)),
    ]
    voxels = [[f"{count:,}" for count in row] for row in scores.confusion_matrix.tolist()]
    shares = [[format_share(share) for share in row] for row in scores.normalised]
    head = ["Truth \\ prediction", *scores.names]
    each = [
        [
            one.name,
            f"{one.voxels:,}",
            format_share(one.voxels / total if total else None),
            *(format_score(s) for s in (one.iou, one.dice, one.recall, one.precision)),
        ]
        for one in scores.classes
    ]
    return "\n\n".join(
        [
            aligned(totals),
            "Confusion matrix, voxels\n" + aligned(_labelled(head, scores.names, voxels), rule=1),
            "Confusion matrix, share of each true class\n"
            + aligned(_labelled(head, scores.names, shares), rule=1),
            "Classes\n"
            + aligned(
                [["Class", "True voxels", "Share", "IoU", "Dice", "Recall", "Precision"], *each],
                rule=1,
            ),
        ]
    )


def _labelled(head, names, rows):
    """Rows of a matrix with its heading and the names of the classes."""
    return [head, *([name, *row] for name, row in zip(names, rows, strict=True))]
