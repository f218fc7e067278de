"""A mesh of each object, in a folder with a table of them."""

import csv
import tempfile
from pathlib import Path

import numpy as np

from tomoseg_tf.meshes.drawing import draw_surface
from tomoseg_tf.meshes.fields import Field, check_grid
from tomoseg_tf.meshes.files import FORMATS
from tomoseg_tf.objects import measure_objects, open_inputs, write_labels
from tomoseg_tf.volume import Volume, check_apart, open_volume, staged_folder

TABLE = "objects.csv"
MARKERS = (TABLE, "object_[0-9]*.???")  # a table of that name alone may be one of objects
MOST = 10_000  # files that a folder can hold with ease


class ObjectVolume(Volume):
    """One object in its box: 1 where a volume has its label, else 0.

    Parameters
    ----------
    labels : Volume
        Labels of objects.
    label : int
        That of the object.
    box : sequence of three (int, int)
        First and past-the-end voxel along z, y and x.
    """

    def __init__(self, labels, label, box):
        shape = [stop - start for start, stop in box]
        super().__init__(shape, np.uint8, name=f"object {label}", format="object")
        self._labels, self._label, self._start = labels, label, [start for start, _ in box]

    def _read_box(self, box):
        inner = [
            (low + start, high + start) for (low, high), start in zip(box, self._start, strict=True)
        ]
        return (self._labels.read_box(inner) == self._label).astype(np.uint8)


def write_object_meshes(
    segmentation,
    folder,
    *,
    suffix=".ply",
    classes=(),
    step=1,
    smooth=0.0,
    min_voxels=8,
    keep_border=False,
    connectivity=26,
    palette="auto",
    spacing=None,
    overwrite=False,
    progress=None,
):
    """Write the surface of each object of a segmentation as a mesh of its own.

    Objects, and their labels in the names of the files, are those of `measure_objects` with the
    same settings. Places are those in the whole volume, as of `write_meshes`.

    Parameters
    ----------
    segmentation : path, (Z, Y, X) array_like or Volume
        Classes; 0 and 255 are outside.
    folder : str or Path
        Folder to write: ``object_1.ply`` and so on, and ``objects.csv`` with the label, class,
        file, vertices, faces, area and volume of each.
    suffix : str
        .ply, .vtk, .stl or .obj.
    classes : sequence of int
        Classes of the objects; all by default.
    step, smooth
        As for `write_meshes`; an object that vanishes is listed without faces.
    min_voxels, keep_border, connectivity, palette, spacing
        As for `measure_objects`.
    overwrite : bool
        Whether such a folder may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with objects.

    Returns
    -------
    meshes : list of dict
        For each object: ``path``, ``label``, ``class``, ``vertices``, ``faces``, ``area``,
        ``volume``, and their ``unit``, "um" or "voxels".
    notices : list of str
        What a user should know.

    Raises
    ------
    ValueError
        If the folder exists or holds the segmentation, a setting is none, or there are no objects
        or more than 10,000.
    """
    folder, suffix = Path(folder), suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{suffix}: a mesh ends in {', '.join(FORMATS)}")
    check_grid(step, smooth)
    check_apart([folder], [segmentation])
    given = open_inputs(segmentation, palette=palette, spacing=spacing)
    meshes = []
    with staged_folder(folder, overwrite=overwrite, marker=MARKERS) as staging:
        settings = {"min_voxels": min_voxels, "keep_border": keep_border}
        objects = measure_objects(given, connectivity=connectivity, **settings)
        rows = _rows(objects.columns, classes, given.segmentation.name)
        with tempfile.TemporaryDirectory(prefix="tomoseg-tf-") as temporary:
            path = Path(temporary, "labels.npy")
            write_labels(objects, given, path)
            labels = open_volume(path)
            for done, row in enumerate(rows, 1):
                one = {name: column[row] for name, column in objects.columns.items()}
                box = [(int(one[f"{name}_start"]), int(one[f"{name}_stop"])) for name in "zyx"]
                volume = ObjectVolume(labels, int(one["label"]), box)
                field = Field(volume, np.array([False, True]), step=step, smooth=smooth)
                name, start = f"object_{one['label']}{suffix}", [low for low, _ in box]
                drawn = draw_surface(field, staging / name, suffix, given.spacing, start=start)
                known = {"label": int(one["label"]), "class": int(one["class"])}
                meshes.append({"path": str(folder / name), **known, **drawn})
                if progress is not None:
                    progress(done, len(rows))
        _write_table(meshes, staging / TABLE)
    return meshes, list(given.segmentation.named_notices())


def _rows(columns, classes, name):
    """Rows of the objects to draw."""
    rows = np.arange(len(columns["label"]))
    if classes:
        rows = rows[np.isin(columns["class"], list(classes))]
    if not len(rows):
        raise ValueError(f"{name}: no object is whole and large enough; nothing to draw")
    if len(rows) > MOST:
        raise ValueError(
            f"{name}: {len(rows):,} objects are too many files; draw at most {MOST:,}, by a larger "
            "--min-voxels, or all objects in one mesh"
        )
    return rows


def _write_table(meshes, path):
    """List the meshes."""
    rows = [{**one, "path": Path(one["path"]).name} for one in meshes]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
