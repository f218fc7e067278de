"""Writing a truth: classes of uint8 in any format that volumes are written in."""

import numpy as np

from tomoseg_tf.volume.apart import check_apart
from tomoseg_tf.volume.creating import check_output, create_volume, keeps_notes, lost_spacing
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
        If the labels cannot be read or have no class, or the output cannot be written or would
        spoil the labels.
    """
    check_apart([path], [truth])
    check_output(path, overwrite)
    whole = open_truth(truth)
    kept = whole if labelled_slices is None else label_slices(whole, labelled_slices)
    spacing = whole.spacing if spacing is None else tuple(spacing)
    counts, lost = np.zeros(IGNORE + 1, np.int64), []
    settings = {"spacing": spacing, "classes": True, "overwrite": overwrite}
    with create_volume(path, kept.shape, np.uint8, **settings) as writer:
        for start, slab in whole.slabs():
            stop = start + len(slab)
            classes = slab if kept is whole else kept.read(start, stop)
            writer.write(start, classes)
            counts += np.bincount(classes.ravel(), minlength=len(counts))
            lost += [start + int(z) for z in _changed_slices(slab, classes)]
            if progress:
                progress(stop, kept.shape[0])
    notices = kept.named_notices()
    if lost:
        named = ", ".join(map(str, lost[:8])) + (", ..." if len(lost) > 8 else "")
        slices = "1 slice holds" if len(lost) == 1 else f"{len(lost)} slices hold"
        notices.append(
            f"{whole.name}: {slices} labels without being named as labelled, and "
            f"{'is' if len(lost) == 1 else 'are'} ignored: {named}"
        )
    only_ignored = counts[0] and counts[IGNORE] and not counts[1:IGNORE].any()
    if only_ignored and not keeps_notes(path):
        notices.append(
            f"{path}: holds only 0 and 255 (ignored); read it with --palette classes, or it may be "
            "taken for a mask in which 255 is class 1"
        )
    notices += lost_spacing(path, spacing)
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
