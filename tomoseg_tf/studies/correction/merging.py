"""Mended slices merged into a truth."""

import csv
import json
from pathlib import Path

import numpy as np

from tomoseg_tf.studies.correction.writing import CORRECTION, LABELS, LIST
from tomoseg_tf.volume import (
    TruthVolume,
    UnlabelledTruth,
    check_output,
    open_truth,
    write_truth,
)


class MendedTruth(TruthVolume):
    """A truth in which some slices are others.

    Parameters
    ----------
    source : TruthVolume
        The truth.
    labels : TruthVolume
        Pages of mended slices.
    pages : dict from int to int
        Page of each slice that was mended.
    """

    def __init__(self, source, labels, pages):
        super().__init__(source)
        self._source, self._labels, self._pages = source, labels, pages

    def named_notices(self):
        """Notices of the truth and of the mended slices; see `TruthVolume`."""
        return [*self._source.named_notices(), *self._labels.named_notices()]

    def _read_box(self, box):
        (start, stop), *plane = box
        classes = self._source.read_box(box).copy()
        for z, page in self._pages.items():
            if start <= z < stop:
                classes[z - start] = self._labels.read_box(((page, page + 1), *plane))[0]
        return classes


def merge_slices(
    folder, truth, merged, *, slices=None, palette="auto", overwrite=False, progress=None
):
    """Write a truth with the slices that were mended.

    Parameters
    ----------
    folder : str or Path
        What `write_slices` wrote, with ``labels.tif`` mended.
    truth : path, (Z, Y, X) array_like or Volume, or None
        The truth so far; None if nothing was labelled before.
    merged : path
        Volume to write.
    slices : sequence of int, optional
        Slices of the scan to merge, of those that ``slices.csv`` names; all of them by default.
    palette : str, dict or Palette
        How values of the truth map to classes.
    overwrite : bool
        Whether an existing one may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    dict
        As of `tomoseg_tf.volume.write_truth`, with ``slices`` that were merged and the number of
        ``changed_voxels`` in them.

    Raises
    ------
    ValueError
        If the folder holds no correction, or was made beside a truth and none is given, a slice is
        not in it, shapes do not fit, or the output cannot be written.
    """
    check_output(merged, overwrite)
    folder = Path(folder)
    facts = _read_facts(folder)
    if truth is None and facts["truth"] is not None:
        raise ValueError(
            f"{folder}: was made beside the truth {facts['truth']}, whose labels would be lost; "
            "give that truth"
        )
    labels = open_truth(folder / LABELS, "classes")
    if truth is None:
        source = UnlabelledTruth(facts["shape"], labels.spacing)
    else:
        source = open_truth(truth, palette)
    if list(source.shape) != facts["shape"]:
        raise ValueError(
            f"{source.name} has shape {source.shape}, but the scan of {folder} "
            f"{tuple(facts['shape'])}; give the truth of that scan"
        )
    wanted = (facts["pages"], *source.shape[1:])
    if labels.shape != wanted:
        raise ValueError(
            f"{labels.name} has shape {labels.shape}, but {wanted} was written; save all pages, "
            "and name the slices that are to be merged"
        )
    chosen = _choose(_read_pages(folder / LIST, facts), slices, folder / LIST)
    mended = MendedTruth(source, labels, chosen)
    changed = sum(
        int(np.count_nonzero(source.read(z, z + 1) != mended.read(z, z + 1))) for z in chosen
    )
    summary = write_truth(merged, mended, overwrite=overwrite, progress=progress)
    return {**summary, "slices": sorted(chosen), "changed_voxels": changed}


def _read_facts(folder):
    """Read what a correction is of."""
    try:
        facts = json.loads((folder / CORRECTION).read_text(encoding="utf-8"))
        return {
            "shape": [int(side) for side in facts["shape"]],
            "pages": int(facts["pages"]),
            "truth": facts["truth"],
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{folder}: holds no {CORRECTION} that can be read; write it with tomoseg-tf review "
            "slices"
        ) from error


def _choose(pages, slices, path):
    """Keep the pages of the slices that were asked for: dict from slice to page from 0."""
    if slices is None:
        return pages
    for z in slices:
        if z not in pages:
            raise ValueError(f"{path}: has no slice {z}; it has {', '.join(map(str, pages))}")
    if not slices:
        raise ValueError(f"{path}: no slice is named; nothing would be merged")
    return {z: pages[z] for z in slices}


def _read_pages(path, facts):
    """Read which page, from 0, each slice of the list is."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read as a list of slices ({error})") from error
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    pages = {}
    for row in csv.DictReader(text.splitlines(), delimiter=delimiter):
        page, z = (str(row.get(name) or "").strip() for name in ("page", "slice"))
        if not (page.isdecimal() and z.isdecimal()):
            raise ValueError(f"{path}: page {page!r}, slice {z!r}: must be whole numbers")
        if not (1 <= int(page) <= facts["pages"] and int(z) < facts["shape"][0]):
            raise ValueError(f"{path}: page {page} or slice {z} is none of the scan")
        pages[int(z)] = int(page) - 1
    if not pages:
        raise ValueError(f"{path}: names no slice; nothing would be merged")
    return pages
