"""The split by slice or by group of slices: each is drawn by itself, whatever its neighbours."""

from functools import reduce

import numpy as np

from tomoseg_tf.records.split.by_block import apportion
from tomoseg_tf.records.split.settings import SPLITS, Block

NONE = -1


def draw_slices(samples, settings, empty=None, unlabelled=None):
    """Draw the slices of each split at random from those of all samples, as in [1]_ and [2]_.

    In a split by group, groups of neighbouring slices are drawn, as in [3]_; they follow each other
    from the first slice of a sample on.

    Parameters
    ----------
    samples : sequence of Sample
        The samples in order.
    settings : SplitSettings
        Numbers of slices or groups or, without them, fractions; and the seed.
    empty, unlabelled : sequence of (Z,) ndarray of bool, optional
        Slices of each sample without an object, and without any label; none if not given. They are
        not drawn, nor are groups of nothing else.

    Returns
    -------
    list of Block
        Runs of neighbouring slices in one split, by sample and z.
    list of str
        What is left out, and how many slices have a neighbour in training.

    Raises
    ------
    ValueError
        If there are fewer slices or groups than asked for, or a split would get none.

    References
    ----------
    .. [1] H. Torbati-Sarraf et al., JOM 73, 2021: of 730 slices 550 were for training, 20 of
       them for validation, and 180 for the test
    .. [2] D. Barboza, MSc thesis, Arizona State University, 2020, section 4.1.3
    .. [3] J. James et al., 2022, section 3.2: of 14 groups of 8 slices 6 were for training, 4 for
       validation, 4 for the test; and 70, 20, 10 % of volumes of 4 slices. arXiv:2205.02334
    """
    unit = settings.unit
    counts = [sample.depth // unit for sample in samples]
    chosen = np.full(sum(counts), NONE)
    empty = _whole_groups(empty, counts, unit)
    unlabelled = _whole_groups(unlabelled, counts, unit) & ~empty
    pool = np.flatnonzero(~empty & ~unlabelled)
    left_out = {"hold background only": empty.sum(), "are unlabelled": unlabelled.sum()}
    numbers = _numbers(pool.size, left_out, settings)
    order = np.random.default_rng(settings.seed).permutation(pool)
    for index, part in enumerate(np.split(order, np.cumsum(numbers))[:-1]):
        chosen[part] = index
    splits = [np.repeat(each, unit) for each in np.split(chosen, np.cumsum(counts)[:-1])]
    blocks = [block for index, each in enumerate(splits) for block in _runs(index, each)]
    notices, what = [], "groups" if settings.method == "group" else "slices"
    rest = sum(sample.depth % unit for sample in samples)
    if rest:
        notices.append(f"{rest} slices at the ends of samples fill no group of {unit}")
    if empty.any():
        notices.append(
            f"{empty.sum()} {what} hold background only and were left out: what is found wrongly "
            "in such slices is in no score"
        )
    if unlabelled.any():
        notices.append(f"{unlabelled.sum()} {what} are unlabelled and were left out")
    if pool.size > sum(numbers):
        notices.append(f"{pool.size - sum(numbers)} {what} were asked for by no split")
    return blocks, notices + _leak_notices(splits)


def slices_of_only(truth, *values):
    """Find the slices of a truth that hold nothing but some values.

    Parameters
    ----------
    truth : Volume
        Classes of type uint8, 255 = ignore.
    *values : int
        0 and 255 find slices without an object, 255 alone those in which nothing is labelled.

    Returns
    -------
    (Z,) ndarray of bool
        True where all voxels of a slice have one of the values.
    """
    found = [
        reduce(np.logical_or, (slab == value for value in values)).all(axis=(1, 2))
        for _, slab in truth.slabs()
    ]
    return np.concatenate(found)


def _whole_groups(slices, counts, unit):
    """Tell which groups hold nothing but the slices given; each sample holds so many."""
    if slices is None:
        return np.zeros(sum(counts), bool)
    pairs = zip(slices, counts, strict=True)
    return np.concatenate([each[: n * unit].reshape(n, unit).all(axis=1) for each, n in pairs])


def _numbers(available, left_out, settings):
    """Slices or groups that each split gets."""
    grouped = settings.method == "group"
    what = f"groups of {settings.unit} slices" if grouped else "slices"
    more = ", ".join(f"{number} more {why}" for why, number in left_out.items() if number)
    less = f" ({more})" if more else ""
    if settings.units is not None:
        if sum(settings.units) > available:
            raise ValueError(
                f"{sum(settings.units)} {what} are asked for, but there are {available}{less}; "
                "ask for fewer"
            )
        return settings.units
    shares = settings.shares
    if available < len(shares):
        raise ValueError(
            f"{available} {what}{less} are too few for {len(shares)} splits "
            f"({', '.join(shares)}); add samples, or give one of them a fraction of 0"
        )
    sizes = dict(zip(shares, apportion(available, list(shares.values()), 1), strict=True))
    return tuple(sizes.get(split, 0) for split in SPLITS)


def _runs(sample, chosen):
    """Blocks of neighbouring slices of one sample that are in one split."""
    if not chosen.size:  # the sample is shallower than a group
        return
    starts = np.flatnonzero(np.diff(chosen, prepend=NONE - 1))
    for start, stop in zip(starts, [*starts[1:], chosen.size], strict=True):
        if chosen[start] != NONE:
            yield Block(sample, SPLITS[chosen[start]], int(start), int(stop))


def _leak_notices(splits):
    """Say how many slices outside training have a neighbour in it."""
    held = leaking = 0
    for chosen in splits:
        trained = np.pad(chosen == 0, 1)
        others = chosen > 0
        held += int(others.sum())
        leaking += int((others & (trained[:-2] | trained[2:])).sum())
    if not leaking:
        return []
    return [
        f"{leaking} of the {held} slices for validation and test lie next to one in training; in a "
        "scan neighbours show nearly the same, so that their scores are better than on another "
        "scan (split by block keeps neighbours together)"
    ]
