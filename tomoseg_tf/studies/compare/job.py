"""What is to be done with one entry of a comparison, as a process that does it is told."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

from tomoseg_tf.studies.compare.entries import Entry
from tomoseg_tf.studies.compare.measured import measured_folder
from tomoseg_tf.training import Recipe, check_recipe
from tomoseg_tf.training.run import RunFolder


@dataclass(frozen=True)
class Job:
    """What is to be done with one entry.

    Attributes
    ----------
    entry : Entry
        What it is.
    recipe : Recipe
        What it is trained by; the base recipe for an entry that is not trained by one, which gives
        the normalisation and the seed of a classical method.
    records, folder : Path
        Records, and the folder of the comparison.
    split : str
        Split that is scored.
    outside : str
        Whether what lies outside the sample counts, "kept" or "left_out"; the same for all.
    palette : str
        Of the segmentations of other programs.
    keep : tuple of int
        Numbers of the patches that are shown.
    rarest : int
        Class that chooses the slice of such a patch.
    settings : dict
        What decides the result, as JSON has it.
    trained_by : str or None
        What a table says of that for an entry that is trained.
    turns, epoch, vote : str, str, bool
        As for `tomoseg_tf.studies.compare.study.compare`.
    """

    entry: Entry
    recipe: Recipe
    records: Path
    folder: Path
    split: str
    outside: str
    palette: str
    keep: tuple
    rarest: int
    settings: dict
    trained_by: str | None = None
    turns: str = "none"
    epoch: str = "best"
    vote: bool = False

    @property
    def run(self):
        """Run folder of an entry that is trained."""
        return RunFolder(self.folder / self.entry.label)

    @property
    def measured(self):
        """Folder of what was measured of the entry."""
        return measured_folder(self.folder, self.entry.label)

    def to_json(self):
        """Write the job as JSON text of one line."""
        plain = {"entry": self.entry.to_dict(), "recipe": self.recipe.to_dict()}
        plain |= {"records": str(self.records), "folder": str(self.folder)}
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return json.dumps({**values, **plain})

    @classmethod
    def from_json(cls, text):
        """Read what `to_json` wrote."""
        values = json.loads(text)
        plain = {"records": Path(values["records"]), "folder": Path(values["folder"])}
        plain |= {"entry": Entry.from_dict(values["entry"]), "keep": tuple(values["keep"])}
        return cls(**{**values, **plain, "recipe": check_recipe(values["recipe"])})
