"""Few labels out of a full truth, as if only these had been made: slices, boxes, scribbles."""

from dataclasses import dataclass

import numpy as np

from tomoseg_tf.volume.truth.palette import IGNORE
from tomoseg_tf.volume.truth.scribbles import Places, draw_scribbles
from tomoseg_tf.volume.truth.volume import TruthVolume

KINDS = ("slices", "boxes", "scribbles")
TRIES = 50  # places tried for a box that shall not meet another


@dataclass(frozen=True)
class Amount:
    """How much is labelled.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    number : int or None
        How many of them.
    share : float or None
        Or what share of the voxels.
    side : int or None
        Of boxes, in voxels.
    """

    kind: str
    number: int | None = None
    share: float | None = None
    side: int | None = None

    def count(self, whole, one):
        """How many there are: the number, or as many of the size `one` as fill the share."""
        return self.number if self.share is None else max(1, round(self.share * whole / one))


def parse_amount(text):
    """Read how much is to be labelled.

    Parameters
    ----------
    text : str
        ``slices:N``, ``boxes:NxSIDE`` or ``scribbles:N``; in place of N also a share of the voxels
        such as ``3%``.

    Returns
    -------
    Amount
        The same.

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> parse_amount("boxes:8x32")
    Amount(kind='boxes', number=8, share=None, side=32)
    >>> parse_amount("slices:3%")
    Amount(kind='slices', number=None, share=0.03, side=None)
    """
    kind, _, amount = text.partition(":")
    amount, mark, side = amount.partition("x")
    try:
        share = float(amount[:-1]) / 100 if amount.endswith("%") else None
        number = int(amount) if share is None else None
        side = int(side) if mark else None
    except ValueError:
        kind = None
    if kind not in KINDS or (kind == "boxes") != (side is not None):
        raise ValueError(f"{text!r}: must be like slices:5, boxes:8x32, scribbles:40 or slices:3%")
    if (number is not None and number < 1) or (side is not None and side < 1):
        raise ValueError(f"{text!r}: numbers must be 1 or more")
    if share is not None and not 0 < share <= 1:
        raise ValueError(f"{text!r}: a share must be above 0 and at most 100 %")
    return Amount(kind, number, share, side)


class FewLabels(TruthVolume):
    """The classes of a truth where it is labelled, 255 elsewhere; see `few_labels`.

    Parameters
    ----------
    source : TruthVolume
        Classes.
    boxes : sequence of three (int, int)
        Labelled boxes, (start, stop) along z, y and x.
    points : dict from int to (N,) ndarray of int64
        Labelled voxels of slices, as places in the flattened slice.
    notice : str
        What is labelled.
    """

    def __init__(self, source, boxes, points, notice):
        super().__init__(source, [notice])
        self._source, self._boxes, self._points = source, boxes, points
        self._notice = notice

    def named_notices(self):
        """Notices of the truth, and what of it is labelled; see `TruthVolume`."""
        return [*self._source.named_notices(), f"{self.name}: {self._notice}"]

    def _read_box(self, box):
        labelled = np.zeros([stop - start for start, stop in box], bool)
        for other in self._boxes:
            labelled[_shared(box, other)] = True
        (z0, z1), (y0, y1), (x0, x1) = box
        for z in range(z0, z1):
            y, x = np.divmod(self._points.get(z, np.empty(0, np.int64)), self.shape[2])
            here = (y >= y0) & (y < y1) & (x >= x0) & (x < x1)
            labelled[z - z0, y[here] - y0, x[here] - x0] = True
        return np.where(labelled, self._source.read_box(box), np.uint8(IGNORE))


def _shared(box, other):
    """Slices of what two boxes share, from the start of the first."""
    return tuple(
        slice(max(start, low) - start, max(min(stop, high), start) - start)
        for (start, stop), (low, high) in zip(box, other, strict=True)
    )


def few_labels(truth, amount, *, seed=0):
    """Keep some labels of a truth and ignore all others, to try out how many are needed.

    Slices are spread evenly, each at random within its part of the volume. Boxes are cubes that do
    not meet if there is room, every second one around a voxel of an object. Scribbles are strokes
    in slices, three voxels wide and up to 60 long, as many in the background as in the other
    classes together; none crosses a boundary between classes.

    Parameters
    ----------
    truth : TruthVolume
        Classes.
    amount : str or Amount
        How much, see `parse_amount`.
    seed : int
        Seed.

    Returns
    -------
    TruthVolume
        The classes there, 255 elsewhere.

    Raises
    ------
    ValueError
        If the amount is none, or more slices are asked for than there are.
    """
    amount = parse_amount(amount) if isinstance(amount, str) else amount
    rng = np.random.default_rng(seed)
    boxes, points = [], {}
    if amount.kind == "slices":
        boxes = _draw_slices(truth, amount, rng)
    elif amount.kind == "boxes":
        boxes = _draw_boxes(truth, amount, rng)
    else:
        wanted = None if amount.share is None else amount.share * truth.voxels
        points = draw_scribbles(truth, rng, number=amount.number, voxels=wanted)
    number = len(boxes) if amount.kind != "scribbles" else sum(map(len, points.values()))
    what = "voxels by scribbles" if amount.kind == "scribbles" else amount.kind
    return FewLabels(truth, boxes, points, f"{number} {what} are labelled, the others are ignored")


def _draw_slices(truth, amount, rng):
    """One slice at random in each of so many equal parts of the volume."""
    depth, *plane = truth.shape
    number = amount.count(depth, 1)
    if number > depth:
        raise ValueError(f"{truth.name}: has {depth} slices, but {number} are to be labelled")
    edges = np.arange(number + 1) * depth // number
    starts = rng.integers(edges[:-1], edges[1:])
    return [((z, z + 1), *((0, side) for side in plane)) for z in starts.tolist()]


def _draw_boxes(truth, amount, rng):
    """Boxes anywhere and, in turn, around a voxel of an object."""
    sides = np.minimum(amount.side, truth.shape)
    room = np.array(truth.shape) - sides
    places, boxes = Places(truth), []
    for number in range(amount.count(truth.voxels, int(sides.prod()))):
        for _ in range(TRIES):
            start = rng.integers(0, room + 1)
            if number % 2 == 0 and places.has_objects:
                middle = np.array(places.draw_object(rng))
                start = np.clip(middle - rng.integers(sides // 4, sides - sides // 4), 0, room)
            ends = zip(start.tolist(), (start + sides).tolist(), strict=True)
            box = tuple(ends)
            if not any(_meet(box, other) for other in boxes):
                break
        boxes.append(box)
    return boxes


def _meet(one, other):
    """Whether two boxes share a voxel."""
    return all(a < d and c < b for (a, b), (c, d) in zip(one, other, strict=True))
