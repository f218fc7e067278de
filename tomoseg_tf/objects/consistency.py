"""Objects of several classes, and whether their class changes from slice to slice."""

from dataclasses import dataclass, field, replace

import numpy as np

from tomoseg_tf.objects.inputs import Inputs, open_inputs
from tomoseg_tf.objects.label_file import label_slabs
from tomoseg_tf.objects.measuring import Objects, measure_objects
from tomoseg_tf.volume import IGNORE, TruthVolume, open_truth

MAJORITY = 2 / 3  # share of a section from which on it has a class
MIXED = 0  # class of a section without a majority


class ClassBlindVolume(TruthVolume):
    """Classes of which all above 0 are one; what is ignored stays so.

    Parameters
    ----------
    source : TruthVolume
        Classes.
    """

    def __init__(self, source):
        super().__init__(source)
        self._source = source

    def _read(self, start, stop):
        return _blind(self._source.read(start, stop))

    def _read_box(self, box):
        return _blind(self._source.read_box(box))


@dataclass(frozen=True)
class Consistency:
    """The classes of objects that are connected over all classes.

    Attributes
    ----------
    objects : Objects
        Every object, however small or cut.
    inputs : Inputs
        What was measured.
    sections : dict from str to (S,) ndarray
        The sections of all objects by slices, sorted: ``row`` of the object, ``z``, ``class`` of
        the section (`MIXED` (0) without a majority), its ``share`` of the section, ``voxels``, and
        ``grey_mean`` where grey levels are given.
    voxels : (N, C) ndarray of int64
        Voxels of each object by class, background included.
    majority, min_voxels : float, int
        Settings.
    """

    objects: Objects = field(repr=False)
    inputs: Inputs = field(repr=False)
    sections: dict = field(repr=False)
    voxels: np.ndarray = field(repr=False)
    majority: float
    min_voxels: int

    @property
    def blind_inputs(self):
        """Inputs: the classes above 0 as one, of which the objects are connected."""
        return _class_blind(self.inputs)

    @property
    def classes(self):
        """(N,) ndarray of int64: class of most voxels of each object; of equal ones the least."""
        return self.voxels.argmax(axis=1)

    @property
    def changes(self):
        """(K,) ndarray of int64: places in the sections where the class is another than before.

        Sections without a majority are passed over.
        """
        clear = np.flatnonzero(self.sections["class"] != MIXED)
        row, index = self.sections["row"][clear], self.sections["class"][clear]
        return clear[1:][(row[1:] == row[:-1]) & (index[1:] != index[:-1])]

    @property
    def listed(self):
        """(K,) ndarray of int64: rows of the objects of several classes that are large enough."""
        several = (self.voxels > 0).sum(axis=1) > 1
        return np.flatnonzero(several & (self.objects.columns["voxels"] >= self.min_voxels))


def measure_consistency(
    segmentation,
    *,
    volume=None,
    palette="auto",
    connectivity=26,
    majority=MAJORITY,
    min_voxels=8,
    spacing=None,
    depth=None,
    progress=None,
):
    """Find the objects whose class changes from slice to slice.

    Objects are connected over all classes above 0. The section of an object by a slice z has the
    class that has at least the share `majority` of its voxels; with less it is mixed. An object is
    inconsistent if two of its sections that follow one another, mixed ones passed over, have
    different classes. So a particle of two phases side by side, mixed in every slice, is not; one
    of two phases on top of each other is, with a single change, as it looks the same as an error.
    Only changes along z count. The segmentation is read twice, slab by slab; memory grows with the
    sections.

    Parameters
    ----------
    segmentation : path, (Z, Y, X) array_like or Volume
        Classes: 0 is background, 255 counts in nothing.
    volume : path, (Z, Y, X) array_like or Volume, optional
        Grey levels, of which each section gets the mean.
    palette : str, dict or Palette
        How values of the segmentation map to classes.
    connectivity : int
        6, 18 or 26.
    majority : float
        Least share of a class in a section that has it, above 0.5 and at most 1.
    min_voxels : int
        Least size of an object that is listed.
    spacing : sequence of three float, optional
        Voxel size (z, y, x) in µm, in place of what the files say.
    depth : int, optional
        Slices per slab.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices of both passes.

    Returns
    -------
    Consistency
        Objects and sections.

    Raises
    ------
    ValueError
        If an input cannot be read, they differ in shape or spacing, or a setting is none.

    References
    ----------
    .. [1] H. Torbati-Sarraf et al., JOM 73, 2021, Fig. 9. doi:10.1007/s11837-021-04706-x
    """
    if not 0.5 < majority <= 1:
        raise ValueError(f"majority is {majority}; give a share above 0.5 and up to 1")
    inputs = open_inputs(
        open_truth(segmentation, palette), volume=volume, mask="none", spacing=spacing
    )
    blind = _class_blind(inputs)
    settings = {"connectivity": connectivity, "min_voxels": 1, "keep_border": True, "depth": depth}
    total = inputs.segmentation.shape[0]
    report = progress or (lambda done, total: None)
    objects = measure_objects(blind, progress=lambda z, _: report(z, 2 * total), **settings)
    parts = []
    for start, stop, labels in label_slabs(objects, blind):
        classes = inputs.segmentation.read(start, stop)
        grey = None if inputs.volume is None else inputs.volume.read(start, stop)
        for z in range(start, stop):
            plane = None if grey is None else grey[z - start]
            parts.append(_count_section(labels[z - start], classes[z - start], plane, z))
        report(total + stop, 2 * total)
    cells = np.concatenate(parts)
    cells = cells[np.lexsort((cells[:, 2], cells[:, 1], cells[:, 0]))]
    voxels = _voxels_by_class(cells, len(objects))
    sections = _sections(cells, majority, grey=inputs.volume is not None)
    return Consistency(objects, inputs, sections, voxels, majority, min_voxels)


def vote_objects(classes, *, connectivity=26):
    """Give each object of an array the class that most of its voxels have.

    Parameters
    ----------
    classes : (Z, Y, X) ndarray of uint8
        0 is background, 255 counts in nothing; both stay.
    connectivity : int
        6, 18 or 26, over all classes above 0.

    Returns
    -------
    (Z, Y, X) ndarray of uint8
        Of equal classes an object gets the least.

    Examples
    --------
    >>> vote_objects(np.array([[[1, 1, 2, 0, 2]]], np.uint8)).tolist()
    [[[1, 1, 1, 0, 2]]]
    """
    found = measure_consistency(classes, palette="classes", connectivity=connectivity)
    return np.concatenate([voted for *_, voted in voted_slabs(found)])


def voted_slabs(found):
    """Give each object the class that most of its voxels have, slab by slab.

    Parameters
    ----------
    found : Consistency
        As `measure_consistency` gives it.

    Yields
    ------
    start : int
        First slice of the slab.
    classes, voted : (N, Y, X) ndarray of uint8
        The slab as it was, and with one class per object; of equal ones the least.
    """
    table = np.concatenate([[0], found.classes]).astype(np.uint8)
    for start, stop, labels in label_slabs(found.objects, found.blind_inputs):
        classes = found.inputs.segmentation.read(start, stop)
        yield start, classes, np.where(labels > 0, table[labels], classes)


def _class_blind(inputs):
    """Make one class of all above 0 in inputs, without grey levels."""
    return replace(inputs, segmentation=ClassBlindVolume(inputs.segmentation), volume=None)


def _blind(classes):
    """Make one class of all above 0."""
    classes[(classes > 0) & (classes != IGNORE)] = 1
    return classes


def _count_section(labels, classes, grey, z):
    """(K, 5) float64: row of an object, z, class, voxels and sum of grey levels, in one slice."""
    inside = labels > 0
    keys = (labels[inside].astype(np.int64) - 1) * (IGNORE + 1) + classes[inside]
    keys, places, voxels = np.unique(keys, return_inverse=True, return_counts=True)
    sums = np.zeros(len(keys))
    if grey is not None:
        sums = np.bincount(places, grey[inside].astype(float), len(keys))
    rows, index = np.divmod(keys, IGNORE + 1)
    return np.column_stack([rows, np.full(len(rows), z), index, voxels, sums]).astype(float)


def _voxels_by_class(cells, number):
    """(N, C) int64 voxels of each object by class."""
    rows, index = cells[:, 0].astype(np.int64), cells[:, 2].astype(np.int64)
    width = max(2, int(index.max(initial=0)) + 1)
    counts = np.bincount(rows * width + index, cells[:, 3], number * width)
    return counts.reshape(number, width).astype(np.int64)


def _sections(cells, majority, grey):
    """Sections of all objects, from their voxels by class."""
    first = np.flatnonzero((np.diff(cells[:, :2], axis=0, prepend=-1) != 0).any(axis=1))
    owner = np.repeat(np.arange(len(first)), np.diff(first, append=len(cells)))
    voxels = np.bincount(owner, cells[:, 3], len(first))
    order = np.lexsort((-cells[:, 2], cells[:, 3], owner))  # last: most voxels, then least class
    last = order[np.cumsum(np.bincount(owner, minlength=len(first))) - 1] if len(first) else first
    share = cells[last, 3] / voxels
    sections = {
        "row": cells[first, 0].astype(np.int64),
        "z": cells[first, 1].astype(np.int64),
        "class": np.where(share >= majority, cells[last, 2], MIXED).astype(np.int64),
        "share": share,
        "voxels": voxels.astype(np.int64),
    }
    if grey:
        sections["grey_mean"] = np.bincount(owner, cells[:, 4], len(first)) / voxels
    return sections
