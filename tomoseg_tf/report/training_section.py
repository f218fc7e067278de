"""The section of a training run, read from its folder."""

import json
from pathlib import Path

import numpy as np

from tomoseg_tf.plots import learning_data, plot_learning_curves, read_history
from tomoseg_tf.report.content import Fold, Section, Table, Tile, decimal
from tomoseg_tf.report.figures import picture_of

SHOWN = ("loss", "dice", "accuracy")
SMALL = 2**22  # bytes of a recipe or manifest that is believed to be one


def training_section(folder):
    """Write the section of a training run.

    Parameters
    ----------
    folder : str or Path
        Run folder with ``history.csv``, ``recipe.yaml`` and ``manifest.json``.

    Returns
    -------
    section : Section
        Learning curves, best epochs, what it was trained on, and the recipe.
    tiles : list of Tile
        The numbers at the top.
    manifest : dict
        What ``manifest.json`` says.

    Raises
    ------
    ValueError
        If it is no folder of a training run, or no epoch is finished.
    """
    folder = Path(folder)
    manifest = read_object(folder / "manifest.json")
    history = read_history(folder)
    scores = tuple(name for name in SHOWN if name in history)
    axes = np.ravel(plot_learning_curves(history, scores=scores))
    alt = f"{', '.join(scores)} of training and validation over {len(history['epoch'])} epochs."
    data = learning_data({folder.name: history})
    pictures = (picture_of(axes[0], "Learning curves", alt, data=data, wide=True),)
    tables = (_best_table(history), _facts_table(manifest))
    recipe = folder / "recipe.yaml"
    folds = (Fold("Recipe", text=_read(recipe)),) if recipe.is_file() else ()
    text = f"Run folder {folder}."
    section = Section("training", "Training", text, tables, pictures, folds)
    return section, _tiles(history), manifest


def read_object(path):
    """Read a JSON object.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        The object.

    Raises
    ------
    ValueError
        If there is none.
    """
    try:
        content = json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no JSON object; name the folder that tomoseg-tf wrote")
    return content


def _read(path):
    """Read a text file."""
    if not path.is_file():
        raise ValueError(f"{path} does not exist; name the folder that tomoseg-tf wrote")
    if path.stat().st_size > SMALL:
        raise ValueError(f"{path} has {path.stat().st_size:,} bytes; it is none of tomoseg-tf")
    return path.read_text(encoding="utf-8", errors="replace")


def _best(history, score):
    """Place of the best validation score, or None."""
    values = history.get(f"val_{score}")
    if values is None or not np.isfinite(values).any():
        return None
    return int(np.nanargmin(values) if score == "loss" else np.nanargmax(values))


def _best_table(history):
    """Best epoch by each score."""
    rows = []
    for score in SHOWN:
        place = _best(history, score)
        if place is not None:
            values = (history[score][place], history[f"val_{score}"][place])
            rows.append((score, str(history["epoch"][place]), *map(decimal, map(float, values))))
    head = ("Score", "Best epoch", "Training", "Validation")
    seconds = history.get("seconds")
    number = len(history["epoch"])
    note = f"{number} epoch{'s' if number > 1 else ''}"
    if seconds is not None and np.isfinite(seconds).any():
        note += f" in {decimal(float(np.nansum(seconds)) / 60, 3)} minutes"
    return Table("Best epochs", head, tuple(rows), note=note + ".")


def _facts_table(manifest):
    """List what the run was trained on and with."""
    patches, versions = manifest.get("patches") or {}, manifest.get("versions") or {}
    facts = {
        "Begun": manifest.get("begun"),
        "Records": manifest.get("records"),
        "SHA-256 of the records": manifest.get("records_sha256"),
        "Patches": ", ".join(f"{value} {name}" for name, value in patches.items()),
        "Classes": ", ".join(map(str, manifest.get("classes") or ())),
        "Seed": manifest.get("seed"),
        "Backend": manifest.get("backend"),
        "Devices": ", ".join(manifest.get("devices") or ()),
        "Versions": ", ".join(f"{name} {value}" for name, value in versions.items()),
    }
    rows = [(name, str(value)) for name, value in facts.items() if value not in (None, "")]
    return Table("Run", ("What", "Value"), tuple(rows), (0, 1))


def _tiles(history):
    """Best validation score."""
    for score in ("dice", "accuracy", "loss"):
        place = _best(history, score)
        if place is not None:
            value = decimal(float(history[f"val_{score}"][place]))
            note = f"epoch {history['epoch'][place]} of {len(history['epoch'])}"
            return [Tile(f"Validation {score}", value, note)]
    return []
