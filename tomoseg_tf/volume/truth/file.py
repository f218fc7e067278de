"""Writing a truth: classes of uint8 in any format that volumes are written in."""

from pathlib import Path

import numpy as np

from tomoseg_tf.volume.formats import check_output, create_volume
from tomoseg_tf.volume.kept_spacing import LOST_SPACING, keeps_spacing
from tomoseg_tf.volume.truth.mark import mark_classes
from tomoseg_tf.volume.truth.opening import open_truth
from tomoseg_tf.volume.truth.palette import IGNORE
from tomoseg_tf.volume.truth.sparse import label_slices


def write_truth(path, truth, *, labelled_slices=None, spacing=None, overwrite=False, progress=None):
    """Write the classes of a truth as a volume.

    Parameters
    ----------
    path : str, Path or Location
        Where to write; the format follows the suffix. It appears when it is complete.
    truth : TruthVolume, or what `open_truth` takes
        The classes.
    labelled_slices : sequence of int, optional
        Slices along z that are labelled; all others become 255 = ignore.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the labels state.
    overwrite : bool, optional
        Whether an existing output may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of slices.

    Returns
    -------
    dict
        ``path``, ``shape``, ``spacing``, ``voxels`` (of each class that occurs, by number),
        ``ignored`` and ``notices``, each of which begins with the name of its file.

    Raises
    ------
    ValueError
        If the labels cannot be read or have no class, or the output cannot be written.
    """
    check_output(path, overwrite)
    whole = open_truth(truth)
    kept = whole if labelled_slices is None else label_slices(whole, labelled_slices)
    spacing = whole.spacing if spacing is None else tuple(spacing)
    counts, lost = np.zeros(IGNORE + 1, np.int64), []
    with create_volume(path, kept.shape, np.uint8, spacing=spacing, overwrite=overwrite) as writer:
        for start, slab in whole.slabs():
            stop = start + len(slab)
            classes = slab if kept is whole else kept.read(start, stop)
            writer.write(start, classes)
            counts += np.bincount(classes.ravel(), minlength=len(counts))
            lost += [start + int(z) for z in _changed_slices(slab, classes)]
            if progress:
                progress(stop, kept.shape[0])
        if isinstance(writer.path, Path):
            mark_classes(writer.path)
    notices = kept.named_notices()
    if lost:
        named = ", ".join(map(str, lost[:8])) + (", ..." if len(lost) > 8 else "")
        notices.append(
            f"{whole.name}: {len(lost)} slices hold labels but are not named as labelled, and are "
            f"ignored: {named}"
        )
    if counts[0] and counts[IGNORE] and not counts[1:IGNORE].any():
        notices.append(
            f"{path}: holds only 0 and 255 (ignored); read it with --palette classes, or it may be "
            "taken for a mask in which 255 is class 1"
        )
    if spacing is not None and not keeps_spacing(path):
        notices.append(f"{path}: {LOST_SPACING}")
    return {
        "path": f"{path}",
        "shape": list(kept.shape),
        "spacing": None if spacing is None else list(spacing),
        "voxels": {int(number): int(counts[number]) for number in np.flatnonzero(counts[:IGNORE])},
        "ignored": int(counts[IGNORE]),
        "notices": notices,
    }


def _changed_slices(slab, classes):
    """Slices of a slab whose labels are not in the classes that are kept."""
    if slab is classes:
        return []
    objects = (slab != 0) & (slab != IGNORE)
    return np.flatnonzero((objects & (classes != slab)).any(axis=(1, 2)))
