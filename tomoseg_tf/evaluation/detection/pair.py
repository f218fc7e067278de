"""The objects of truth and segmentation, and the voxels that they have in common."""

from dataclasses import dataclass, replace

import numpy as np

from tomoseg_tf.evaluation.confusion import check_shapes
from tomoseg_tf.objects import Inputs, Objects, label_slabs, measure_objects, open_inputs
from tomoseg_tf.objects.overlap import OverlapCounter
from tomoseg_tf.volume import IGNORE, TruthVolume, open_truth
from tomoseg_tf.volume.spacing import check_spacing


class CountedVolume(TruthVolume):
    """Classes without the voxels that another volume ignores.

    Parameters
    ----------
    source, other : TruthVolume
        Classes; what `other` ignores becomes `IGNORE` (255).
    """

    def __init__(self, source, other):
        super().__init__(source)
        self._source, self._other = source, other

    def _read(self, start, stop):
        return _without(self._source.read(start, stop), self._other.read(start, stop))

    def _read_box(self, box):
        return _without(self._source.read_box(box), self._other.read_box(box))


@dataclass(frozen=True)
class Side:
    """All objects of one of two volumes.

    Attributes
    ----------
    objects : Objects
        Every object, however small or cut.
    inputs : Inputs
        What it was measured in.
    kept : (N,) ndarray of bool
        Whether each passes the filters and does not lie mostly in ignored voxels.
    labels : (N,) ndarray of int64
        Labels that `tomoseg_tf.objects.measure_objects` gives with the filters in the volume as it
        is, whatever the other one ignores; 0 where they leave an object out. Parts into which
        ignored voxels cut an object have one label.
    """

    objects: Objects
    inputs: Inputs
    kept: np.ndarray
    labels: np.ndarray

    @property
    def columns(self):
        """Table of the objects: dict from str to (N,) ndarray."""
        return self.objects.columns


@dataclass(frozen=True)
class ObjectPair:
    """The objects of two volumes.

    Attributes
    ----------
    truth, segmentation : Side
        Their objects.
    overlaps : (K, 3) ndarray of int64
        Row of an object of the truth, row of one of the segmentation, both from 0 on, and the
        voxels that they share; of any two classes.
    notices : tuple of str
        What a user should know of the inputs.
    """

    truth: Side
    segmentation: Side
    overlaps: np.ndarray
    notices: tuple

    @property
    def sides(self):
        """Truth and segmentation."""
        return self.truth, self.segmentation


def measure_pair(
    truth,
    segmentation,
    *,
    connectivity=26,
    min_voxels=8,
    keep_border=False,
    spacing=None,
    volumes=(None, None),
    depth=None,
    progress=None,
):
    """Measure the objects of truth and segmentation and count the voxels that they share.

    Voxels that either volume ignores (255) belong to no object of both. An object of one volume
    of which the other ignores more than half the voxels is not kept, whatever is left of it.
    Both volumes are read slab by slab, twice, and once more where voxels are ignored; memory grows
    with the objects, specks included.

    Parameters
    ----------
    truth, segmentation : path, (Z, Y, X) array_like or Volume
        Classes, 0 is background.
    connectivity, min_voxels, keep_border
        As for `tomoseg_tf.objects.measure_objects`, the same for both.
    spacing : sequence of three float, optional
        Voxel size (z, y, x) in µm; by default that of the truth, or else of the segmentation.
    volumes : pair of Volume or None
        Grey levels, or probabilities, of which each object of truth and of segmentation gets the
        mean.
    depth : int, optional
        Slices per slab.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices of all passes.

    Returns
    -------
    ObjectPair
        The objects and their overlaps.

    Raises
    ------
    ValueError
        If the shapes differ, a volume cannot be read, or a setting is none.
    """
    classes = open_truth(truth), open_truth(segmentation)
    check_shapes(*classes)
    spacing = check_spacing(spacing) or classes[0].spacing or classes[1].spacing
    settings = {"connectivity": connectivity, "min_voxels": 1, "keep_border": True, "depth": depth}
    options = {"mask": "none", "spacing": spacing}
    inputs = [
        open_inputs(one, volume=grey, **options) for one, grey in zip(classes, volumes, strict=True)
    ]
    whole = [
        measure_objects(one, progress=_part(progress, number, 3), **settings)
        for number, one in enumerate(inputs)
    ]
    ignoring = [objects.blocks.sample.sum() < classes[0].voxels for objects in whole]
    sides = [
        _side(one, inputs[number], counted, settings, min_voxels, keep_border)
        for number, one, counted in zip(
            (0, 1), whole, _without_ignored(inputs, ignoring), strict=True
        )
    ]
    overlaps = _count_overlaps([(side.objects, side.inputs) for side in sides], progress)
    notices = tuple(note for one in classes for note in one.named_notices())
    return ObjectPair(*sides, overlaps, notices)


def _without_ignored(inputs, ignoring):
    """For each side the inputs without what the other ignores; None where it ignores nothing."""
    one, other = (given.segmentation for given in inputs)
    return [
        replace(inputs[0], segmentation=CountedVolume(one, other)) if ignoring[1] else None,
        replace(inputs[1], segmentation=CountedVolume(other, one)) if ignoring[0] else None,
    ]


def _side(whole, inputs, counted, settings, min_voxels, keep_border):
    """Objects of one volume, found again without what the other ignores."""
    kept = _passing(whole, min_voxels, keep_border)
    labels = np.where(kept, np.cumsum(kept), 0)
    if counted is None:
        return Side(whole, inputs, kept, labels)
    objects = measure_objects(counted, **settings)
    origins, ignored = _origins((objects, counted), (whole, inputs))
    kept = _passing(objects, min_voxels, keep_border) & ~ignored
    return Side(objects, counted, kept, labels[origins])


def _passing(objects, min_voxels, keep_border):
    """Which objects pass the filters."""
    passing = objects.columns["voxels"] >= min_voxels
    return passing if keep_border else passing & ~objects.columns["touches_border"]


def _origins(counted, whole):
    """Row of the object that each is left of, and whether more than half of that is ignored."""
    table = _count_overlaps([counted, whole], None)
    voxels = whole[0].columns["voxels"]
    left = np.bincount(table[:, 1], table[:, 2], len(voxels))
    origins = np.zeros(len(counted[0]), np.int64)
    origins[table[:, 0]] = table[:, 1]
    return origins, (2 * left < voxels)[origins]


def _count_overlaps(pair, progress):
    """Rows of two tables and the voxels that their objects share, by a pass over both."""
    counter, report = OverlapCounter(), _part(progress, 2, 3)
    total = pair[0][0].shape[0]
    for one, other in zip(*(label_slabs(*side) for side in pair), strict=True):
        counter.add(one[2], other[2])
        if report is not None:
            report(one[1], total)
    return counter.table(zeros=False) - [1, 1, 0]


def _part(progress, number, passes):
    """Progress of one of several passes."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, passes * total)


def _without(classes, other):
    """Ignore in a slab what another ignores."""
    classes[other == IGNORE] = IGNORE
    return classes
