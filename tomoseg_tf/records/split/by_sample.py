"""The split into whole samples; one is shared if there are too few."""

from tomoseg_tf.records.split.assignment import assign_samples
from tomoseg_tf.records.split.by_block import guard_notices, split_sample
from tomoseg_tf.records.split.settings import Block


def assign_whole(samples, settings):
    """Assign whole samples to the splits.

    If one sample is left for training and validation together, it is cut in z.

    Parameters
    ----------
    samples : sequence of Sample
        The samples in order.
    settings : SplitSettings
        The shares asked for, and the samples that are fixed.

    Returns
    -------
    list of Block
        A block for each sample, two for one that is shared.
    list of str
        What was shared, and with how many slices between.

    Raises
    ------
    ValueError
        If there are too few samples, or a fixed one does not exist.
    """
    shares = settings.shares
    fixed = _named(len(samples), settings)
    depths = [sample.depth for sample in samples]
    wanted = shares.keys() - set(fixed.values())  # splits that no sample is named for
    left = len(samples) - len(fixed)
    if not wanted and left:
        raise ValueError(
            f"{left} of the {len(samples)} samples belong to no split: the fraction of the "
            "training is 0; set it, or leave them out"
        )
    if left >= len(wanted):
        names = assign_samples(depths, shares, fixed, settings.seed)
        return [Block(i, name, 0, samples[i].depth) for i, name in enumerate(names)], []
    tests = max(1, len(settings.test_samples)) if "test" in shares else 0
    if len(samples) - tests - len(settings.validation_samples) < 1:
        kept = f"{tests} for the test"
        if settings.validation_samples:
            kept += f" and {len(settings.validation_samples)} for the validation"
        raise ValueError(
            f"{len(samples)} sample(s) with {kept} leave none for training; "
            "add a sample, split by block, or set the test's fraction to 0"
        )
    return _share_one(samples, shares, fixed, settings)


def _share_one(samples, shares, fixed, settings):
    """Give the test its samples and cut the one left over in z into training and validation."""
    if "test" in shares and not fixed:
        depths = [sample.depth for sample in samples]
        halves = {"training": 1 - shares["test"], "test": shares["test"]}
        names = assign_samples(depths, halves, {}, settings.seed)
        fixed = {i: name for i, name in enumerate(names) if name == "test"}
    shared = next(i for i in range(len(samples)) if i not in fixed)
    fractions = (*settings.fractions[:2], 0)
    blocks = [Block(i, name, 0, samples[i].depth) for i, name in fixed.items()]
    blocks += split_sample(shared, samples[shared], fractions, settings)
    blocks.sort(key=lambda block: (block.sample, block.start))
    notice = (
        f"{samples[shared].name} is the only sample for both training and validation: it was cut "
        "in z into a block for each"
    )
    return blocks, [notice, *guard_notices(blocks, settings)]


def _named(count, settings):
    """Map the indices of the fixed samples to their splits; refuse wrong ones."""
    fixed = {}
    for split, named in settings.named_samples.items():
        for index in named:
            if not 0 <= index < count:
                raise ValueError(
                    f"{split} sample {index} does not exist; the {count} samples have the indices "
                    f"0 to {count - 1}"
                )
            if fixed.get(index, split) != split:
                raise ValueError(
                    f"sample {index} is named for {fixed[index]} and for {split}; name it once"
                )
            fixed[index] = split
    return fixed
