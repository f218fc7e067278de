"""The folder of a review: a list to be filled in, thumbnails, sheets, and the labels."""

import csv
import json

import numpy as np

from tomoseg_tf.evaluation.detection import detect_objects
from tomoseg_tf.evaluation.detection.correction import LABELS, LIST, REVIEW
from tomoseg_tf.evaluation.detection.review import (
    KINDS,
    review_columns,
    reviewed_rows,
    write_review_labels,
)
from tomoseg_tf.plots.figure import save_figure
from tomoseg_tf.plots.review import (
    COLUMNS,
    ROWS,
    contrast,
    place_of,
    plot_sheet,
    sample_planes,
    thumbnail,
)
from tomoseg_tf.volume import (
    IGNORE,
    as_volume,
    check_apart,
    check_destination,
    open_truth,
    open_volume,
    staged_folder,
)

TITLES = {"found": "Found by the network, not in the truth", "missed": "In the truth, not found"}
TOP = 255  # of probabilities as grey levels


def write_review(
    volume,
    truth,
    segmentation,
    folder,
    *,
    kind="found",
    probabilities=None,
    thumbnails=500,
    overwrite=False,
    progress=None,
    **settings,
):
    """Write the objects that truth and segmentation differ in, to be accepted or refused.

    The folder gets ``review.csv`` with a row per object and an empty column ``decision``,
    ``objects/`` with a thumbnail of each, ``sheets/`` with pages of them, and what
    `tomoseg_tf.evaluation.apply_review` needs. Objects found come with falling confidence;
    those missed with rising: first the ones that the truth has most likely too many. Confidence is
    the mean probability, or else the contrast in the three planes, see `contrast`.

    Parameters
    ----------
    volume : path, (Z, Y, X) array_like or Volume
        Grey levels.
    truth, segmentation : path, (Z, Y, X) array_like or Volume
        Classes of the same shape.
    folder : str or Path
        Folder to write.
    kind : {"found", "missed"}
        Objects of the segmentation that the truth lacks, or objects of the truth that were not
        found.
    probabilities : path, (Z, Y, X) array_like or Volume, optional
        Probabilities of the class of the objects, from 0 to 1 or as uint8 grey levels.
    thumbnails : int
        How many objects are drawn at most, the first ones of the list.
    overwrite : bool
        Whether an existing review may be replaced, decisions included.
    progress : callable, optional
        Called as ``progress(done, total)``.
    **settings
        Those of `tomoseg_tf.evaluation.detect_objects`.

    Returns
    -------
    dict
        ``kind``, number of ``objects``, how many were ``drawn``, what ``confidence`` is, the
        ``list`` and ``notices``.

    Raises
    ------
    ValueError
        If the folder exists or holds an input, the kind is none, or as for `detect_objects`.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; use one of {', '.join(KINDS)}")
    check_destination(folder, overwrite, folder=True, marker=REVIEW)
    check_apart([folder], [volume, truth, segmentation, probabilities])
    truth, segmentation = open_truth(truth), open_truth(segmentation)
    volume = _of_shape(as_volume(volume), truth)
    if probabilities is not None:
        probabilities = _check_probabilities(_of_shape(as_volume(probabilities), truth))
    greys = (None, probabilities) if kind == "found" else (probabilities, None)
    steps = _steps(progress)
    detection = detect_objects(truth, segmentation, volumes=greys, progress=steps(0), **settings)
    side, _ = reviewed_rows(detection, kind)
    columns = review_columns(detection, kind)
    named = "contrast" if probabilities is None else "mean probability"
    with staged_folder(folder, overwrite=overwrite, marker=REVIEW) as partial:
        write_review_labels(detection, kind, partial / LABELS, progress=steps(1))
        drawing = _Drawing(
            volume,
            open_volume(partial / LABELS),
            truth if kind == "found" else segmentation,
            side.objects.spacing,
        )
        rows = _rows(columns, drawing, probabilities)
        rows.sort(key=lambda row: row["confidence"], reverse=kind == "found")
        drawn = min(len(rows), thumbnails)
        _draw(partial, rows[:drawn], drawing, kind, named, steps(2))
        _write_list(partial / LIST, rows, drawn)
        summary = {"kind": kind, "objects": len(rows), "drawn": drawn, "confidence": named}
        text = json.dumps(summary | {"shape": list(truth.shape)}, indent=1)
        (partial / REVIEW).write_text(text, encoding="utf-8")
    return summary | {"list": f"{folder}/{LIST}", "notices": list(detection.pair.notices)}


class _Drawing:
    """What thumbnails are made of."""

    def __init__(self, volume, labels, other, spacing):
        self._volumes, self.spacing = (volume, labels, other), spacing

    def planes(self, row):
        """Grey levels, what is inside, the object and the others around an object."""
        place = place_of(row, self.spacing)
        (grey, inside), (labels, _), (other, _) = (
            sample_planes(volume, place) for volume in self._volumes
        )
        return grey, inside, labels == row["label"], (other > 0) & (other != IGNORE)

    def contrast(self, row):
        """Contrast of an object in its three planes."""
        return contrast(*self.planes(row)[:3])

    def side(self, row):
        """Text of the side of a thumbnail."""
        side = place_of(row, self.spacing).sides[2]
        length = "" if self.spacing is None else f" ({side * self.spacing[2]:.3g} µm)"
        return f"side {side:.0f} voxels{length}"


def _rows(columns, drawing, probabilities):
    """Rows of the list: dicts with the confidence."""
    names = list(columns)
    rows = [
        dict(zip(names, values, strict=True))
        for values in zip(*(column.tolist() for column in columns.values()), strict=True)
    ]
    for row in rows:
        if probabilities is None:
            row["confidence"] = drawing.contrast(row)
        else:
            scale = 1 if probabilities.dtype.kind == "f" else TOP
            row["confidence"] = row.pop("grey_mean") / scale
    return rows


def _draw(folder, rows, drawing, kind, named, progress):
    """Draw a thumbnail of each object, and the sheets."""
    from matplotlib.image import imsave  # takes long to import

    for name in ("objects", "sheets"):
        (folder / name).mkdir()
    size, symbol = COLUMNS * ROWS, "p" if named == "mean probability" else "contrast"
    pages = -(-len(rows) // size)
    for page in range(pages):
        images, captions = [], []
        for row in rows[page * size : (page + 1) * size]:
            images.append(thumbnail(*drawing.planes(row)))
            imsave(folder / _thumbnail_name(row), images[-1])
            captions.append(_caption(row, symbol, drawing))
        other = "objects of the truth" if kind == "found" else "objects of the segmentation"
        title = f"{TITLES[kind]}: sheet {page + 1} of {pages}"
        sheet = plot_sheet(images, captions, title=title, other=other)
        save_figure(sheet, folder / "sheets" / f"sheet_{page + 1:03d}.png", dpi=200)
        if progress is not None:
            progress(page + 1, pages)


def _caption(row, symbol, drawing):
    """Text below a thumbnail."""
    place = ", ".join(f"{axis} {row[f'centroid_{axis}']:.0f}" for axis in "zyx")
    radius = f"radius {row['equivalent_radius_voxels']:.2f} voxels"
    head = f"object {row['label']}, class {row['class']}, {symbol} {row['confidence']:.3g}"
    return f"{head}, {radius}\n{place}, {drawing.side(row)}"


def _thumbnail_name(row):
    """Path of a thumbnail in the folder."""
    return f"objects/object_{row['label']:05d}.png"


def _write_list(path, rows, drawn):
    """Write the list with an empty column of decisions."""
    first = ("decision", "label", "class", "confidence")
    names = [name for name in (rows[0] if rows else {}) if name not in first]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*first, *names, "thumbnail"])
        for number, row in enumerate(rows):
            cells = [_cell(row[name]) for name in (*first[1:], *names)]
            writer.writerow(["", *cells, _thumbnail_name(row) if number < drawn else ""])


def _cell(value):
    """Text of a value."""
    return f"{value:.6g}" if isinstance(value, float) else value


def _of_shape(volume, truth):
    """Check that a volume has the shape of the truth."""
    if volume.shape != truth.shape:
        raise ValueError(
            f"{volume.name} has shape {volume.shape}, but {truth.name} {truth.shape}; both must be "
            "of one shape"
        )
    return volume


def _check_probabilities(volume):
    """Refuse what is no volume of probabilities."""
    if volume.dtype.kind != "f" and volume.dtype != np.uint8:
        raise ValueError(
            f"{volume.name}: {volume.dtype} voxels are no probabilities; give floats from 0 to 1, "
            "or uint8 grey levels as tomoseg-tf segment --grey-levels writes them"
        )
    return volume


def _steps(progress):
    """Progress of each of three steps, which count the same."""
    if progress is None:
        return lambda number: None
    return lambda number: lambda done, total: progress(number + done / total, 3)
