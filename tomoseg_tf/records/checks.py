"""Checks of what `write_records` is given, and of what came out."""

from collections import defaultdict
from itertools import pairwise

from tomoseg_tf.records.cutting import holds_patch
from tomoseg_tf.records.split import SPLITS
from tomoseg_tf.volume import IGNORE


def check_sides(patch):
    """Check the sides of a patch.

    Parameters
    ----------
    patch : sequence of three int, or "slice"
        Sides (z, y, x) in voxels, or whole slices.

    Returns
    -------
    tuple of three int, or "slice"
        The same.

    Raises
    ------
    ValueError
        If they are not three whole numbers of 1 or more.
    """
    if isinstance(patch, str):
        if patch != "slice":
            raise ValueError(f"patch {patch!r} must be three sides (z, y, x), or slice")
        return patch
    sides = tuple(int(side) for side in patch)
    if len(sides) != 3 or min(sides) < 1 or sides != tuple(patch):
        raise ValueError(f"patch {tuple(patch)} must be three sides (z, y, x) of 1 voxel or more")
    return sides


def check_equal_slices(volumes):
    """Check that the slices of all volumes are of one size.

    Parameters
    ----------
    volumes : sequence of Volume
        The volumes, at least one.

    Returns
    -------
    tuple of three int
        Sides of a patch that is a whole slice: 1, Y, X.

    Raises
    ------
    ValueError
        If two differ.
    """
    sizes = {volume.shape[1:]: volume.name for volume in reversed(volumes)}
    if len(sizes) > 1:
        (first, name), (other, another) = list(sizes.items())[-1], list(sizes.items())[-2]
        fit = ",".join(str(min(sides)) for sides in zip(*sizes, strict=True))
        raise ValueError(
            f"whole slices are asked for, but those of {another} have {other[0]} x {other[1]} "
            f"voxels and those of {name} {first[0]} x {first[1]}; use a patch that fits into all, "
            f"of at most 1,{fit}"
        )
    return 1, *volumes[0].shape[1:]


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


def check_duplicates(measured, blocks, named=()):
    """Refuse the same volume twice if that brings its voxels into two splits.

    A sample that is named for the validation may be one of the training with the same truth: who
    has too few labels to spare any sees at least how well these are learnt.

    Parameters
    ----------
    measured : sequence of MeasuredSample
        The samples with their hashes.
    blocks : sequence of Block
        Slices of each split.
    named : sequence of int, optional
        Samples that were named for the validation.

    Returns
    -------
    list of str
        A notice where the validation is on the labels of the training.

    Raises
    ------
    ValueError
        If two samples hold the same voxels and are not in one split.
    """
    notices = []
    splits = defaultdict(set)
    for block in blocks:
        splits[block.sample].add(block.split)
    order = sorted(range(len(measured)), key=lambda i: measured[i].volume_sha256)
    for i, j in pairwise(order):
        alike = measured[i].volume_sha256 == measured[j].volume_sha256
        if not alike or len(splits[i] | splits[j]) < 2:
            continue
        same = measured[i].truth_sha256 == measured[j].truth_sha256
        if same and {i, j} & set(named) and splits[i] | splits[j] == {"training", "validation"}:
            notices.append(
                f"{measured[j].volume.name}: the validation is on the labels of the training; its "
                "scores say how well these are learnt, and nothing of other places"
            )
            continue
        raise ValueError(
            f"{measured[j].volume.name} (sample {j}) holds the same voxels as "
            f"{measured[i].volume.name} (sample {i}), which would be in two splits; leave one out"
        )
    return notices


def check_not_empty(truths, blocks, patch, split):
    """Refuse a split without patches whose fraction is positive, before anything is cut.

    Parameters
    ----------
    truths : sequence of Volume
        Classes of each sample.
    blocks : sequence of Block
        Slices of each split.
    patch : tuple of three int
        Sides of a patch.
    split : tomoseg_tf.records.manifest.Split
        What was asked for.

    Raises
    ------
    ValueError
        If there is such a split.
    """
    what = "background or ignored" if split.skip_empty else "ignored"
    cure = "label more of it, or use other samples or another split"
    if split.fold is None:
        cure += ", or a fraction of 0 for it"
    settings = {"patch": patch, "cover": split.cover, "skip_empty": split.skip_empty}
    for name, fraction in zip(SPLITS, split.fractions, strict=True):
        own = (block for block in blocks if block.split == name)
        kept = (holds_patch(truths[block.sample], block, **settings) for block in own)
        if fraction > 0 and not any(kept):
            raise ValueError(
                f"the {name} split would hold no patch: all of its voxels are {what}; {cure}"
            )
