"""The split of one sample in z: a block for each split, with slices left out between them."""

import itertools

import numpy as np

from tomoseg_tf.records.split.grid import largest_side
from tomoseg_tf.records.split.settings import SPLITS, Block

LARGEST_GUARD = 16


def split_sample(index, sample, fractions, settings):
    """Cut one sample in z into a block for each split with a positive fraction.

    Parameters
    ----------
    index : int
        Index of the sample.
    sample : Sample
        Its name and depth.
    fractions : tuple of three float
        Relative shares of the splits.
    settings : SplitSettings
        Guard, patch depth and cover.

    Returns
    -------
    list of Block
        In the order training, validation, test, with the guard between them.

    Raises
    ------
    ValueError
        If the sample is too shallow for a patch in each block.
    """
    active = [split for split, share in zip(SPLITS, fractions, strict=True) if share > 0]
    shares = [share for share in fractions if share > 0]
    gaps = len(active) - 1
    depth = settings.patch_depth
    guard = settings.guard
    if guard is None:
        spare = sample.depth - len(active) * depth
        guard = min(LARGEST_GUARD, max(0, spare) // gaps) if gaps else 0
    unit = depth if settings.cover == "drop" else 1
    units = (sample.depth - gaps * guard) // unit
    if units < len(active) * depth // unit:
        fit = largest_side((sample.depth - gaps * guard) // len(active))
        remedy = "a smaller guard, " if guard else ""
        raise ValueError(
            f"{sample.name}: {sample.depth} slices are too few for {len(active)} blocks "
            f"({', '.join(active)}) of at least one patch of {depth} slices with {guard} between; "
            f"use a patch of at most {fit} slices, {remedy}or a fraction of 0"
        )
    sizes = apportion(units, shares, depth // unit)
    blocks, start = [], 0
    for split, size in zip(active, sizes, strict=True):
        blocks.append(Block(index, split, start, start + size * unit))
        start += size * unit + guard
    return blocks


def apportion(total, shares, minimum):
    """Divide a number of units by shares, each getting at least a minimum.

    Parameters
    ----------
    total : int
        Units to divide; at least ``minimum * len(shares)``.
    shares : sequence of float
        Positive shares, in any scale.
    minimum : int
        Units that each gets first.

    Returns
    -------
    list of int
        Units of each; they add up to `total`.

    Examples
    --------
    >>> apportion(10, [0.6, 0.3, 0.1], 1)
    [6, 3, 1]
    >>> apportion(4, [0.6, 0.3, 0.1], 1)
    [2, 1, 1]
    """
    wanted = np.asarray(shares, float) / sum(shares) * total
    sizes = np.full(len(shares), minimum)
    for _ in range(total - minimum * len(shares)):
        sizes[np.argmax(wanted - sizes)] += 1
    return sizes.tolist()


def guard_notices(blocks, settings):
    """Say how many slices were left out between the blocks of one sample.

    Parameters
    ----------
    blocks : sequence of Block
        The blocks, by sample and z.
    settings : SplitSettings
        The guard that was asked for.

    Returns
    -------
    list of str
        A notice if a sample was cut.
    """
    pairs = [(a, b) for a, b in itertools.pairwise(blocks) if a.sample == b.sample]
    gaps = sorted({b.start - a.stop for a, b in pairs})
    if not gaps:
        return []
    if gaps[0] == 0:
        remedy = "a smaller patch leaves room for a guard" if settings.guard is None else "--guard"
        return [
            "no guard slices lie between the blocks of a sample, so that an object may lie in two "
            f"splits ({remedy})"
        ]
    text = str(gaps[0]) if len(gaps) == 1 else f"{gaps[0]} to {gaps[-1]}"
    return [f"{text} guard slices were left out between the blocks of a sample"]
