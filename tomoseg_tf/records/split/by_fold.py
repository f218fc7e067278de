"""The folds of a cross-validation: each part of the data is the test of one of them."""

import itertools

import numpy as np

from tomoseg_tf.records.split.by_block import cut_sample, guard_notices
from tomoseg_tf.records.split.settings import Block


def fold_blocks(samples, settings):
    """Give one part to the test, the next one to the validation and the others to the training.

    The parts are whole samples, or as many blocks along z of each sample. They are the same in
    every fold, so that the tests of all folds together are all of the data, each part once.

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
    blocks = []
    for index, sample in enumerate(samples):
        blocks += _joined(cut_sample(index, sample, splits, [1] * folds, settings))
    return blocks, guard_notices(blocks, settings)


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
            f"{len(depths)} sample(s) are too few for {folds} folds of whole samples; use fewer "
            "folds, add samples, or split by block"
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


def _joined(blocks):
    """Join neighbours of one split, with the guard between them."""
    found = []
    for split, run in itertools.groupby(blocks, key=lambda block: block.split):
        run = list(run)
        found.append(Block(run[0].sample, split, run[0].start, run[-1].stop))
    return found
