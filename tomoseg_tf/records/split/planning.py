"""Which slices of which sample go into which split."""

from tomoseg_tf.records.split.by_block import guard_notices, split_sample
from tomoseg_tf.records.split.by_fold import fold_blocks
from tomoseg_tf.records.split.by_sample import assign_whole
from tomoseg_tf.records.split.by_slice import draw_slices


def plan_blocks(samples, settings, empty=None, unlabelled=None):
    """Assign the slices of all samples to the splits.

    Parameters
    ----------
    samples : sequence of Sample
        The samples in order.
    settings : SplitSettings
        How to split.
    empty, unlabelled : sequence of (Z,) ndarray of bool, optional
        Slices of each sample that are not drawn in a split by slice or by group, see
        `draw_slices`; none if not given.

    Returns
    -------
    list of Block
        Disjoint blocks, by sample and z.
    list of str
        Notices: what had to be done otherwise than asked.

    Raises
    ------
    ValueError
        If a split whose fraction is positive would get no slices.
    """
    if settings.fold is not None:
        return fold_blocks(samples, settings)
    if settings.method == "sample":
        return assign_whole(samples, settings)
    if settings.method in ("slice", "group"):
        return draw_slices(samples, settings, empty, unlabelled)
    blocks = []
    for index, sample in enumerate(samples):
        blocks += split_sample(index, sample, settings.fractions, settings)
    return blocks, guard_notices(blocks, settings)
