"""Touching objects parted by a watershed, each object as a whole."""

from dataclasses import dataclass, field

import cc3d
import numpy as np

from tomoseg_tf.objects.sums import EXTREMES, sum_slab
from tomoseg_tf.objects.windows import Window, read_slab

HELD = 2**28  # voxels of the slices in memory; higher objects stay as they are
BARELY = 1 - 1e-9  # a neck that is just as deep as asked parts, whatever the rounding
STEPS = {6: 1, 18: 2, 26: 3}


@dataclass
class Split:
    """Objects that were parted, for another pass.

    Attributes
    ----------
    extremes : list of (10,) ndarray
        Of each object before.
    rows : list of (P,) ndarray of int64
        Row of each of its pieces, later its label; -1, later 0, where it is too small.
    neck : float
        As for `part`.
    higher : int
        Number of objects that were too high to be looked at.
    """

    neck: float
    extremes: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    higher: int = 0


def part(inside, neck, connectivity=26, spacing=(1.0, 1.0, 1.0)):
    """Part an object at its necks by a watershed of the distance to its surface.

    Parameters
    ----------
    inside : (Z, Y, X) ndarray of bool
        The object; outside the array is background.
    neck : float
        How much less than at the middle of the smaller part the distance to the surface must be
        in the neck between two parts, in units of the shortest side of a voxel.
    connectivity : int
        6, 18 or 26.
    spacing : tuple of three float
        Size of a voxel along (z, y, x).

    Returns
    -------
    (Z, Y, X) ndarray of uint32
        Pieces 1, 2, ..., each of them connected, and 0 outside.

    References
    ----------
    .. [1] P. Soille, "Morphological Image Analysis", 2nd ed., Springer, 2003, chapter 9.
       doi:10.1007/978-3-662-05088-0
    """
    from scipy.ndimage import distance_transform_edt, label  # take long to import
    from skimage.morphology import local_maxima, reconstruction
    from skimage.segmentation import watershed

    size = np.divide(spacing, min(spacing))
    distance = distance_transform_edt(np.pad(inside, 1), sampling=size)[1:-1, 1:-1, 1:-1]
    lowered = reconstruction(distance - neck * BARELY, distance)  # one maximum for equal peaks
    markers, number = label(local_maxima(lowered) & inside, np.ones((3, 3, 3)))
    if number < 2:
        return inside.astype(np.uint32)
    pieces = watershed(-distance, markers, mask=inside, connectivity=STEPS[connectivity])
    # a peak over corners may hold voxels that are not connected as asked for
    return cc3d.connected_components(
        pieces.astype(np.uint32), connectivity=connectivity, out_dtype=np.uint32
    )


def parted_objects(given, extremes, connectivity, neck):
    """Part objects that come by their first slices; the slices are read once.

    Parameters
    ----------
    given : Inputs
        What they were measured in.
    extremes : (N, 10) ndarray
        Of the objects, by their first voxels.
    connectivity, neck : int, float
        As for `part`.

    Yields
    ------
    row : int
        Row in the extremes.
    window : Window or None
        Box of the object with its pieces as classes; None where it is too high to be held.
    """
    slices = _Slices(given)
    highest = max(1, HELD // (given.segmentation.shape[1] * given.segmentation.shape[2]))
    for row, values in enumerate(extremes):
        box = _box(values)
        if box[0][1] - box[0][0] > highest:
            yield row, None
            continue
        classes, grey = slices.read(box)
        inside = _component(classes == int(values[-1]), values[0], box, given, connectivity)
        pieces = part(inside, neck, connectivity, given.spacing or (1.0, 1.0, 1.0))
        corner, plane = (box[1][0], box[2][0]), given.segmentation.shape[1:]
        padded = np.pad(pieces, 1)[:-1]
        yield row, Window(*box[0], padded, None, grey, corner=corner, plane=plane)


def split_objects(given, sums, extremes, *, connectivity, neck, min_voxels, pivot, small):
    """Replace objects by their pieces.

    Parameters
    ----------
    given : Inputs
        What they were measured in.
    sums, extremes : (N, 21) and (N, 10) ndarray of float64
        Of the objects, by their first voxels.
    connectivity, neck : int, float
        As for `part`.
    min_voxels : int
        Least size of a piece.
    pivot : float
        Grey level that was taken off.
    small : dict from int to int
        Takes the number of pieces that are too small, by class.

    Returns
    -------
    sums, extremes : (M, 21) and (M, 10) ndarray of float64
        Of what there is now, by first voxels.
    rows : (N,) ndarray of int64
        Where each object is now; -1 for those that were parted.
    split : Split
        The others.
    """
    split, new, parted = Split(neck), [(sums, extremes)], []
    for row, window in parted_objects(given, extremes, connectivity, neck):
        split.higher += window is None
        if window is None or window.classes.max() < 2:
            continue
        pieces = sum_slab(window, connectivity, pivot, given.spacing or (1.0, 1.0, 1.0))
        large = pieces.sums[0] >= min_voxels
        numbers = np.full(int(window.classes.max()), -1, np.int64)
        numbers[pieces.extremes[-1, large].astype(int) - 1] = np.arange(large.sum())
        pieces.extremes[-1] = extremes[row, -1]
        if not large.all():
            own = int(extremes[row, -1])
            small[own] = small.get(own, 0) + int((~large).sum())
        new.append((pieces.sums[:, large].T, pieces.extremes[:, large].T))
        split.extremes.append(extremes[row])
        split.rows.append(numbers)
        parted.append(row)
    kept = np.ones(len(sums), bool)
    kept[parted] = False
    new[0] = sums[kept], extremes[kept]
    sums, extremes = (np.concatenate(part) for part in zip(*new, strict=True))
    order = np.argsort(extremes[:, 0])
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    rows, base = np.full(len(kept), -1, np.int64), int(kept.sum())
    rows[kept] = places[:base]
    for index, numbers in enumerate(split.rows):
        split.rows[index] = np.where(numbers < 0, -1, np.append(places, -1)[base + numbers])
        base += int((numbers >= 0).sum())
    return sums[order], extremes[order], rows, split


class _Slices:
    """Slices that objects are in, read as they are needed and dropped behind."""

    def __init__(self, given):
        self._given, self._low, self._kept = given, 0, []

    def read(self, box):
        """Classes and grey levels of a box, of which none begins before another."""
        (start, stop), *sides = box
        high = self._low + len(self._kept)
        if start >= high:
            self._low, self._kept, high = start, [], start
        if stop > high:
            given = self._given
            classes, _, grey = read_slab(given.segmentation, given.volume, given.sample, high, stop)
            slices = classes[1:, 1:-1, 1:-1]
            self._kept += zip(slices, slices if grey is None else grey, strict=True)
        self._kept = self._kept[start - self._low :]
        self._low = start
        cut = tuple(slice(*side) for side in sides)
        planes = self._kept[: stop - start]
        classes, grey = (np.stack([plane[i][cut] for plane in planes]) for i in (0, 1))
        return classes, None if self._given.volume is None else grey


def _box(values):
    """Bounding box of an object."""
    return tuple(
        (int(values[EXTREMES.index(name)]), 1 - int(values[EXTREMES.index(f"-{name}")]))
        for name in "zyx"
    )


def _component(inside, first, box, given, connectivity):
    """Keep the object that holds a voxel."""
    labels = cc3d.connected_components(inside, connectivity=connectivity)
    place = np.unravel_index(int(first), given.segmentation.shape)
    own = tuple(at - side[0] for at, side in zip(place, box, strict=True))
    return labels == labels[own]
