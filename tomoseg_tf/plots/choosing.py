"""Which slices show most of a truth: the classes along an axis, and a choice among them."""

import numpy as np

from tomoseg_tf.volume import IGNORE, as_volume

AXES = {"z": 0, "y": 1, "x": 2}
CLASSES = 256


def profile_classes(truth, axis="z", *, progress=None):
    """Count the voxels of each class in each slice across an axis; streamed.

    Parameters
    ----------
    truth : path, (Z, Y, X) array_like or Volume
        Classes of type uint8.
    axis : {"z", "y", "x"}
        Axis along which slices are cut.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of slices along z.

    Returns
    -------
    (N, 256) ndarray of int64
        Voxels of each class in each of the N slices.

    Raises
    ------
    ValueError
        If the axis is another, the type is not uint8, or the truth cannot be read.
    """
    truth = as_volume(truth)
    if axis not in AXES:
        raise ValueError(f"axis {axis!r} is not known; use z, y or x")
    if truth.dtype != np.uint8:
        raise ValueError(
            f"{truth.name}: classes have type uint8, not {truth.dtype}; use open_truth"
        )
    depth, height, width = truth.shape
    profile = np.zeros((truth.shape[AXES[axis]], CLASSES), np.int64)
    places = {"y": np.arange(height)[:, None], "x": np.arange(width)[None, :]}
    for start, slab in truth.slabs():
        for z, image in enumerate(slab, start):
            if axis == "z":
                profile[z] = np.bincount(image.ravel(), minlength=CLASSES)
                continue
            codes = (image + CLASSES * places[axis]).ravel()
            profile += np.bincount(codes, minlength=profile.size).reshape(profile.shape)
        if progress:
            progress(start + len(slab), depth)
    return profile


def choose_slices(profile, number=3):
    """Choose slices that show each class, the rarest ones first, away from one another.

    Parameters
    ----------
    profile : (N, 256) ndarray of int
        Voxels of each class in each slice, as `profile_classes` gives them.
    number : int
        How many slices; fewer where there are not so many with objects.

    Returns
    -------
    list of int
        The slices in order. Each class in turn, from the rarest, gives the slice that has most of
        it among those that are at least a tenth of the length from all chosen ones, if any is; of
        equal ones the most central. Without objects, slices with most labelled voxels.

    Examples
    --------
    >>> profile = np.zeros((5, 256), int)
    >>> profile[:, 0], profile[3, 1], profile[1, 2] = 100, 5, 50
    >>> choose_slices(profile, 2)
    [1, 3]
    """
    length = len(profile)
    totals = profile.sum(axis=0)
    objects = [c for c in np.argsort(totals, kind="stable") if totals[c] and c not in (0, IGNORE)]
    labelled = profile[:, :IGNORE].sum(axis=1)
    wanted = [profile[:, c] for c in objects] or [labelled]
    central = -np.abs(np.arange(length) - (length - 1) / 2)
    chosen = []
    for turn in range(number * len(wanted)):
        weights = wanted[turn % len(wanted)].astype(np.float64)
        if chosen:
            distance = np.abs(np.arange(length)[:, None] - chosen).min(axis=1)
            far = distance >= max(1, length / 10)
            weights[~(far if (far & (weights > 0)).any() else distance > 0)] = 0
        if weights.max() > 0 and len(chosen) < number:
            best = np.flatnonzero(weights == weights.max())
            chosen.append(int(best[np.argmax(central[best])]))
    return sorted(chosen) or [length // 2]
