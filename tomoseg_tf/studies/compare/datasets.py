"""The same entries on several folders of records: folds, or what a leak between splits does."""

import json
from dataclasses import dataclass
from pathlib import Path

from tomoseg_tf.records import open_records
from tomoseg_tf.studies.compare.beginning import MARKER as ONE
from tomoseg_tf.studies.compare.beginning import check_comparison, replace_comparison
from tomoseg_tf.studies.compare.folds import count_folds, mean_of
from tomoseg_tf.studies.compare.result import say_made_by
from tomoseg_tf.studies.compare.rows import score_cell
from tomoseg_tf.studies.compare.study import compare
from tomoseg_tf.studies.study_folder import write_text
from tomoseg_tf.table import aligned, csv_table, markdown_table
from tomoseg_tf.volume import check_destination

MARKER = "comparisons.json"


@dataclass(frozen=True)
class Datasets:
    """Comparisons of the same entries on several folders of records.

    Attributes
    ----------
    folder : Path
        Where they are, each in a folder of its own.
    comparisons : dict of str to Comparison
        By the name of that folder, which is that of the records.
    folds : int
        Of the cross-validation that they are of, so that means over them say something; 0 if they
        are of none.
    """

    folder: Path
    comparisons: dict
    folds: int = 0

    @property
    def failures(self):
        """Why an entry has no result, by records and label."""
        return {
            f"{name}/{label}": reason
            for name, comparison in self.comparisons.items()
            for label, reason in comparison.failures.items()
        }

    @property
    def results(self):
        """All results, records after records."""
        return [result for each in self.comparisons.values() for result in each.results]

    def to_dict(self):
        """All of it as plain values for JSON; what is not defined is None."""
        datasets = {name: each.to_dict() for name, each in self.comparisons.items()}
        plain = {"folder": str(self.folder), "folds": self.folds, "datasets": datasets}
        if self.folds:
            plain["means"] = {
                label: {score: found._asdict() for score, found in self.means(results).items()}
                for label, results in self.by_label().items()
            }
        return plain

    def by_label(self):
        """For each entry its results by folder of records."""
        found = {}
        for name, comparison in self.comparisons.items():
            for result in comparison.results:
                found.setdefault(result.label, {})[name] = result
        return found

    def means(self, results):
        """Mean of an entry over the folds that it has a result of: mIoU, then IoU of each class."""
        names = ["miou", *(f"iou_{name.replace(' ', '_')}" for name in self._classes())]
        values = [(result.miou, *result.of_classes("iou")) for result in results.values()]
        means = map(mean_of, zip(*values, strict=True))
        return dict(zip(names, means, strict=True))

    def table(self):
        """Text of the mean IoUs side by side, and below it what they are of."""
        parts = [aligned([head, *rows], rule=1) for head, rows in self._tables()]
        return "\n\n".join([*parts, "\n".join(self.describe())])

    def markdown(self):
        """Markdown of the same."""
        parts = [markdown_table(head, rows) for head, rows in self._tables()]
        return "\n\n".join([*parts, "\n".join(f"- {line}" for line in self.describe())]) + "\n"

    def csv(self):
        """CSV of the same, with all digits; what is not defined is left empty."""
        rows = []
        for label, results in self.by_label().items():
            mious = zip(self.comparisons, self._mious(results), strict=True)
            row = {"label": label} | {f"miou_{name}": miou for name, miou in mious}
            for score, found in self.means(results).items() if self.folds else ():
                row |= {f"{score}_{what}": value for what, value in found._asdict().items()}
            rows.append(row)
        return csv_table(rows)

    def describe(self):
        """Say in a line for each folder of records what was scored, and what the means are."""
        lines = [
            f"{name}: {comparison.records}; {comparison.describe()[0]}"
            for name, comparison in self.comparisons.items()
        ]
        here = len(self.comparisons)
        if self.folds:
            of = here if here == self.folds else f"{here} of the {self.folds}"
            lines.append(
                f"Means over {of} folds, whose tests share no slice, ± the standard deviation "
                "between them; (n) where only n of them have the score."
            )
        return [*lines, *say_made_by(self.results)]

    def _mious(self, results):
        """Mean IoU on each folder of records, None without."""
        return [results[name].miou if name in results else None for name in self.comparisons]

    def _classes(self):
        return next(iter(self.comparisons.values())).classes

    def _tables(self):
        """Head and rows: mean IoU by records; of folds, the means over them as well."""
        found = self.by_label()
        head = ("Entry", *(f"mIoU, {name}" for name in self.comparisons))
        rows = [(label, *map(score_cell, self._mious(results))) for label, results in found.items()]
        yield head, rows
        if self.folds:
            head = ("Mean over the folds", "mIoU", *(f"{name} IoU" for name in self._classes()))
            rows = [
                (label, *(self._cell(mean) for mean in self.means(results).values()))
                for label, results in found.items()
            ]
            yield head, rows

    def _cell(self, found):
        """Text of a mean."""
        deviation = "" if found.sd is None else f" ± {score_cell(found.sd)}"
        fewer = f" ({found.folds})" if found.folds < len(self.comparisons) else ""
        return f"{score_cell(found.mean)}{deviation}{fewer}"


def compare_datasets(entries, records_folders, folder, **options):
    """Compare the same entries on several folders of records, one after the other.

    Folders of the same samples whose tests share no slice are the folds of a cross-validation: the
    table has means over them and standard deviations.

    Slices of a volume are like their neighbours: in a random split the test slices lie between
    training slices, which flatters every score. Records of the same volumes, once split at random
    and once by blocks, show by how much.

    Parameters
    ----------
    entries : sequence of Entry
        As in `tomoseg_tf.studies.compare.study.compare`.
    records_folders : sequence of Path
        Folders of records, of different names.
    folder : str or Path
        A new folder, or that of such a comparison; gets a folder for each, ``table.md``,
        ``table.csv`` and ``comparisons.json``.
    **options
        As in `tomoseg_tf.studies.compare.study.compare`.

    Returns
    -------
    Datasets
        All comparisons.

    Raises
    ------
    ValueError
        If two folders of records have the same name, the folder is something else, or as in that
        function.
    """
    folder = Path(folder)
    names = [Path(records).resolve().name for records in records_folders]
    if len(set(names)) < len(names):
        raise ValueError(
            f"the folders of records are named {', '.join(names)}; their results go into folders "
            "of these names: rename one"
        )
    if (folder / ONE).exists():
        raise ValueError(
            f"{folder} already exists with a comparison on one folder of records; use another "
            "folder"
        )
    if not any((folder / name / ONE).exists() for name in names):  # as older versions left it
        check_destination(folder, True, folder=True, marker=MARKER)
    all_records = [open_records(records, verify=False) for records in records_folders]
    found = Datasets(folder, {}, count_folds(all_records))
    for name, records in zip(names, records_folders, strict=True):  # all before the first training
        place = folder / name if folder.exists() else folder
        check_comparison(entries, records, place, **options)
    folder.mkdir(exist_ok=True)
    write_text(folder / MARKER, json.dumps({"records": names}) + "\n")
    for name, records in zip(names, records_folders, strict=True):  # so that all are gone on with
        if options.get("overwrite"):
            replace_comparison(records, folder / name)
    options["overwrite"] = False
    for name, records in zip(names, records_folders, strict=True):
        found.comparisons[name] = compare(entries, records, folder / name, **options)
    if found.results:
        write_text(folder / "table.md", found.markdown())
        write_text(folder / "table.csv", found.csv())
    return found
