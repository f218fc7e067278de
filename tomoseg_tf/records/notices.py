"""What a user should know about records that were cut."""

import numpy as np

from tomoseg_tf.records.split import SPLITS, grid_starts, uncovered_share


def sample_notices(samples):
    """Collect what volumes and truths say about how they are read.

    Parameters
    ----------
    samples : sequence of (Volume, Volume)
        Volumes and truths.

    Returns
    -------
    list of str
        Each notice once, with the name of its file.
    """
    texts = [text for pair in samples for part in pair for text in part.named_notices()]
    return list(dict.fromkeys(texts))


def share_notices(blocks, settings):
    """Say which shares of the slices came out, if they are far from those asked for.

    Parameters
    ----------
    blocks : sequence of Block
        Slices of each split.
    settings : SplitSettings
        The shares asked for.

    Returns
    -------
    list of str
        A notice if one share is more than 5 percentage points off.
    """
    slices = {name: sum(b.stop - b.start for b in blocks if b.split == name) for name in SPLITS}
    total = sum(slices.values())
    reached = [slices[name] / total for name in SPLITS]
    if max(abs(a - b) for a, b in zip(reached, settings.fractions, strict=True)) <= 0.05:
        return []
    listed, asked = (
        " / ".join(f"{100 * share:.0f}" for share in shares)
        for shares in (reached, settings.fractions)
    )
    return [f"training / validation / test got {listed} % of the slices; {asked} % were asked for"]


def cover_notices(samples, blocks, patch, cover):
    """Say how much of the blocks no patch holds.

    Parameters
    ----------
    samples : sequence of (Volume, Volume)
        Volumes and truths.
    blocks : sequence of Block
        Slices of each split.
    patch : tuple of three int
        Sides of the patches.
    cover : {"drop", "shift"}
        How the grid ends.

    Returns
    -------
    list of str
        A notice if anything is left out.
    """
    total = missing = 0
    for block in blocks:
        shape = (block.stop - block.start, *samples[block.sample][0].shape[1:])
        starts = [grid_starts(size, side, cover) for size, side in zip(shape, patch, strict=True)]
        voxels = int(np.prod(shape))
        missing += voxels * uncovered_share(shape, starts, patch)
        total += voxels
    if not missing:
        return []
    return [
        f"{100 * missing / total:.0f} % of the voxels do not fill a patch and were left out "
        '(cover "shift" keeps them)'
    ]


def left_out_notices(left_out):
    """Say how many patches were left out for what they hold.

    Parameters
    ----------
    left_out : LeftOut
        Patches of which all voxels are ignored, and those without an object.

    Returns
    -------
    list of str
        A notice for each kind if there are any.
    """
    kinds = ((left_out.ignored, "ignored voxels"), (left_out.empty, "background"))
    notices = [f"{n} patches hold only {what} and were left out" for n, what in kinds if n]
    if left_out.unscored:
        notices[-1] += (
            f", {left_out.unscored} of them of validation and test: what is found wrongly there "
            "is in no score, so that scores are better than on whole slices"
        )
    return notices


def missing_notices(voxels, classes):
    """Say which classes a split has no voxel of.

    Parameters
    ----------
    voxels : dict of str to sequence of int
        Voxels of each class by split; a split without patches has none at all.
    classes : sequence of str
        Names of the classes, background first.

    Returns
    -------
    list of str
        A notice for each of them in training and validation.
    """
    return [
        f"{split} has no voxel of {name!r}: the network cannot {verb} it; choose other samples, "
        "blocks or a larger share"
        for split, verb in (("training", "learn"), ("validation", "be judged by"))
        for name, count in zip(classes, voxels[split], strict=False)
        if count == 0 and sum(voxels[split])
    ]
