"""The truth corrected by what was decided in a review."""

import csv
import json
from pathlib import Path

import numpy as np

from tomoseg_tf.volume import (
    IGNORE,
    check_output,
    create_volume,
    lost_spacing,
    open_truth,
    open_volume,
)

REVIEW, LIST, LABELS = "review.json", "review.csv", "objects.zarr"
DECISIONS = ("accept", "refuse", "")


def read_decisions(folder):
    """Read what was decided in a review.

    Parameters
    ----------
    folder : str or Path
        Folder of the review. In its ``review.csv`` the column ``decision`` is accept, refuse or
        empty; rows may be sorted or left out, and programs may have put semicolons or tabs in the
        place of commas.

    Returns
    -------
    dict from int to (str, int)
        Decision and class by label.

    Raises
    ------
    ValueError
        If it is no such list, or a decision, a label or a class is none.
    """
    path = Path(folder) / LIST
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read as a list of objects ({error})") from error
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    decisions = {}
    for row in csv.DictReader(text.splitlines(), delimiter=delimiter):
        label, decision, number = (row.get(name) for name in ("label", "decision", "class"))
        if None in (label, decision, number):
            raise ValueError(f"{path}: needs the columns label, decision and class in every row")
        decision = decision.strip().lower()
        if decision not in DECISIONS:
            raise ValueError(
                f"{path}: object {label}: decision {decision!r}; write accept, refuse or nothing"
            )
        if not (label.strip().isdecimal() and number.strip().isdecimal()):
            raise ValueError(f"{path}: label {label!r}, class {number!r}: must be whole numbers")
        if not 0 < int(number) < IGNORE:
            raise ValueError(f"{path}: object {label}: class {number}; classes are 1 to 254")
        if int(label) in decisions:
            raise ValueError(f"{path}: object {label} is listed twice; keep one row")
        decisions[int(label)] = decision, int(number)
    return decisions


def apply_review(folder, truth, corrected, *, palette="auto", overwrite=False, progress=None):
    """Write the truth corrected by the objects that were accepted in a review.

    An object that the truth lacked is drawn in its class in the list, over whatever class the truth
    has there; one that was not found is deleted. Voxels that the truth ignores (255) stay so. Read
    and written slab by slab; the spacing is kept.

    Parameters
    ----------
    folder : str or Path
        Folder of the review.
    truth : path, (Z, Y, X) array_like or Volume
        The truth that was reviewed.
    corrected : str or Path
        Volume to write.
    palette : str, dict or Palette
        How values of the truth map to classes.
    overwrite : bool
        Whether an existing one may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    dict
        ``kind``, numbers of objects ``accepted``, ``refused`` and ``undecided``,
        ``changed_voxels`` and ``notices``.

    Raises
    ------
    ValueError
        If the folder holds no review, the decisions are none, the truth is not the one that was
        reviewed, or the output cannot be written.
    """
    check_output(corrected, overwrite)
    review, labels = _open_review(folder)
    decisions = read_decisions(folder)
    wrong = [label for label in decisions if not 0 < label <= review["objects"]]
    if wrong:
        raise ValueError(f"{folder}: object {wrong[0]} is none of the {review['objects']} reviewed")
    truth = open_truth(truth, palette)
    if truth.shape != labels.shape:
        raise ValueError(
            f"{truth.name} has shape {truth.shape}, but the review in {folder} {labels.shape}; "
            "give the truth that was reviewed"
        )
    classes = np.zeros(review["objects"] + 1, np.uint8)
    for label, (decision, number) in decisions.items():
        classes[label] = number if decision == "accept" else 0
    changed = 0
    settings = {"spacing": truth.spacing, "classes": True, "overwrite": overwrite}
    with create_volume(corrected, truth.shape, np.uint8, **settings) as writer:
        for start, slab in truth.slabs():
            stop = start + len(slab)
            chosen = classes[labels.read(start, stop)]
            result = _correct(slab, chosen, review["kind"], truth.name)
            changed += int(np.count_nonzero(result != slab))
            writer.write(start, result)
            if progress is not None:
                progress(stop, truth.shape[0])
    numbers = [sum(d == name for d, _ in decisions.values()) for name in ("accept", "refuse")]
    return {
        "kind": review["kind"],
        "accepted": numbers[0],
        "refused": numbers[1],
        "undecided": review["objects"] - sum(numbers),
        "changed_voxels": changed,
        "notices": [*truth.named_notices(), *lost_spacing(corrected, truth.spacing)],
    }


def _open_review(folder):
    """Read what a review is of, and open its labels."""
    path = Path(folder) / REVIEW
    try:
        review = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{folder}: holds no {REVIEW} that can be read; make a review with tomoseg-tf review "
            "list"
        ) from error
    kind = review.get("kind") if isinstance(review, dict) else None
    number = review.get("objects") if kind in ("found", "missed") else None
    if not isinstance(number, int) or number < 0:
        raise ValueError(f"{path}: is no review of found or missed objects; make it again")
    labels = open_volume(Path(folder) / LABELS)
    if labels.dtype.kind != "u":
        raise ValueError(f"{labels.name}: holds {labels.dtype} values, no labels; make it again")
    return review, labels


def _correct(slab, chosen, kind, name):
    """Draw or delete the accepted objects in a slab."""
    accepted = (chosen > 0) & (slab != IGNORE)
    if kind == "found":
        return np.where(accepted, chosen, slab)
    if (slab[accepted] == 0).any():
        raise ValueError(f"{name}: lacks an object of the review; give the truth that was reviewed")
    return np.where(accepted, 0, slab).astype(np.uint8)
