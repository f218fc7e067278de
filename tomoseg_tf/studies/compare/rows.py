"""What each line of the tables of a comparison says: the numbers of one entry."""

from dataclasses import asdict

from tomoseg_tf.evaluation import format_score

NONE = "—"
SUMMARY = (
    *("Entry", "Network", "Batch", "Epochs", "Loss", "Training (min)", "Prediction (s)"),
    *("mIoU", "Parameters", "Peak memory (GB)", "Device"),
)
SUMMARY_WORDS = (0, 1, 4, 10)  # columns of words, not of numbers
SCORES = {"iou": "IoU", "recall": "recall", "precision": "precision"}
BOUNDARIES = {"bf1": "BF1", "bde": "BDE", "assd": "ASSD", "hd95": "HD95"}


def summary_row(result):
    """Give the cells of an entry under `SUMMARY`, as in Table II of the paper."""
    minutes = None if result.training_seconds is None else result.training_seconds / 60
    memory = (_gigabytes(result.training_bytes), _gigabytes(result.prediction_bytes))
    return (
        result.label,
        _text(result.network),
        _text(result.batch),
        _text(result.epochs),
        _text(result.loss),
        _number(minutes),
        _number(result.seconds_per_slice),
        score_cell(result.miou),
        NONE if result.parameters is None else f"{result.parameters:,}",
        NONE if set(memory) == {NONE} else " / ".join(memory),
        _text(result.device),
    )


def score_heads(classes):
    """Head the scores of each class."""
    return ("Entry", "mIoU", "accuracy", *_by_class(SCORES, classes))


def score_row(result):
    """Give the cells of an entry under `score_heads`."""
    values = [value for score in SCORES for value in result.of_classes(score)]
    return (result.label, *map(score_cell, (result.miou, result.scores["accuracy"], *values)))


def boundary_heads(classes):
    """Head the boundary scores of each class."""
    return ("Entry", *_by_class(BOUNDARIES, classes))


def boundary_row(result):
    """Give the cells of an entry under `boundary_heads`."""
    values = [value for score in BOUNDARIES for value in result.of_boundaries(score)]
    return (result.label, *map(score_cell, values))


def csv_row(result, classes, split):
    """Give all numbers of an entry, by the headings of the CSV file.

    Parameters
    ----------
    result : Result
        The entry.
    classes : sequence of str
        Names of the classes.
    split : str
        Split that the scores are of.

    Returns
    -------
    dict
        What is not defined is None.
    """
    names = [name.replace(" ", "_") for name in classes]
    by_class = {score: result.of_classes(score) for score in SCORES}
    by_class |= {score: result.of_boundaries(score) for score in BOUNDARIES}
    scores = {
        f"{score}_{name}": value
        for score, values in by_class.items()
        for name, value in zip(names, values, strict=True)
    }
    row = {**asdict(result), "slice": "x".join(map(str, result.slice))}
    row["members"] = None if result.members is None else " ".join(result.members)
    del row["scores"], row["boundaries"]
    totals = {"miou": result.miou, "accuracy": result.scores["accuracy"]}
    return {**row, **totals, **scores, "split": split}


def score_cell(value):
    """Write a score, or a dash where it is not defined."""
    return NONE if value is None else format_score(value, 4)


def _by_class(heads, classes):
    return [f"{name} {head}" for head in heads.values() for name in classes]


def _text(value):
    return NONE if value is None else str(value)


def _number(value):
    return NONE if value is None else f"{value:.3g}"


def _gigabytes(value):
    return NONE if value is None else f"{value / 1e9:.2f}"
