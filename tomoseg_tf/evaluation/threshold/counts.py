"""How probable objects and background were: voxels by probability, streamed."""

from dataclasses import dataclass, replace

import numpy as np

from tomoseg_tf.evaluation.confusion import check_shapes, open_classes
from tomoseg_tf.volume import IGNORE, as_volume

RANGES = 2**16  # of float probabilities; a power of two, so that none is rounded
LOWEST, HIGHEST = -1.0, 2.0  # what networks with an open output may give
_SLAB_VOXELS = 2**23


@dataclass(frozen=True)
class ProbabilityCounts:
    """Voxels of background and object by probability, in rising levels.

    Attributes
    ----------
    name : str
        What errors call the probabilities.
    object_class : int
        Class of the objects; all others are background.
    thresholds : (M,) ndarray of float64
        Above each of them, `p > threshold`, are the voxels of all levels after it; the last one
        has none above it.
    probabilities : (M,) ndarray of float64
        Probability that each level stands for.
    counts : (2, M) ndarray of int64
        Voxels of the background and of the objects.
    outside : int
        Voxels with values beyond 0 and 1, which count as these.
    """

    name: str
    object_class: int
    thresholds: np.ndarray
    probabilities: np.ndarray
    counts: np.ndarray
    outside: int = 0

    @property
    def voxels(self):
        """Voxels that count."""
        return int(self.counts.sum())

    @property
    def objects(self):
        """Those that are objects in the truth."""
        return int(self.counts[1].sum())


def count_volumes(pairs, *, object_class=None, both=True, progress=None):
    """Count the voxels of several volumes together, of which some may have no objects.

    Parameters
    ----------
    pairs : sequence of (truth, probabilities)
        Each as for `count_probabilities`; the probabilities all of one type.
    object_class, progress
        As for `count_probabilities`; progress starts anew with each volume.
    both : bool, optional
        Whether truths without objects in any of them, or without background, are an error.

    Returns
    -------
    ProbabilityCounts
        The sums, with the names of all probabilities.

    Raises
    ------
    ValueError
        As `count_probabilities`, or if the types differ.
    """
    options = {"object_class": object_class, "progress": progress, "both": False}
    pairs = [open_pair(*pair) for pair in pairs]
    first, *others = [volume for _, volume in pairs]
    for other in others:
        if len(_levels(other)[1]) != len(_levels(first)[1]):
            raise ValueError(
                f"{other.name} has voxels of another type than {first.name}; write the "
                "probabilities of all volumes alike"
            )
    parts = [count_probabilities(*pair, **options) for pair in pairs]
    total = replace(
        parts[0],
        name=", ".join(part.name for part in parts),
        object_class=max(part.object_class for part in parts),
        counts=sum(part.counts for part in parts),
        outside=sum(part.outside for part in parts),
    )
    if both:
        _check_pair(" and ".join(str(truth.name) for truth, _ in pairs), total)
    return total


def count_probabilities(truth, probabilities, *, object_class=None, both=True, progress=None):
    """Count the voxels of objects and background by their probability, slab by slab.

    Grey levels of type uint8, floor(255 p + 0.5) as `tomoseg-tf segment --grey-levels` writes them,
    and uint16 likewise are counted one by one. Floats are counted in 65,536 ranges of equal width,
    each with its upper end and without the lower one; a threshold between ranges parts them
    exactly.

    Parameters
    ----------
    truth : path, (Z, Y, X) ndarray of int or Volume
        True classes; voxels of `IGNORE` (255) are left out. A path is opened with the automatic
        palette.
    probabilities : path, (Z, Y, X) ndarray or Volume
        Probability of one class: floats from 0 to 1, uint8 or uint16.
    object_class : int, optional
        The class; by default 1, if the truth has no higher one.
    both : bool, optional
        Whether a truth without objects, or without background, is an error. If not, the
        probabilities of one without objects may all be next to 0.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    ProbabilityCounts
        If both must occur, with at least one voxel of objects and of background.

    Raises
    ------
    ValueError
        If the shapes differ, the type is none of probabilities, a value is NaN or far beyond 0
        and 1, the voxels look like classes, the truth has more classes and none is chosen, or one
        of both is missing in the truth and must occur.
    """
    truth, volume = open_pair(truth, probabilities)
    levels, thresholds, middles = _levels(volume)
    counts, outside = np.zeros((IGNORE + 1, len(thresholds)), np.int64), 0
    for start, slab in volume.slabs(max(1, _SLAB_VOXELS // (volume.shape[1] * volume.shape[2]))):
        true = truth.read(start, start + len(slab))
        for z in range(len(slab)):
            places, beyond = levels(slab[z], start + z)
            outside += beyond
            for index in np.unique(true[z]):
                chosen = places[true[z] == index]
                counts[index] += np.bincount(chosen, minlength=len(thresholds))
        if progress is not None:
            progress(start + len(slab), volume.shape[0])
    counts = counts[:IGNORE]
    chosen = _choose_class(truth, counts.sum(axis=1), object_class)
    pair = np.stack([counts.sum(axis=0) - counts[chosen], counts[chosen]])
    if both or pair[1].any():  # what is rightly empty looks like classes, too
        _check_values(volume, pair)
    found = ProbabilityCounts(volume.name, chosen, thresholds, middles, pair, outside)
    if both:
        _check_pair(truth.name, found)
    return found


def open_pair(truth, probabilities):
    """Open a truth and probabilities, and check what can be seen before reading.

    Parameters
    ----------
    truth, probabilities
        As for `count_probabilities`.

    Returns
    -------
    truth, probabilities : Volume
        Both.

    Raises
    ------
    ValueError
        If the shapes differ, or the type is none of probabilities.
    """
    truth, volume = open_classes(truth), as_volume(probabilities)
    check_shapes(truth, volume)
    _levels(volume)
    return truth, volume


def _levels(volume):
    """Tell how voxels become levels; thresholds above the levels, and their probabilities."""
    if volume.dtype in (np.uint8, np.uint16):
        top = np.iinfo(volume.dtype).max
        grey = np.arange(top + 1)
        # a level is rounded: it stands for probabilities from half a level below to half above
        return lambda image, z: (image, 0), (grey + 0.5) / top, grey / top
    if volume.dtype.kind != "f":
        raise ValueError(
            f"{volume.name}: {volume.dtype} voxels are no probabilities; give floats from 0 to 1, "
            "or grey levels of type uint8, as tomoseg-tf segment --probabilities writes them"
        )
    ends = np.arange(RANGES + 1) / RANGES

    def place(image, z):
        low, high = image.min(), image.max()
        if not (low >= LOWEST and high <= HIGHEST):  # NaN, too
            raise ValueError(
                f"{volume.name}: slice {z} holds values from {low:g} to {high:g}, which are no "
                "probabilities; give those of tomoseg-tf segment --probabilities"
            )
        beyond = 0 if low >= 0 and high <= 1 else np.count_nonzero((image < 0) | (image > 1))
        scaled = np.ceil(image.astype(np.float32, copy=False) * np.float32(RANGES))
        return np.clip(scaled, 0, RANGES).astype(np.int32), int(beyond)

    return place, ends, np.maximum(ends - 0.5 / RANGES, 0)


def _choose_class(truth, voxels, wanted):
    """Class whose probabilities are meant."""
    present = np.flatnonzero(voxels).tolist()
    if wanted is None:
        if max(present, default=0) > 1:
            raise ValueError(
                f"truth {truth.name} has the classes {', '.join(map(str, present))}; say with "
                "--class which one the probabilities are of"
            )
        return 1
    if not 0 <= wanted < IGNORE:
        raise ValueError(f"class {wanted}: must be from 0 to {IGNORE - 1}")
    return wanted


def _check_pair(truth, found):
    """Refuse what tells nothing: a truth of one class only."""
    for name, counts in (
        ("voxel of another class", found.counts[0]),
        (f"voxel of class {found.object_class}", found.counts[1]),
    ):
        if not counts.any():
            raise ValueError(f"truth {truth} has no {name} that counts; choose another part")


def _check_values(volume, pair):
    """Refuse classes in the place of probabilities."""
    if volume.dtype.kind == "u" and not pair[:, 2:].any():
        raise ValueError(
            f"{volume.name} holds only 0 and 1 of {np.iinfo(volume.dtype).max}, which looks like "
            "classes; give probabilities, as tomoseg-tf segment --probabilities writes them"
        )
