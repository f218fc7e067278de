"""Scribbles: strokes of a thin brush inside the regions of a truth, slice by slice."""

import numpy as np

from tomoseg_tf.volume.truth.palette import IGNORE

LENGTH = 60  # steps of a stroke, one voxel each
BEND = 0.25  # standard deviation of a change of direction from step to step, in radians
TURNS = 8  # directions tried where a stroke comes to a boundary
INNER = 1.5  # voxels that the middle of a stroke keeps from a boundary, where there is room
IDLE = 200  # strokes in a row that label nothing new before no more are drawn
BRUSH = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]


class Places:
    """Random voxels of the classes of a truth, found without holding it in memory.

    Parameters
    ----------
    truth : TruthVolume
        Classes; read once for their numbers of voxels by slice.
    """

    def __init__(self, truth):
        self.truth = truth
        self._counts = np.zeros((truth.shape[0], IGNORE), np.int64)
        for start, slab in truth.slabs():
            for z, plane in enumerate(slab, start):
                self._counts[z] = np.bincount(plane.ravel(), minlength=256)[:IGNORE]
        present = np.flatnonzero(self._counts.any(axis=0))
        self.classes = [int(number) for number in present]

    @property
    def has_objects(self):
        """Whether any voxel is of a class other than the background."""
        return any(self.classes)

    def draw_object(self, rng):
        """Draw a voxel (z, y, x) of any class but the background."""
        return self._draw(rng, self._counts[:, 1:].sum(axis=1), lambda plane: plane % IGNORE > 0)

    def draw(self, rng, number):
        """Draw a voxel (z, y, x) of a class."""
        return self._draw(rng, self._counts[:, number], lambda plane: plane == number)

    def _draw(self, rng, counts, chosen):
        ends = np.cumsum(counts)
        place = int(rng.integers(ends[-1]))
        z = int(np.searchsorted(ends, place, side="right"))
        rank = place - int(ends[z] - counts[z])
        found = np.flatnonzero(chosen(self.truth.read(z, z + 1)[0]))
        return z, *map(int, np.divmod(found[rank], self.truth.shape[2]))


def draw_scribbles(truth, rng, *, number=None, voxels=None):
    """Draw strokes, every second one in the background, the others in the classes by turns.

    Parameters
    ----------
    truth : TruthVolume
        Classes.
    rng : numpy.random.Generator
        Source of randomness.
    number : int, optional
        How many strokes.
    voxels : float, optional
        Or until so many voxels are labelled, or nothing new is found.

    Returns
    -------
    dict from int to (N,) ndarray of int64
        For each slice with a stroke its voxels, as places in the flattened slice, each once.
    """
    places, points = Places(truth), {}
    objects = [each for each in places.classes if each]
    labelled = idle = drawn = 0
    while idle < IDLE and (drawn < number if voxels is None else labelled < voxels):
        background = drawn % 2 and 0 in places.classes
        if not background and not objects and 0 not in places.classes:
            break
        chosen = 0 if background or not objects else objects[drawn // 2 % len(objects)]
        z, y, x = places.draw(rng, chosen)
        found = _stroke(truth, rng, (z, y, x), chosen)
        before = points.get(z, np.empty(0, np.int64))
        points[z] = np.union1d(before, found)
        idle = idle + 1 if len(points[z]) == len(before) else 0
        labelled += len(points[z]) - len(before)
        drawn += 1
    return points


def _stroke(truth, rng, start, number):
    """Voxels of one stroke in a region of a class, as places in the flattened slice."""
    from scipy import ndimage  # takes long to import, and reading a truth does not need it

    z, *middle = start
    ends = [
        (max(0, at - LENGTH), min(side, at + LENGTH + 1))
        for at, side in zip(middle, truth.shape[1:], strict=True)
    ]
    region = truth.read_box(((z, z + 1), *ends))[0] == number
    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    (y0, _), (x0, _) = ends
    place = np.array([middle[0] - y0, middle[1] - x0], float)
    parts, _ = ndimage.label(region)
    part = parts == parts[tuple(place.astype(int))]
    inner = part & (depth > INNER)
    if inner.any():
        candidates = np.argwhere(inner)
        nearest = np.square(candidates - place).sum(axis=1).argmin()
        place = candidates[nearest].astype(float)
    path = _walk(rng, place, inner if inner.any() else part)
    voxels = (path[:, None] + np.array(BRUSH)).reshape(-1, 2)
    inside = ((voxels >= 0) & (voxels < region.shape)).all(axis=1)
    y, x = voxels[inside].T
    y, x = y[region[y, x]], x[region[y, x]]
    return np.unique((y + y0) * truth.shape[2] + x + x0)


def _walk(rng, place, region):
    """Walk within a region: the steps, (N, 2) ndarray of int64."""
    direction, path = rng.uniform(0, 2 * np.pi), [place]
    for _ in range(LENGTH):
        direction += BEND * rng.standard_normal()
        for turn in range(TURNS):
            if turn:
                direction = rng.uniform(0, 2 * np.pi)
            ahead = path[-1] + (np.sin(direction), np.cos(direction))
            y, x = np.rint(ahead).astype(int)
            if 0 <= y < region.shape[0] and 0 <= x < region.shape[1] and region[y, x]:
                path.append(ahead)
                break
        else:
            break
    return np.rint(path).astype(np.int64)
