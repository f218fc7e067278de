"""The folder of a correction: the worst slices of a scan, with labels to be mended."""

import csv
import json
import shutil

import numpy as np

from tomoseg_tf.studies.correction.doubt import choose_slices, sum_doubt
from tomoseg_tf.volume import (
    IGNORE,
    UnlabelledTruth,
    as_volume,
    check_apart,
    check_destination,
    create_volume,
    open_truth,
    open_volume,
    staged_folder,
)

CORRECTION, LIST, SCAN, LABELS = "correction.json", "slices.csv", "scan.tif", "labels.tif"
COLUMNS = ("page", "slice", "doubt", "labelled")


def write_slices(
    scan, truth, folder, *, weights, count=5, apart=None, overwrite=False, progress=None, **settings
):
    """Segment a scan and write the slices that the weights are least sure of, to be mended.

    The folder gets ``scan.tif`` with these slices, ``labels.tif`` with their classes, as the truth
    says where it is labelled and as predicted elsewhere, and ``slices.csv`` that says which slices
    they are.

    Parameters
    ----------
    scan : path, (Z, Y, X) array_like or Volume
        Grey levels.
    truth : path, (Z, Y, X) array_like or Volume, or None
        Classes so far, 255 where nothing is labelled; None if nothing is labelled at all.
    folder : str or Path
        Folder to write.
    weights : str or path
        Weights folder, or the name of shipped weights.
    count : int
        How many slices at most.
    apart : int, optional
        Least distance of two of them; a quarter of an even spread by default.
    overwrite : bool
        Whether an existing correction may be replaced, with what was mended in it.
    progress : callable, optional
        Called as ``progress(done, total)``.
    **settings
        Further ones of `tomoseg_tf.prediction.segment_file`, such as ``max_memory``.

    Returns
    -------
    dict
        ``slices``: of each its page, number, doubt in voxels and labelled share, the worst first;
        ``apart`` and ``notices``.

    Raises
    ------
    ValueError
        If the folder exists or holds an input, the shapes differ, all is labelled, or as for
        `segment_file`.
    """
    from tomoseg_tf.prediction import segment_file  # loads Keras, which merging does not need

    check_destination(folder, overwrite, folder=True, marker=CORRECTION)
    check_apart([folder], [scan, truth, weights])
    scan, blank = as_volume(scan), truth is None
    truth = UnlabelledTruth(scan.shape, scan.spacing) if blank else open_truth(truth)
    if scan.shape != truth.shape:
        raise ValueError(
            f"{truth.name} has shape {truth.shape}, but {scan.name} {scan.shape}; both must be of "
            "one shape"
        )
    if not any((slab == IGNORE).any() for _, slab in truth.slabs()):
        raise ValueError(
            f"{truth.name}: all is labelled, so that nothing is in doubt; choose another scan"
        )
    apart = max(1, scan.shape[0] // (4 * count)) if apart is None else apart
    predicting, adding = _parts(progress, scan.voxels)
    with staged_folder(folder, overwrite=overwrite, marker=CORRECTION) as partial:
        made = {"segmentation": partial / "classes.zarr", "entropy": partial / "entropy.zarr"}
        done = segment_file(
            scan, weights=weights, grey_levels=True, progress=predicting, **made, **settings
        )
        predicted, entropy = (open_volume(path) for path in made.values())
        doubt, labelled = sum_doubt(entropy, truth, progress=adding)
        chosen = choose_slices(doubt, count, apart)
        if not chosen:
            raise ValueError(
                f"{scan.name}: nothing is in doubt: the weights are sure of all that is not "
                "labelled; choose another scan"
            )
        _write_pages(partial, chosen, scan, truth, predicted)
        rows = [
            dict(zip(COLUMNS, (page, z, float(doubt[z]), float(labelled[z])), strict=True))
            for page, z in enumerate(chosen, 1)
        ]
        _write_list(partial / LIST, rows)
        for path in made.values():
            shutil.rmtree(path)  # only the choice of slices needed them
        facts = {
            "shape": list(scan.shape),
            "truth": None if blank else truth.name,
            "weights": str(weights),
            "pages": len(chosen),
        }
        (partial / CORRECTION).write_text(json.dumps(facts, indent=1), encoding="utf-8")
    notices = [*truth.named_notices(), *done["notices"]]
    return {"slices": rows, "apart": apart, "notices": notices}


def _write_pages(folder, chosen, scan, truth, predicted):
    """Write grey levels and classes of the chosen slices."""
    shape = (len(chosen), *scan.shape[1:])
    with (
        create_volume(folder / SCAN, shape, scan.dtype, spacing=scan.spacing) as grey,
        create_volume(
            folder / LABELS, shape, np.uint8, spacing=scan.spacing, classes=True
        ) as labels,
    ):
        for page, z in enumerate(chosen):
            grey.write(page, scan.read(z, z + 1))
            known = truth.read(z, z + 1)
            labels.write(page, np.where(known == IGNORE, predicted.read(z, z + 1), known))


def _write_list(path, rows):
    """Write which slice each page is."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            cells = row.values()
            writer.writerow(f"{each:.4g}" if isinstance(each, float) else each for each in cells)


def _parts(progress, voxels):
    """Progress of the prediction, and of the sums, which count for little."""
    if progress is None:
        return None, None
    last = voxels // 20

    def predicting(done, total):
        progress(voxels * done // total, voxels + last)

    def adding(done, total):
        progress(voxels + last * done // total, voxels + last)

    return predicting, adding
