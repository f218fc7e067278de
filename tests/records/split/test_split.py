import itertools

import numpy as np
import pytest

from tomoseg_tf.records.split import Sample, SplitSettings, plan_blocks
from tomoseg_tf.records.split.by_block import apportion

PUBLISHED = (0.6, 0.3, 0.1)


def settings(method="sample", fractions=PUBLISHED, **changes):
    defaults = {"test_samples": (), "guard": None, "patch_depth": 8, "cover": "drop", "seed": 0}
    return SplitSettings(method, fractions, **(defaults | changes))


def plan(depths, **changes):
    samples = [Sample(f"s{i}", depth) for i, depth in enumerate(depths)]
    return plan_blocks(samples, settings(**changes))


def by_split(blocks):
    return [{b.sample for b in blocks if b.split == s} for s in ("training", "validation", "test")]


def test_published_split_of_1280_slices_is_met_exactly():
    """Gaudez et al. (2022), section 3.3: 60 % training, 30 % validation, 10 % test."""
    blocks, notices = plan([128, 768, 384])
    assert by_split(blocks) == [{1}, {2}, {0}]
    assert notices == []


def test_named_test_samples_are_kept():
    blocks, _ = plan([100, 10, 100, 100], test_samples=(0, 2))
    assert by_split(blocks)[2] == {0, 2}


def test_named_validation_samples_are_kept():
    """As for folds by spot: single images, some of them held out."""
    fractions = (0.8, 0.2, 0)
    blocks, notices = plan([1] * 10, validation_samples=(2, 5), fractions=fractions, patch_depth=1)
    assert by_split(blocks) == [set(range(10)) - {2, 5}, {2, 5}, set()]
    assert notices == []
    blocks, _ = plan([100, 10, 100, 100], validation_samples=(0,), test_samples=(2,))
    assert by_split(blocks) == [{1, 3}, {0}, {2}]


def test_two_samples_share_one_between_training_and_validation():
    blocks, notices = plan([90, 64], test_samples=(1,), guard=10, cover="shift")
    spans = [(b.sample, b.split, b.start, b.stop) for b in blocks]
    assert spans == [(0, "training", 0, 53), (0, "validation", 63, 90), (1, "test", 0, 64)]
    assert "s0 is the only sample for both training and validation" in notices[0]
    assert notices[1] == "10 guard slices were left out between the blocks of a sample"


def test_two_samples_give_the_smaller_to_the_test():
    assert by_split(plan([100, 30])[0]) == [{0}, {0}, {1}]


def test_one_sample_without_a_test_is_shared():
    blocks, _ = plan([40], fractions=(0.5, 0.5, 0), guard=8)
    assert [(b.split, b.start, b.stop) for b in blocks] == [
        ("training", 0, 16),
        ("validation", 24, 40),
    ]


def test_validation_without_training_needs_no_second_sample():
    blocks, _ = plan([40, 30], fractions=(0, 0, 1))
    assert by_split(blocks) == [set(), set(), {0, 1}]


@pytest.mark.parametrize("cover", ["drop", "shift"])
@pytest.mark.parametrize("guard", [None, 0, 5])
@pytest.mark.parametrize("depth", [24 + 32, 61, 100, 333])
def test_blocks_keep_the_guard_and_hold_a_patch(depth, guard, cover):
    blocks, _ = plan([depth, depth + 1], method="block", guard=guard, cover=cover)
    assert [b.sample for b in blocks] == [0, 0, 0, 1, 1, 1]
    for b, after in itertools.pairwise(blocks):
        assert b.stop - b.start >= 8
        if b.sample == after.sample:
            assert after.start - b.stop == (16 if guard is None else guard)
    assert blocks[2].stop <= depth
    assert blocks[5].stop <= depth + 1


def test_block_fractions_are_met_to_a_slice():
    blocks, _ = plan([1000], method="block", guard=0, cover="shift")
    assert [b.stop - b.start for b in blocks] == [600, 300, 100]


def test_default_guard_shrinks_to_the_room_there_is():
    blocks, notices = plan([24 + 7], method="block")
    assert [(b.start, b.stop) for b in blocks] == [(0, 8), (11, 19), (22, 30)]
    assert notices == ["3 guard slices were left out between the blocks of a sample"]
    _, notices = plan([24], method="block")
    assert "no guard slices" in notices[0]


def test_fraction_zero_gives_no_block():
    blocks, _ = plan([50], method="block", fractions=(0.7, 0, 0.3))
    assert [b.split for b in blocks] == ["training", "test"]


@pytest.mark.parametrize("total", [3, 10, 64, 97])
def test_apportion_is_the_rounded_share(total):
    sizes = apportion(total, PUBLISHED, 1)
    assert sum(sizes) == total
    assert min(sizes) >= 1
    if total >= 10:
        np.testing.assert_allclose(sizes, np.multiply(PUBLISHED, total), atol=1)


@pytest.mark.parametrize(
    ("depths", "changes", "message"),
    [
        ([50], {}, "1 sample.s. with 1 for the test leave none for training"),
        ([50, 50], {"test_samples": (0, 1)}, "with 2 for the test leave none"),
        ([50, 50], {"test_samples": (2,)}, "test sample 2 does not exist"),
        ([50] * 3, {"validation_samples": (3,)}, "validation sample 3 does not exist"),
        ([50] * 2, {"validation_samples": (0,)}, "1 for the test and 1 for the validation leave"),
        ([50] * 3, {"validation_samples": (1,), "test_samples": (1,)}, "named for validation and"),
        (
            [50] * 3,
            {"validation_samples": (1,), "fractions": (0.9, 0, 0.1)},
            "validation samples are named, but the fraction of the validation is 0",
        ),
        (
            [50] * 3,
            {"test_samples": (1,), "fractions": (0, 0, 1)},
            "2 of the 3 samples belong to no split",
        ),
        ([20], {"method": "block"}, "s0: 20 slices are too few for 3 blocks .* at most 6 slices"),
        ([50], {"method": "block", "guard": 20}, "with 20 between; .* smaller guard"),
        ([50], {"method": "block", "test_samples": (0,)}, "by sample, not by block"),
        ([50, 50], {"fractions": (0.5, 0.5, 0), "test_samples": (0,)}, "the fraction of the test"),
        ([50], {"fractions": (0.5, 0.5, 0.5)}, "add up to 1"),
        ([50], {"fractions": (float("nan"), 0.5, 0.5)}, "add up to 1"),
        ([50], {"fractions": (1.5, -0.5, 0)}, "each 0 or more"),
        (
            [50],
            {"method": "random"},
            "split 'random' is not known; use one of sample, block",
        ),
        ([50], {"cover": "all"}, "cover 'all' is not known"),
        ([50], {"guard": -1}, "guard -1 must be 0 or more"),
    ],
)
def test_impossible_splits(depths, changes, message):
    with pytest.raises(ValueError, match=message):
        plan(depths, **changes)
