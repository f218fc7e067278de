"""Seams: whether a result changes more where tiles meet than beside."""

import numpy as np

BESIDE = range(3, 7)  # voxels from a face, on both sides, that it is compared with


def seam_score(volume, faces):
    """Compare the changes across the faces of tiles with those beside them.

    Parameters
    ----------
    volume : Volume
        A result: classes, of which the share of neighbours that differ counts, or probabilities,
        of which the mean difference does.
    faces : sequence of three sequence of int
        Along z, y and x: a face lies between the voxel of that number and the one before.

    Returns
    -------
    dict from str to (float or None)
        For "z", "y" and "x" the mean change across faces over that across planes 3 to 6 voxels
        beside them: 1 where tiles leave no trace, 2 where twice as much changes as elsewhere. None
        where there is no face, or nothing changes beside.
    """
    changes = _changes(volume)
    return {
        axis: _score(change, places)
        for axis, change, places in zip("zyx", changes, faces, strict=True)
    }


def _changes(volume):
    """Mean change from each plane to the one before, along each axis; the first one is NaN."""
    classes, (depth, height, width) = volume.dtype.kind in "iu", volume.shape
    sums = [np.zeros(side) for side in volume.shape]
    last = None
    for start, slab in volume.slabs():
        slab = slab if classes else slab.astype(np.float32, copy=False)
        if last is not None:
            sums[0][start] = _difference(slab[0], last, classes).sum()
        last = slab[-1].copy()
        inner = _difference(slab[1:], slab[:-1], classes)
        sums[0][start + 1 : start + len(slab)] = inner.sum(axis=(1, 2))
        sums[1][1:] += _difference(slab[:, 1:], slab[:, :-1], classes).sum(axis=(0, 2))
        sums[2][1:] += _difference(slab[..., 1:], slab[..., :-1], classes).sum(axis=(0, 1))
    areas = height * width, depth * width, depth * height
    changes = [total / area for total, area in zip(sums, areas, strict=True)]
    for change in changes:
        change[0] = np.nan
    return changes


def _difference(after, before, classes):
    """Tell which voxels differ, or by how much."""
    return after != before if classes else np.abs(after - before)


def _score(change, faces):
    """Mean change at faces over that beside them, where no other face is."""
    known, taken, beside = set(range(1, len(change))), [], []
    for face in faces:
        places = {face + sign * step for sign in (-1, 1) for step in BESIDE} & known - set(faces)
        if face in known and places:
            taken.append(change[face])
            beside.append(np.mean([change[place] for place in places]))
    if not taken or not sum(beside):
        return None
    return float(sum(taken) / sum(beside))


def seam_notice(name, scores):
    """Say in a line what the scores of a result are.

    Parameters
    ----------
    name : str or Path
        Of the result.
    scores : dict
        From `seam_score`.

    Returns
    -------
    str
    """
    told = ", ".join(
        f"{axis} {'unknown' if score is None else format(score, '.2f')}"
        for axis, score in scores.items()
    )
    return f"{name}: changes across the faces of tiles over those beside, 1 without seams: {told}"
