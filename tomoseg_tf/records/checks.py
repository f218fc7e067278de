"""Checks of what `write_records` is given, and of what came out."""

from collections import defaultdict
from itertools import pairwise

from tomoseg_tf.records.split import SPLITS
from tomoseg_tf.volume import IGNORE


def check_sides(patch):
    """Check the sides of a patch.

    Parameters
    ----------
    patch : sequence of three int
        Sides (z, y, x) in voxels.

    Returns
    -------
    tuple of three int
        The same.

    Raises
    ------
    ValueError
        If they are not three whole numbers of 1 or more.
    """
    sides = tuple(int(side) for side in patch)
    if len(sides) != 3 or min(sides) < 1 or sides != tuple(patch):
        raise ValueError(f"patch {tuple(patch)} must be three sides (z, y, x) of 1 voxel or more")
    return sides


def check_classes(classes):
    """Check the names of the classes.

    Parameters
    ----------
    classes : sequence of str
        Names, background first.

    Returns
    -------
    tuple of str
        The same.

    Raises
    ------
    ValueError
        If there are fewer than 2 or more than 255, one is empty, or two are equal.
    """
    names = tuple(str(name) for name in classes)
    if not 2 <= len(names) <= IGNORE or len(set(names)) < len(names) or not all(names):
        raise ValueError(
            f"classes {names}: 2 to {IGNORE} different names are needed, the background first"
        )
    return names


def check_duplicates(measured, blocks):
    """Refuse the same volume twice if that brings its voxels into two splits.

    Parameters
    ----------
    measured : sequence of MeasuredSample
        The samples with their hashes.
    blocks : sequence of Block
        Slices of each split.

    Raises
    ------
    ValueError
        If two samples hold the same voxels and are not in one split.
    """
    splits = defaultdict(set)
    for block in blocks:
        splits[block.sample].add(block.split)
    order = sorted(range(len(measured)), key=lambda i: measured[i].volume_sha256)
    for i, j in pairwise(order):
        alike = measured[i].volume_sha256 == measured[j].volume_sha256
        if alike and len(splits[i] | splits[j]) > 1:
            raise ValueError(
                f"{measured[j].volume.name} (sample {j}) holds the same voxels as "
                f"{measured[i].volume.name} (sample {i}), which would be in two splits; leave one "
                "out"
            )


def check_not_empty(shards, fractions):
    """Refuse a split without patches whose fraction is positive.

    Parameters
    ----------
    shards : dict from str to sequence of Shard
        Shards of each split.
    fractions : tuple of three float
        Shares asked for.

    Raises
    ------
    ValueError
        If there is such a split.
    """
    for name, fraction in zip(SPLITS, fractions, strict=True):
        if fraction > 0 and not shards[name]:
            raise ValueError(
                f"the {name} split would hold no patch: all of its voxels are ignored; "
                "use other samples, another split, or a fraction of 0 for it"
            )
