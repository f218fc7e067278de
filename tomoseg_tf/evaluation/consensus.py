"""One truth from those of several operators."""

from itertools import combinations, pairwise

import numpy as np

from tomoseg_tf.evaluation.confusion import check_shapes
from tomoseg_tf.evaluation.detection.matching import check_overlap, match_objects
from tomoseg_tf.objects import label_slabs, measure_objects, open_inputs
from tomoseg_tf.objects.overlap import OverlapCounter
from tomoseg_tf.volume import IGNORE, check_output, create_volume, lost_spacing, open_truth

OBJECTS = ("union", "majority")
_VOXELS = 2**23  # of a slab; the votes take a few times as much


def vote(slabs):
    """Class that more than half of the operators give each voxel.

    Parameters
    ----------
    slabs : sequence of (n, Y, X) ndarray of uint8
        Classes by operator; 255 is no vote.

    Returns
    -------
    (n, Y, X) ndarray of uint8
        Classes; 255 where none has more than half of all operators.

    Examples
    --------
    >>> one, other = np.array([[[0, 1, 1, 255]]]), np.array([[[0, 1, 2, 1]]])
    >>> vote([one, other]).tolist()
    [[[0, 1, 255, 255]]]
    """
    slabs = [np.asarray(slab, np.uint8) for slab in slabs]
    result = np.full(slabs[0].shape, IGNORE, np.uint8)
    for slab in slabs[: len(slabs) // 2 + 1]:  # a class of more than half is among these
        votes = np.zeros(slab.shape, np.uint16)
        for other in slabs:
            votes += other == slab
        chosen = 2 * votes > len(slabs)
        result[chosen] = slab[chosen]
    return result


def write_consensus(
    truths,
    path,
    *,
    objects=None,
    overlap=0.5,
    connectivity=26,
    palette="auto",
    spacing=None,
    overwrite=False,
    depth=None,
    progress=None,
):
    """Write the consensus of several truths as a volume.

    By voxels, each gets the class that more than half of the operators give it, and 255 otherwise:
    of two operators, where both agree. By objects, those of one class that overlap enough are the
    same object. One that more than half of the operators have is taken whole: all its voxels
    (union), or those that more than half of the operators give to it, while its other voxels
    become 255 (majority). Objects that fewer have become 255 whole, and so do voxels of two that
    were agreed on. What is in no object is voted on. Read and written slab by slab.

    Parameters
    ----------
    truths : sequence of path, (Z, Y, X) array_like or Volume
        Two or more, of one shape; 0 is background, and what one ignores (255) is no vote.
    path : str or Path
        Volume to write.
    objects : {"union", "majority"}, optional
        How objects are taken whole; by default voxels are voted on.
    overlap : float
        Least intersection over union of objects that are the same.
    connectivity : int
        6, 18 or 26, of objects.
    palette : str, dict or Palette
        How values map to classes.
    spacing : sequence of three float, optional
        Voxel size (z, y, x) in µm; by default that of the first truth that has one.
    overwrite : bool
        Whether an existing one may be replaced.
    depth : int, optional
        Slices per slab.
    progress : callable, optional
        Called as ``progress(done, total)``.

    Returns
    -------
    dict
        ``voxels`` (of each class that occurs, by number), ``ignored``, ``notices``, and by objects
        ``agreed`` and ``disputed``, numbers of objects that more than half have, and that fewer
        have.

    Raises
    ------
    ValueError
        If there are fewer than two truths, their shapes differ, or the output cannot be written.
    """
    if len(truths) < 2:
        raise ValueError(f"{len(truths)} truth: a consensus needs two or more")
    if objects not in (None, *OBJECTS):
        raise ValueError(f"objects is {objects!r}; use one of {', '.join(OBJECTS)}, or none")
    check_overlap(overlap, "iou")
    check_output(path, overwrite)
    truths = [open_truth(truth, palette) for truth in truths]
    for other in truths[1:]:
        check_shapes(truths[0], other)
    shape = truths[0].shape
    spacing = spacing or next((one.spacing for one in truths if one.spacing), None)
    depth = depth or max(1, _VOXELS // (shape[1] * shape[2]))
    found, summary = None, {}
    if objects is not None:
        settings = {"connectivity": connectivity, "depth": depth, "progress": progress}
        found, summary = _agreed_objects(truths, overlap, **settings)
    counts = np.zeros(IGNORE + 1, np.int64)
    options = {"spacing": spacing, "classes": True, "overwrite": overwrite}
    with create_volume(path, shape, np.uint8, **options) as writer:
        for start, result in _slabs(truths, found, objects == "union", depth):
            writer.write(start, result)
            counts += np.bincount(result.ravel(), minlength=len(counts))
            if progress is not None:
                progress(start + len(result), shape[0])
    notices = [note for one in truths for note in one.named_notices()]
    return {
        "voxels": {int(n): int(counts[n]) for n in np.flatnonzero(counts[:IGNORE])},
        "ignored": int(counts[IGNORE]),
        **summary,
        "notices": [*notices, *lost_spacing(path, spacing)],
    }


def _slabs(truths, found, union, depth):
    """Consensus slab by slab: first slice and classes."""
    if found is None:
        for start in range(0, truths[0].shape[0], depth):
            stop = min(start + depth, truths[0].shape[0])
            yield start, vote([one.read(start, stop) for one in truths])
        return
    sides, groups, agreed = found
    labelled = zip(*(label_slabs(*side) for side in sides), strict=True)
    for parts in labelled:
        start, stop, _ = parts[0]
        owners = [group[part[2]] for group, part in zip(groups, parts, strict=True)]
        result = vote([one.read(start, stop) for one in truths])
        yield start, _draw_groups(result, owners, agreed, union)


def _draw_groups(result, owners, agreed, union):
    """Draw the objects that were agreed on into a slab; ignore the others and what is disputed."""
    inside = np.any([own > 0 for own in owners], axis=0)
    group = np.max([np.where(agreed[own] > 0, own, 0) for own in owners], axis=0)
    clear = group > 0
    votes = np.zeros(result.shape, np.uint16)
    for own in owners:
        clear &= (own == group) | (agreed[own] == 0)
        votes += own == group
    if not union:
        clear &= 2 * votes > len(owners)
    result[inside] = np.where(clear, agreed[group], IGNORE)[inside]
    return result


def _agreed_objects(truths, overlap, *, connectivity, depth, progress):
    """Objects of each truth, the group of each label, and the class of each group agreed on."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components  # takes long to import

    settings = {"connectivity": connectivity, "min_voxels": 1, "keep_border": True, "depth": depth}
    settings["progress"] = progress
    inputs = [open_inputs(one) for one in truths]
    sides = [(measure_objects(one, **settings), one) for one in inputs]
    firsts = np.cumsum([0, *(len(objects) for objects, _ in sides)])
    total = int(firsts[-1])
    edges = [np.empty((0, 2), np.int64)]
    for one, other in combinations(range(len(sides)), 2):
        rows = _same_objects(sides[one], sides[other], overlap)
        edges.append(rows + [firsts[one], firsts[other]])
    edges = np.concatenate(edges)
    graph = coo_array((np.ones(len(edges), bool), tuple(edges.T)), (total, total))
    number, groups = connected_components(graph, directed=False)
    classes = np.concatenate([objects.columns["class"] for objects, _ in sides])
    owners = np.repeat(np.arange(len(sides)), np.diff(firsts))
    members = np.unique(np.column_stack([groups, owners]), axis=0)
    agreeing = 2 * np.bincount(members[:, 0], minlength=number) > len(sides)
    agreed = np.zeros(number + 1, np.uint8)
    agreed[groups + 1] = np.where(agreeing[groups], classes, 0)
    tables = [np.concatenate([[0], groups[slice(*ends)] + 1]) for ends in pairwise(firsts)]
    numbers = {"agreed": int(agreeing.sum()), "disputed": int((~agreeing).sum())}
    return (sides, tables, agreed), numbers


def _same_objects(one, other, overlap):
    """Rows of the objects of one class that overlap enough."""
    counter = OverlapCounter()
    for first, second in zip(label_slabs(*one), label_slabs(*other), strict=True):
        counter.add(first[2], second[2])
    table = counter.table(zeros=False) - [1, 1, 0]
    columns = one[0].columns, other[0].columns
    alike = columns[0]["class"][table[:, 0]] == columns[1]["class"][table[:, 1]]
    voxels = [some["voxels"] for some in columns]
    return match_objects(table[alike], voxels, overlap=overlap)[0]
