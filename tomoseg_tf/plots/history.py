"""The history of a run, read from its file."""

import csv
from pathlib import Path

import numpy as np

FILE = "history.csv"


def read_history(path):
    """Read the scores of the epochs of a run.

    Parameters
    ----------
    path : str or Path
        Run folder, or its ``history.csv``.

    Returns
    -------
    dict from str to (E,) ndarray
        Columns; ``epoch`` is int64, all others float64 with NaN where a score was undefined.

    Raises
    ------
    ValueError
        If there is no such file, it has no finished epoch, or is no history.
    """
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise ValueError(f"{path} does not exist; name the folder of a training run")
    with open(path, encoding="utf-8", newline="") as file:
        head, *rows = [*csv.reader(file)] or [[]]
    if "epoch" not in head or any(len(row) != len(head) for row in rows):
        raise ValueError(f"{path} is no history of a training run: it has no column epoch")
    if not rows:
        raise ValueError(f"{path}: no epoch is finished yet; wait for the first one")
    try:
        values = np.array([[float(cell or "nan") for cell in row] for row in rows])
    except ValueError as error:
        raise ValueError(f"{path} is no history of a training run: {error}") from None
    history = dict(zip(head, values.T, strict=True))
    return history | {"epoch": history["epoch"].astype(np.int64)}
