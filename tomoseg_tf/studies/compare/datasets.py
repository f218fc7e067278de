"""The same entries on several folders of records, side by side: what a leak between splits does."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from tomoseg_tf.studies.compare.study import compare
from tomoseg_tf.studies.compare.table import NONE, markdown_table, write_text
from tomoseg_tf.table import aligned


@dataclass(frozen=True)
class Datasets:
    """Comparisons of the same entries on several folders of records.

    Attributes
    ----------
    folder : Path
        Where they are, each in a folder of its own.
    comparisons : dict of str to Comparison
        By the name of that folder, which is that of the records.
    """

    folder: Path
    comparisons: dict

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
        return {"folder": str(self.folder), "datasets": datasets}

    def rows(self):
        """For each entry its label and its mean IoU on each folder of records, None without."""
        found = {}
        for name, comparison in self.comparisons.items():
            for result in comparison.results:
                found.setdefault(result.label, {})[name] = result.miou
        return [
            (label, *(mious.get(name) for name in self.comparisons))
            for label, mious in found.items()
        ]

    def table(self):
        """Text of the mean IoUs side by side, and below it what they are of."""
        head, *rows = self._cells()
        return f"{aligned([head, *rows], rule=1)}\n\n" + "\n".join(self.describe())

    def markdown(self):
        """Markdown of the same."""
        head, *rows = self._cells()
        lines = "\n".join(f"- {line}" for line in self.describe())
        return f"{markdown_table(head, rows)}\n\n{lines}\n"

    def csv(self):
        """CSV of the same, with all digits; what is not defined is left empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("label", *(f"miou_{name}" for name in self.comparisons)))
        writer.writerows(self.rows())
        return text.getvalue()

    def describe(self):
        """Say in a line for each folder of records what was scored."""
        return [
            f"{name}: {comparison.records}; {comparison.describe()[0]}"
            for name, comparison in self.comparisons.items()
        ]

    def _cells(self):
        yield ("Entry", *(f"mIoU, {name}" for name in self.comparisons))
        for label, *mious in self.rows():
            yield (label, *(NONE if miou is None else f"{miou:.4f}" for miou in mious))


def compare_datasets(entries, records_folders, folder, **options):
    """Compare the same entries on several folders of records, one after the other.

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
        A new folder, or that of such a comparison; gets a folder for each, ``table.md`` and
        ``table.csv``.
    **options
        As in `tomoseg_tf.studies.compare.study.compare`.

    Returns
    -------
    Datasets
        All comparisons.

    Raises
    ------
    ValueError
        If two folders of records have the same name, or as in that function.
    """
    folder = Path(folder)
    names = [Path(records).resolve().name for records in records_folders]
    if len(set(names)) < len(names):
        raise ValueError(
            f"the folders of records are named {', '.join(names)}; their results go into folders "
            "of these names: rename one"
        )
    if (folder / "comparison.json").exists():
        raise ValueError(f"{folder} already exists with a comparison on one folder of records")
    folder.mkdir(exist_ok=True)
    found = Datasets(folder, {})
    for name, records in zip(names, records_folders, strict=True):
        found.comparisons[name] = compare(entries, records, folder / name, **options)
    if found.results:
        write_text(folder / "table.md", found.markdown())
        write_text(folder / "table.csv", found.csv())
    return found
