"""Objects to be accepted or refused by hand: what the truth lacks, or has too many."""

import numpy as np

from tomoseg_tf.objects import label_slabs, label_type
from tomoseg_tf.volume import create_volume

KINDS = ("found", "missed")


def reviewed_rows(detection, kind):
    """Rows of the objects that are to be reviewed.

    Parameters
    ----------
    detection : Detection
        As `detect_objects` gives it.
    kind : {"found", "missed"}
        Objects of the segmentation that the truth lacks, or objects of the truth that were not
        found.

    Returns
    -------
    side : Side
        What they are objects of.
    rows : (N,) ndarray of int64
        Their rows.
    """
    if kind == "found":
        return detection.pair.segmentation, detection.found
    return detection.pair.truth, detection.missed


def review_columns(detection, kind):
    """Table of the objects that are to be reviewed, without confidence and decision.

    Parameters
    ----------
    detection, kind
        As for `reviewed_rows`.

    Returns
    -------
    dict from str to (N,) ndarray
        ``label`` in the volume of `write_review_labels`, ``class``, centroid, size, sphericity and
        bounding box as of the table of objects, and ``overlap``: the share of the voxels in
        objects, of any class, of the other volume.
    """
    side, rows = reviewed_rows(detection, kind)
    index = 1 if kind == "found" else 0
    overlaps = detection.pair.overlaps
    shared = np.bincount(overlaps[:, index], overlaps[:, 2], len(side.kept))
    names = ("voxels", "equivalent_radius_voxels", "equivalent_radius_um", "sphericity")
    names += tuple(f"centroid_{axis}" for axis in "zyx")
    names += tuple(f"{axis}_{end}" for axis in "zyx" for end in ("start", "stop"))
    names += ("grey_mean",)
    columns = {name: side.columns[name][rows] for name in names if name in side.columns}
    numbered = {"label": np.arange(1, len(rows) + 1), "class": side.columns["class"][rows]}
    return numbered | columns | {"overlap": shared[rows] / side.columns["voxels"][rows]}


def write_review_labels(detection, kind, path, *, progress=None):
    """Write the objects that are to be reviewed as a volume of labels, slab by slab.

    Parameters
    ----------
    detection, kind
        As for `reviewed_rows`.
    path : str or Path
        Volume of any format: labels from 1 on, 0 elsewhere.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.
    """
    side, rows = reviewed_rows(detection, kind)
    objects, dtype = side.objects, label_type(len(rows))
    numbers = np.zeros(len(objects) + 1, dtype)
    numbers[rows + 1] = np.arange(1, len(rows) + 1)
    with create_volume(path, objects.shape, dtype, spacing=objects.spacing) as writer:
        for start, stop, labels in label_slabs(objects, side.inputs):
            writer.write(start, numbers[labels])
            if progress is not None:
                progress(stop, objects.shape[0])
