"""The table of a comparison: as text, as Markdown and as CSV."""

import csv
import io
from collections import Counter
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tomoseg_tf.evaluation import format_score
from tomoseg_tf.evaluation.boundary import TOLERANCE
from tomoseg_tf.studies.study_folder import say_where
from tomoseg_tf.table import aligned
from tomoseg_tf.volume import staged_file

NONE = "—"
SCORES = ("iou", "recall", "precision")
HEADS = {"iou": "IoU", "recall": "recall", "precision": "precision"}
BOUNDARIES = {"bf1": "BF1", "bde": "BDE", "assd": "ASSD", "hd95": "HD95"}


@dataclass(frozen=True)
class Result:
    """One entry of a comparison; what does not apply or is not known is None.

    Attributes
    ----------
    label, kind : str
        Its name, and what it is, see `tomoseg_tf.studies.compare.entries.Entry`.
    network : str or None
        Name of the builder or of the classical method.
    batch, epochs, best_epoch : int or None
        Batch size, epochs trained, and the epoch that was scored.
    loss : str or None
        Name of the loss.
    training_seconds : float or None
        Over all epochs, validation included; of a classical method for fitting it; of an ensemble
        that of all members.
    seconds_per_slice : float or None
        To predict a slice of the scored patches, normalised already, by a network that is
        compiled: the median over them.
    slice : (int, int)
        Sides (Y, X) of such a slice in voxels.
    device : str or None
        What it ran on.
    parameters : int or None
        Of the network, trainable or not.
    training_bytes, prediction_bytes : int or None
        Peak memory of the process.
    weights : str or None
        Folder of the weights that were scored.
    scores : dict
        As `tomoseg_tf.evaluation.Scores.to_dict` gives them.
    boundaries : dict or None
        As `tomoseg_tf.evaluation.boundary.BoundaryMeans.to_dict` gives them.
    trained_by : str or None
        Recipe of what was trained here, and the settings that were replaced in it.
    turns : str
        Flips and quarter turns that a network was averaged over.
    epoch : str or None
        Which of its epochs was scored, "best" or "last"; "mixed" for an ensemble of both.
    voted : bool
        Whether each object was given the class of most of its voxels.
    members : list of str or None
        Labels of what an ensemble is the mean of.
    """

    label: str
    kind: str
    slice: tuple
    scores: dict
    network: str | None = None
    batch: int | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    loss: str | None = None
    training_seconds: float | None = None
    seconds_per_slice: float | None = None
    device: str | None = None
    parameters: int | None = None
    training_bytes: int | None = None
    prediction_bytes: int | None = None
    weights: str | None = None
    boundaries: dict | None = None
    trained_by: str | None = None
    turns: str = "none"
    epoch: str | None = None
    voted: bool = False
    members: list | None = None

    @property
    def miou(self):
        """Mean IoU over the classes, or None."""
        return self.scores["miou"]

    def of_classes(self, score):
        """Give a score of each class, None where it is not defined."""
        return [entry[score] for entry in self.scores["classes"]]

    def of_boundaries(self, score):
        """Give a boundary score of each class, None where it is not defined or not taken."""
        if self.boundaries is None:
            return [None] * len(self.scores["classes"])
        return [entry[score] for entry in self.boundaries["classes"]]


@dataclass(frozen=True)
class Comparison:
    """Several ways to segment, scored alike.

    Attributes
    ----------
    folder : Path
        Where everything is.
    records : str
        Folder of the records.
    split : str
        Split that the scores are of, "test" or "validation".
    patches : int
        Number of its patches that were scored.
    patch : (int, int, int)
        Their sides (Z, Y, X) in voxels.
    classes : tuple of str
        Names of the classes, background first.
    results : list of Result
        One per finished entry, in the order named.
    failures : dict of str to str
        Why an entry has no result, by label.
    isolated : bool
        Whether each entry had processes of its own.
    """

    folder: Path
    records: str
    split: str
    patches: int
    patch: tuple
    classes: tuple
    results: list
    failures: dict
    isolated: bool

    def to_dict(self):
        """All of it as plain values for JSON; what is not defined is None."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {"folder": str(self.folder), "patch": list(self.patch), "classes": [*self.classes]}
        return {**found, **plain, "results": [asdict(result) for result in self.results]}

    def table(self):
        """All tables as aligned text, and below them how the numbers were taken."""
        parts = [aligned([head, *rows], left=left, rule=1) for head, rows, left in self._tables()]
        return "\n\n".join([*parts, "\n".join(self.describe())])

    def markdown(self):
        """All tables in Markdown, and below them how the numbers were taken."""
        parts = [markdown_table(*table) for table in self._tables()]
        return "\n\n".join([*parts, "\n".join(f"- {line}" for line in self.describe())]) + "\n"

    def csv(self):
        """One line for each entry with all numbers; what is not defined is left empty."""
        text = io.StringIO()
        rows = [_flat(result, self) for result in self.results]
        if rows:
            writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return text.getvalue()

    def describe(self):
        """Say in a few lines how the numbers were taken."""
        height, width = self.patch[1:]
        own = "of each entry" if self.isolated else "that all entries share"
        return [
            say_where(self.split, self.patches, self.patch),
            *say_made_by(self.results),
            *(
                f"{result.label}: mean of the probabilities of {', '.join(result.members)}; "
                "their parameters and training times are added up."
                for result in self.results
                if result.members is not None
            ),
            "mIoU: mean of the IoU of all classes, the background included.",
            f"BF1 (tolerance of {TOLERANCE:g} voxels), BDE, ASSD and HD95 (voxels): means over the "
            "slices in which the class has a boundary.",
            f"Prediction: median time for one slice of {height} x {width} voxels, "
            "once the network is compiled.",
            "Training: all epochs with the validation after each; for methods without a network "
            "the fitting.",
            f"Peak memory: resident (VmHWM), of the process {own}, without that of a GPU; in "
            "training / in prediction.",
            *(f"{label} failed: {reason}" for label, reason in self.failures.items()),
        ]

    def _tables(self):
        """Head, rows and left columns: Table II of the paper, then the scores of each class."""
        head = ("Entry", "Network", "Batch", "Epochs", "Loss", "Training (min)", "Prediction (s)")
        rest = ("mIoU", "Parameters", "Peak memory (GB)", "Device")
        yield (*head, *rest), [_summary(result) for result in self.results], (0, 1, 4, 10)
        scores = [f"{name} {HEADS[score]}" for score in SCORES for name in self.classes]
        rows = [
            (
                result.label,
                _score(result.miou),
                _score(result.scores["accuracy"]),
                *(_score(value) for score in SCORES for value in result.of_classes(score)),
            )
            for result in self.results
        ]
        yield ("Entry", "mIoU", "accuracy", *scores), rows, (0,)
        heads = [f"{name} {head}" for head in BOUNDARIES.values() for name in self.classes]
        rows = [
            (
                result.label,
                *(_score(value) for score in BOUNDARIES for value in result.of_boundaries(score)),
            )
            for result in self.results
        ]
        yield ("Entry", *heads), rows, (0,)


def write_tables(comparison):
    """Write ``table.md`` and ``table.csv`` into the folder of a comparison.

    Parameters
    ----------
    comparison : Comparison
        What to write; earlier files are replaced.
    """
    for name, text in (("table.md", comparison.markdown()), ("table.csv", comparison.csv())):
        write_text(comparison.folder / name, text)


def write_text(path, text):
    """Write a text file, which replaces an earlier one when it is complete."""
    with staged_file(path, overwrite=True) as partial:
        partial.write_text(text, encoding="utf-8")


def markdown_table(head, rows, left=(0,)):
    """Write a table in Markdown.

    Parameters
    ----------
    head : sequence of str
        Headings.
    rows : sequence of sequence of str
        Cells, as many in each row.
    left : sequence of int
        Columns that begin at the left; the others end at the right.

    Returns
    -------
    str
        Lines without a final line break.

    Examples
    --------
    >>> print(markdown_table(("Entry", "mIoU"), [("otsu", "0.5")]))
    | Entry | mIoU |
    |---|---:|
    | otsu | 0.5 |
    """
    rule = "".join("---|" if index in left else "---:|" for index in range(len(head)))
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{rule}", *lines[1:]])


def say_made_by(results):
    """Say how segmentations were made, and which of them.

    Parameters
    ----------
    results : sequence of Result
        Of one comparison, or of several with the same entries.

    Returns
    -------
    list of str
        Sentences; where they hold in some comparisons only, with the number of these.
    """
    total, found = Counter(result.label for result in results), {}
    for result in results:
        for how in _made_by(result):
            found.setdefault(how, Counter())[result.label] += 1
    lines = []
    for how, counts in found.items():
        which = (
            label if number == total[label] else f"{label} ({number} of {total[label]})"
            for label, number in counts.items()
        )
        lines.append(f"{how}: {', '.join(which)}.")
    return lines


def _made_by(result):
    """Say how a segmentation was made, in several phrases."""
    if result.trained_by is not None:
        yield f"Trained by {result.trained_by}"
    if result.epoch == "last":
        yield "Weights of the last epoch"
    if result.epoch == "mixed":
        yield "Weights of the best epoch of some members and of the last of others"
    if result.turns != "none":
        yield f"Mean over all turns ({result.turns}), prediction times included"
    if result.voted:
        yield "Each object in the class of most of its voxels"


def _summary(result):
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
        _score(result.miou),
        NONE if result.parameters is None else f"{result.parameters:,}",
        NONE if set(memory) == {NONE} else " / ".join(memory),
        _text(result.device),
    )


def _flat(result, comparison):
    """Row of the CSV file."""
    names = [name.replace(" ", "_") for name in comparison.classes]
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
    return {**row, **totals, **scores, "split": comparison.split}


def _text(value):
    return NONE if value is None else str(value)


def _number(value):
    return NONE if value is None else f"{value:.3g}"


def _gigabytes(value):
    return NONE if value is None else f"{value / 1e9:.2f}"


def _score(value):
    return NONE if value is None else format_score(value, 4)
