"""The scores in the table of a comparison or of an ablation, read from its file."""

import csv
from pathlib import Path

import numpy as np

SCORES = ("miou", "iou", "dice", "recall", "precision", "accuracy", "bf1")


def read_scores(path):
    """Read the scores of each entry of ``table.csv``.

    Parameters
    ----------
    path : str or Path
        The table of ``tomoseg-tf compare`` or ``tomoseg-tf ablation``, or its folder.

    Returns
    -------
    labels : list of str
        Names of the entries; of an ablation levels and base features.
    scores : dict from str to (N,) ndarray of float64
        Scores between 0 and 1: "miou", "accuracy", "iou_NAME" of each class, and so on; NaN where
        one is not defined.

    Raises
    ------
    ValueError
        If there is no such table.
    """
    path = Path(path)
    path = path / "table.csv" if path.is_dir() else path
    if not path.is_file():
        raise ValueError(f"{path} does not exist; name the table.csv of a comparison or ablation")
    with open(path, encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    names = list(rows[0]) if rows else []
    wanted = [key for key in names if key in SCORES or key.startswith(_of_classes())]
    if not wanted or not ("label" in names or {"levels", "base_features"} <= {*names}):
        raise ValueError(f"{path} is no table of a comparison or ablation, or has no entry yet")
    try:
        scores = {key: np.array([float(row[key] or "nan") for row in rows]) for key in wanted}
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: a score is no number ({error}); mend the table") from None
    return [_label(row) for row in rows], scores


def _of_classes():
    """Beginnings of the names of scores of single classes."""
    return tuple(f"{score}_" for score in SCORES)


def _label(row):
    """Name of an entry."""
    if "label" in row:
        return row["label"]
    return f"{row['levels']} levels, base {row['base_features']}"
