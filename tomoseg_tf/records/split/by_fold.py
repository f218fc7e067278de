"""The folds of a cross-validation: each part of the data is the test of one of them."""

import itertools

import numpy as np

from tomoseg_tf.records.split.by_block import LARGEST_GUARD, apportion, guard_notices
from tomoseg_tf.records.split.settings import Block

GIVES = ("training", "validation", "test")  # the guard between two is taken from the first of them
FEWEST = 3


def fold_blocks(samples, settings):
    """Give one part to the test, the next one to the validation and the others to the training.

    The parts are whole samples, or as many blocks along z of each sample. They are the same in
    every fold, and the test is never cut for a guard: the tests of all folds together are all of
    the data, each slice once.

    Parameters
    ----------
    samples : sequence of Sample
        The samples in order.
    settings : SplitSettings
        With its `fold`.

    Returns
    -------
    list of Block
        By sample and z.
    list of str
        How many slices were left out between blocks.

    Raises
    ------
    ValueError
        If there are fewer samples than folds, or a sample is too shallow.
    """
    number, folds = settings.fold
    splits = [_split_of(part, number - 1, folds) for part in range(folds)]
    if settings.method == "sample":
        parts = share_out([sample.depth for sample in samples], folds, settings.seed)
        blocks = [
            Block(index, splits[part], 0, samples[index].depth) for index, part in enumerate(parts)
        ]
        return blocks, []
    blocks = [
        block
        for index, sample in enumerate(samples)
        for block in _cut(index, sample, splits, settings)
    ]
    return blocks, guard_notices(blocks, settings)


def _cut(index, sample, splits, settings):
    """Cut a sample into equal parts; join those of one split, with a guard to the others."""
    depth, folds = settings.patch_depth, len(splits)
    unit = depth if settings.cover == "drop" else 1
    if sample.depth // unit < folds * depth // unit:
        raise ValueError(
            f"{sample.name}: {sample.depth} slices are too few for {folds} folds of at least one "
            f"patch of {depth} slices; use {_remedy(folds)}a patch of fewer slices or other samples"
        )
    sizes = [unit * size for size in apportion(sample.depth // unit, [1] * folds, depth // unit)]
    ends = [0, *itertools.accumulate(sizes)]
    runs = []
    for split, parts in itertools.groupby(range(folds), key=splits.__getitem__):
        first, *rest = parts
        runs.append([split, ends[first], ends[(rest or [first])[-1] + 1]])
    guard = settings.guard
    if guard is None:
        guard = min(LARGEST_GUARD, min(sizes) // 4, (min(sizes) - depth) // 2)
    for before, after in itertools.pairwise(runs):
        if GIVES.index(before[0]) < GIVES.index(after[0]):
            before[2] -= guard
        else:
            after[1] += guard
    if min(stop - start for _, start, stop in runs) < depth:
        raise ValueError(
            f"{sample.name}: {folds} folds of {min(sizes)} slices leave no patch of {depth} slices "
            f"beside guards of {guard}; use {_remedy(folds)}a smaller guard or a patch of fewer "
            "slices"
        )
    return [Block(index, *run) for run in runs]


def _remedy(folds):
    return "fewer folds, " if folds > FEWEST else ""


def share_out(depths, folds, seed):
    """Share whole samples out so that each fold gets about as many slices.

    Parameters
    ----------
    depths : sequence of int
        Slices of each sample.
    folds : int
        Number of folds.
    seed : int
        Decides between samples of one depth.

    Returns
    -------
    list of int
        The fold of each sample; each fold gets one.

    Raises
    ------
    ValueError
        If there are fewer samples than folds.

    Examples
    --------
    >>> sorted(share_out([90, 30, 30, 30], 2, 0)[1:])
    [1, 1, 1]
    """
    if len(depths) < folds:
        raise ValueError(
            f"{len(depths)} sample(s) are too few for {folds} folds of whole samples; use "
            f"{_remedy(folds)}more samples, or split by block"
        )
    order = np.random.default_rng(seed).permutation(len(depths)).tolist()
    held, found = [0] * folds, [0] * len(depths)
    for index in sorted(order, key=lambda index: -depths[index]):
        found[index] = held.index(min(held))
        held[found[index]] += depths[index]
    return found


def _split_of(part, test, folds):
    """Split of a part, of the fold whose test is another part."""
    if part == test:
        return "test"
    return "validation" if part == (test + 1) % folds else "training"
