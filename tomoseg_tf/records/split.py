"""The split of samples into training, validation and test: pure arithmetic on slices."""

import itertools
from dataclasses import dataclass

import numpy as np

from tomoseg_tf.records.assignment import assign_samples

SPLITS = ("training", "validation", "test")
METHODS = ("sample", "block")
COVERS = ("drop", "shift")
LARGEST_GUARD = 16


@dataclass(frozen=True)
class Sample:
    """One pair of a volume and its truth, as far as the split is concerned."""

    name: str
    depth: int


@dataclass(frozen=True)
class Block:
    """Slices ``start`` to ``stop`` of one sample, all in one split."""

    sample: int
    split: str
    start: int
    stop: int


@dataclass(frozen=True)
class SplitSettings:
    """How samples are split.

    Parameters
    ----------
    method : {"sample", "block"}
        Whole samples, or each sample cut in z into training | validation | test.
    fractions : tuple of three float
        Shares of the slices for training, validation and test; they add up to 1.
    test_samples : tuple of int
        Indices of the samples kept for the test; chosen by the fractions if empty.
    guard : int or None
        Slices left out between two blocks of one sample. None leaves out 16, or as
        many fewer as the sample has slices to spare.
    patch_depth : int
        Slices of a patch: no block is shorter.
    cover : {"drop", "shift"}
        Whether blocks are whole numbers of patches ("drop") or of slices ("shift").
    seed : int
        Decides between assignments that meet the fractions equally well.
    """

    method: str
    fractions: tuple
    test_samples: tuple
    guard: int | None
    patch_depth: int
    cover: str
    seed: int

    def __post_init__(self):
        _check_choice("split", self.method, METHODS)
        _check_choice("cover", self.cover, COVERS)
        shares = self.fractions
        if len(shares) != 3 or min(shares) < 0 or not abs(sum(shares) - 1) <= 1e-6:
            raise ValueError(
                f"fractions {shares} must be three shares of training, validation and test, "
                "each 0 or more, that add up to 1"
            )
        if self.guard is not None and self.guard < 0:
            raise ValueError(f"guard {self.guard} must be 0 or more slices")
        if self.test_samples and self.method == "block":
            raise ValueError(
                "test samples can only be named when splitting by sample, not by block"
            )
        if self.test_samples and shares[2] == 0:
            raise ValueError("test samples are named, but the fraction of the test is 0; set it")


def plan_blocks(samples, settings):
    """Assign the slices of all samples to the splits.

    Parameters
    ----------
    samples : sequence of Sample
        The samples in order.
    settings : SplitSettings
        How to split.

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
    if settings.method == "block":
        blocks = []
        for index, sample in enumerate(samples):
            blocks += split_sample(index, sample, settings.fractions, settings)
        return blocks, _guard_notices(blocks, settings)
    return _by_sample(samples, settings)


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


def largest_side(side):
    """Largest side of a patch that fits: a multiple of 8 where there is room for one.

    Parameters
    ----------
    side : int
        Voxels to fit into.

    Returns
    -------
    int
        `side` rounded down to a multiple of 8; `side` itself (at least 0) below 8.
    """
    return side // 8 * 8 if side >= 8 else max(0, side)


def _by_sample(samples, settings):
    """Assign whole samples; share one between training and validation if there are too few."""
    shares = {s: share for s, share in zip(SPLITS, settings.fractions, strict=True) if share > 0}
    tests = _named_tests(len(samples), settings.test_samples)
    depths = [sample.depth for sample in samples]
    num_tests = max(1, len(tests)) if "test" in shares else 0
    left = len(samples) - num_tests
    if left < 1:
        raise ValueError(
            f"{len(samples)} sample(s) with {num_tests} for the test leave none for training; "
            "add a sample, split by block, or set the test's fraction to 0"
        )
    if left >= len(shares.keys() - {"test"}):
        names = assign_samples(depths, shares, tests, settings.seed)
        return [Block(i, name, 0, samples[i].depth) for i, name in enumerate(names)], []
    return _share_one(samples, shares, tests, settings)


def _share_one(samples, shares, tests, settings):
    """Give the test its samples and cut the one left over in z into training and validation."""
    if "test" in shares and not tests:
        depths = [sample.depth for sample in samples]
        halves = {"training": 1 - shares["test"], "test": shares["test"]}
        names = assign_samples(depths, halves, {}, settings.seed)
        tests = {i: name for i, name in enumerate(names) if name == "test"}
    shared = next(i for i in range(len(samples)) if i not in tests)
    fractions = (*settings.fractions[:2], 0)
    blocks = [Block(i, "test", 0, samples[i].depth) for i in tests]
    blocks += split_sample(shared, samples[shared], fractions, settings)
    blocks.sort(key=lambda block: (block.sample, block.start))
    notice = (
        f"{samples[shared].name} is the only sample for both training and validation: it was cut "
        "in z into a block for each"
    )
    return blocks, [notice, *_guard_notices(blocks, settings)]


def _named_tests(count, test_samples):
    """Map the indices of the named test samples to "test"; refuse wrong ones."""
    for index in test_samples:
        if not 0 <= index < count:
            raise ValueError(
                f"test sample {index} does not exist; the {count} samples have the indices "
                f"0 to {count - 1}"
            )
    return dict.fromkeys(test_samples, "test")


def _guard_notices(blocks, settings):
    """Say how many slices were left out between the blocks of one sample."""
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


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"{name} {value!r} is not known; use one of {', '.join(choices)}")
