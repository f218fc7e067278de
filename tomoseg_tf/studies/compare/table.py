"""The tables of a comparison: as text, as Markdown and as CSV."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tomoseg_tf.evaluation.boundary import TOLERANCE
from tomoseg_tf.studies.compare.result import say_made_by
from tomoseg_tf.studies.compare.rows import (
    SUMMARY,
    SUMMARY_WORDS,
    boundary_heads,
    boundary_row,
    csv_row,
    score_heads,
    score_row,
    summary_row,
)
from tomoseg_tf.studies.study_folder import say_where, write_text
from tomoseg_tf.table import aligned, csv_table, markdown_table


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
        return csv_table([csv_row(result, self.classes, self.split) for result in self.results])

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
        results, classes = self.results, self.classes
        yield SUMMARY, [summary_row(result) for result in results], SUMMARY_WORDS
        yield score_heads(classes), [score_row(result) for result in results], (0,)
        yield boundary_heads(classes), [boundary_row(result) for result in results], (0,)


def write_tables(comparison):
    """Write ``table.md`` and ``table.csv`` into the folder of a comparison.

    Parameters
    ----------
    comparison : Comparison
        What to write; earlier files are replaced.
    """
    for name, text in (("table.md", comparison.markdown()), ("table.csv", comparison.csv())):
        write_text(comparison.folder / name, text)
