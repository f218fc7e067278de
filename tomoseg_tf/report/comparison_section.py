"""The sections of a comparison of several ways to segment, and of a search of settings."""

import csv
from pathlib import Path

import numpy as np

from tomoseg_tf.evaluation import format_score, scores
from tomoseg_tf.plots import confusion_data, plot_comparison, plot_confusion_matrix
from tomoseg_tf.report.content import Section, Table, Tile, decimal
from tomoseg_tf.report.figures import picture_from, picture_of
from tomoseg_tf.report.training_section import read_object

COMPARISON, SEARCH = "comparison.json", "search.json"
MOST = 200  # trials of a search that are listed


def comparison_section(folder):
    """Write the section of a comparison or a search.

    Parameters
    ----------
    folder : str or Path
        What ``tomoseg-tf compare`` or ``tomoseg-tf tune`` wrote.

    Returns
    -------
    section : Section
        Tables and figures.
    tiles : list of Tile
        The numbers at the top.

    Raises
    ------
    ValueError
        If it is neither, or nothing is finished.
    """
    folder = Path(folder)
    if (folder / COMPARISON).is_file():
        return _comparison(folder)
    if (folder / SEARCH).is_file():
        return _search(folder)
    raise ValueError(
        f"{folder} holds neither {COMPARISON} nor {SEARCH}; name the folder of tomoseg-tf compare "
        "or tomoseg-tf tune"
    )


def _comparison(folder):
    """Section of a comparison."""
    content = read_object(folder / COMPARISON)
    results, classes = content.get("results"), content.get("classes")
    if not results or not classes:
        raise ValueError(f"{folder / COMPARISON}: no entry is finished yet; wait for the first one")
    try:
        tables = (_main_table(results), _class_table(results, classes))
        pictures = [_bars(results, classes), *_matrices(results, classes)]
        best = max(results, key=lambda one: one["scores"]["miou"] or 0)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{folder / COMPARISON}: is incomplete ({error!r})") from error
    if (folder / "panel.png").is_file():
        alt = "Scan, truth and each segmentation with its errors, of some slices."
        pictures.insert(1, picture_from(folder / "panel.png", "Errors", alt, wide=True))
    failures = content.get("failures") or {}
    text = (
        f"{len(results)} entries scored on the {content.get('split')} split of "
        f"{content.get('records')}: {content.get('patches')} patches of "
        f"{' × '.join(map(str, content.get('patch', ())))} voxels."
    )
    text += "".join(f" {label} failed: {reason}." for label, reason in failures.items())
    tile = Tile("Best mean IoU", format_score(best["scores"]["miou"], 4), str(best["label"]))
    return Section("comparison", "Comparison", text, tables, tuple(pictures)), [tile]


def _main_table(results):
    """List times and scores of the entries."""
    head = ("Entry", "Network", "Epochs", "Loss", "Training (min)", "Slice (s)", "Mean IoU")
    rows = []
    for one in results:
        seconds = one.get("training_seconds")
        minutes = None if seconds is None else seconds / 60
        numbers = (decimal(minutes, 3), decimal(one.get("seconds_per_slice"), 3))
        words = (one.get("network"), one.get("epochs"), one.get("loss"))
        words = tuple("–" if word is None else str(word) for word in words)
        score = format_score(one["scores"]["miou"], 4)
        parameters, device = one.get("parameters"), one.get("device")
        more = (decimal(parameters), str(device or "–"))
        rows.append((str(one["label"]), *words, *numbers, score, *more))
    note = "Slice: median time to predict one."
    return Table("Entries", (*head, "Parameters", "Device"), tuple(rows), (0, 1, 3, 8), note)


def _class_table(results, classes):
    """IoU, recall and precision of each class."""
    keys = {"iou": "IoU", "recall": "recall", "precision": "precision"}
    head = ("Entry", *(f"{name} {word}" for word in keys.values() for name in classes))
    rows = [
        (
            str(one["label"]),
            *(format_score(each[key], 4) for key in keys for each in one["scores"]["classes"]),
        )
        for one in results
    ]
    return Table("Classes", head, tuple(rows))


def _bars(results, classes):
    """Figure of times and scores."""
    times = [one.get("training_seconds") for one in results]
    data = {
        "entry": [str(one["label"]) for one in results],
        "training_minutes": [None if seconds is None else seconds / 60 for seconds in times],
        "seconds_per_slice": [one.get("seconds_per_slice") for one in results],
        "miou": [one["scores"]["miou"] for one in results],
    }
    shares = [[each["iou"] for each in one["scores"]["classes"]] for one in results]
    minutes, seconds = data["training_minutes"], data["seconds_per_slice"]
    axes = plot_comparison(data["entry"], minutes, seconds, shares, data["miou"], classes)
    data |= {f"iou_{name}": column for name, *column in zip(classes, *shares, strict=True)}
    alt = "Bars of training time, prediction time and IoU; the numbers are in the tables."
    return picture_of(axes[0], "Times and scores", alt, data=data, wide=True)


def _matrices(results, classes):
    """Confusion matrix of each entry."""
    for one in results:
        matrix = scores(np.array(one["scores"]["confusion_matrix"]), classes)
        alt = f"Confusion matrix of {one['label']}."
        axes, data = plot_confusion_matrix(matrix), confusion_data(matrix)
        yield picture_of(axes, str(one["label"]), alt, data=data)


def _search(folder):
    """Section of a search."""
    table = folder / "table.csv"
    if not table.is_file():
        raise ValueError(f"{table} does not exist; wait until a trial is finished")
    with open(table, encoding="utf-8", newline="") as file:
        head, *rows = [*csv.reader(file)] or [[]]
    if head[:2] != ["trial", "state"] or any(len(row) != len(head) for row in rows):
        raise ValueError(f"{table} is no table of a search; write it with tomoseg-tf tune")
    kept = [index for index, name in enumerate(head) if name != "judged" or _any(rows, index)]
    cells = tuple(tuple(_cell(row[index]) for index in kept) for row in rows[:MOST])
    note = "" if len(rows) <= MOST else f"The first {MOST} of {len(rows)} trials."
    heads = tuple(head[index].rpartition(".")[2].replace("_", " ") for index in kept)
    titles = {"values.png": "Scores of the trials", "parameters.png": "Scores by setting"}
    pictures = tuple(
        picture_from(folder / name, title, f"{title}.", wide=True)
        for name, title in titles.items()
        if (folder / name).is_file()
    )
    tables = (Table("Trials", heads, cells, (1,), note),)
    text = f"Search of settings in {folder}: {len(rows)} trials, compared by {head[2]}."
    best = max((_number(row[2]) for row in rows if row[1] == "complete"), default=float("nan"))
    tiles = [] if head[2] == "loss" else [Tile(f"Best {head[2]}", decimal(best), "of the search")]
    return Section("comparison", "Search of settings", text, tables, pictures), tiles


def _any(rows, index):
    """Whether a column has a value."""
    return any(row[index] for row in rows)


def _number(text):
    """Read the number of a cell; NaN where there is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _cell(text):
    """Shorter text of a number."""
    value = _number(text)
    if not text or value != value or value == int(value):
        return text or "–"
    return decimal(value)
