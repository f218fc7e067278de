"""Which objects were matched, missed or found beside the truth, and which do not count."""

from dataclasses import dataclass, field

import numpy as np

from tomoseg_tf.evaluation.detection.matching import check_overlap, match_objects
from tomoseg_tf.evaluation.detection.pair import ObjectPair, measure_pair

EDGES = (2.0, 5.0)  # equivalent radii in voxels, as of the voxel scores by size


@dataclass(frozen=True)
class Detection:
    """The objects of truth and segmentation, compared.

    Attributes
    ----------
    pair : ObjectPair
        All objects.
    partners : pair of (N,) and (M,) ndarray of int64
        For each object of the truth its row in the segmentation, and the reverse; -1 for none.
    counted : pair of (N,) and (M,) ndarray of bool
        Which objects are right or wrong; the others are left out.
    iou : (N,) ndarray of float64
        Of each object of the truth with its partner; NaN without one.
    overlap, overlap_of : float, str
        How much matched objects share at least.
    edges : tuple of float
        Radii in voxels that part the size classes.
    min_voxels, keep_border : int, bool
        Filters.
    """

    pair: ObjectPair = field(repr=False)
    partners: tuple = field(repr=False)
    counted: tuple = field(repr=False)
    iou: np.ndarray = field(repr=False)
    overlap: float = 0.5
    overlap_of: str = "iou"
    edges: tuple = EDGES
    min_voxels: int = 8
    keep_border: bool = False

    @property
    def matched(self):
        """(P, 2) ndarray of int64: rows of the pairs that count, in truth and segmentation."""
        rows = np.flatnonzero(self.counted[0] & (self.partners[0] >= 0))
        return np.column_stack([rows, self.partners[0][rows]])

    @property
    def missed(self):
        """(K,) ndarray of int64: rows of the objects of the truth that were not found."""
        return np.flatnonzero(self.counted[0] & (self.partners[0] < 0))

    @property
    def found(self):
        """(K,) ndarray of int64: rows of the objects of the segmentation that truth has not."""
        return np.flatnonzero(self.counted[1] & (self.partners[1] < 0))


def detect_objects(
    truth, segmentation, *, overlap=0.5, overlap_of="iou", edges=EDGES, min_voxels=8, **settings
):
    """Match the objects of a segmentation with those of the truth, class by class.

    The filters are the same on both sides, but objects are matched before: a pair counts only if
    neither is smaller than the least size or, unless those are kept, cut by a face of the volume.
    So the neighbour of a truth object that was too small to count is no false positive. An object
    without partner is left out, too, if it lies for more than half in objects of the other volume
    that are left out. Voxels that either volume ignores (255) belong to no object, and
    objects that lie for more than half in them, with their partners, are neither right nor wrong.

    Parameters
    ----------
    truth, segmentation : path, (Z, Y, X) array_like or Volume
        Classes, 0 is background.
    overlap, overlap_of
        As for `match_objects`.
    edges : sequence of float
        Equivalent radii in voxels that part the size classes, positive and increasing.
    min_voxels : int
        Least size of an object that counts.
    **settings
        The other settings of `measure_pair`.

    Returns
    -------
    Detection
        What was matched, and what was not.

    Raises
    ------
    ValueError
        As for `measure_pair` and `match_objects`, or if the edges are not increasing.

    Examples
    --------
    >>> truth = np.zeros((8, 8, 20), np.uint8)
    >>> truth[2:5, 2:5, 2:5] = truth[2:5, 2:5, 10:13] = 1
    >>> segmentation = np.zeros_like(truth)
    >>> segmentation[2:5, 2:5, 2:6] = segmentation[2:5, 2:5, 16:19] = 1
    >>> found = detect_objects(truth, segmentation)
    >>> len(found.matched), len(found.missed), len(found.found)
    (1, 1, 1)
    """
    check_overlap(overlap, overlap_of)
    edges = check_edges(edges)
    pair = measure_pair(truth, segmentation, min_voxels=min_voxels, **settings)
    classes, voxels = ([side.columns[name] for side in pair.sides] for name in ("class", "voxels"))
    alike = classes[0][pair.overlaps[:, 0]] == classes[1][pair.overlaps[:, 1]]
    options = {"overlap": overlap, "overlap_of": overlap_of}
    rows, shares = match_objects(pair.overlaps[alike], voxels, **options)
    partners = tuple(np.full(len(one), -1, np.int64) for one in voxels)
    partners[0][rows[:, 0]], partners[1][rows[:, 1]] = rows[:, 1], rows[:, 0]
    iou = np.full(len(voxels[0]), np.nan)
    iou[rows[:, 0]] = shares
    return Detection(
        pair,
        partners,
        tuple(_counted(pair, partners, index) for index in (0, 1)),
        iou,
        edges=edges,
        min_voxels=min_voxels,
        keep_border=settings.get("keep_border", False),
        **options,
    )


def check_edges(edges):
    """Check the radii that part size classes.

    Parameters
    ----------
    edges : sequence of float
        Radii in voxels.

    Returns
    -------
    tuple of float
        The same.

    Raises
    ------
    ValueError
        If they are not positive and increasing.
    """
    edges = tuple(float(edge) for edge in edges)
    if any(not high > low for low, high in zip((0.0, *edges), edges, strict=False)):
        raise ValueError(f"edges {edges}: radii must be positive and increasing")
    return edges


def _counted(pair, partners, index):
    """Which objects of one volume are right or wrong."""
    own, other = pair.sides[index], pair.sides[1 - index]
    of_own, of_other = pair.overlaps[:, index], pair.overlaps[:, 1 - index]
    left_out = ~other.kept[of_other]
    shared = np.bincount(of_own[left_out], pair.overlaps[left_out, 2], len(own.kept))
    alone = partners[index] < 0
    other_kept = np.append(other.kept, True)[partners[index]]  # the last one is that of -1
    return own.kept & other_kept & ~(alone & (2 * shared > own.columns["voxels"]))
