import itertools

import numpy as np
import pytest

from tomoseg_tf.records.split import (
    Sample,
    SplitSettings,
    plan_blocks,
    shares_of,
    slices_of_only,
)
from tomoseg_tf.volume import ArrayVolume


def plan(depths, slices=None, fractions=(0.6, 0.3, 0.1), empty=None, **changes):
    fractions = fractions if slices is None else shares_of(slices)
    defaults = {"test_samples": (), "guard": None, "patch_depth": 1, "cover": "drop", "seed": 0}
    settings = SplitSettings("slice", fractions, slices=slices, **(defaults | changes))
    samples = [Sample(f"s{i}", depth) for i, depth in enumerate(depths)]
    return plan_blocks(samples, settings, empty)


def held(blocks):
    """Slices (sample, z) of each split."""
    return [
        {(b.sample, z) for b in blocks if b.split == split for z in range(b.start, b.stop)}
        for split in ("training", "validation", "test")
    ]


@pytest.mark.parametrize("numbers", [(530, 20, 180), (610, 10, 200)])
def test_published_numbers(numbers):
    """Torbati-Sarraf et al. (2021): 550 with 20 of them for validation, 180; Barboza (2020)."""
    blocks, notices = plan([sum(numbers)], numbers)
    sets = held(blocks)
    assert tuple(map(len, sets)) == numbers
    assert len(set.union(*sets)) == sum(numbers)
    assert len(notices) == 1


def test_blocks_are_runs_in_order():
    """Neighbours in one split are one block, so that few are opened."""
    blocks, _ = plan([100, 50])
    assert [(b.sample, b.start) for b in blocks] == sorted((b.sample, b.start) for b in blocks)
    for b, after in itertools.pairwise(blocks):
        assert b.sample != after.sample or (b.stop == after.start and b.split != after.split)


def test_fractions_are_those_of_all_slices():
    assert [len(part) for part in held(plan([70, 30])[0])] == [60, 30, 10]
    assert [len(part) for part in held(plan([3])[0])] == [1, 1, 1]


def test_seed_decides():
    assert plan([40]) == plan([40])
    assert held(plan([40])[0]) != held(plan([40], seed=1)[0])


def test_neighbours_in_training_are_told():
    blocks, notices = plan([200, 1])
    training, validation, test = held(blocks)
    others = validation | test
    leaking = sum(bool({(s, z - 1), (s, z + 1)} & training) for s, z in others)
    assert notices[0].startswith(f"{leaking} of the {len(others)} slices for validation and test")
    assert plan([1] * 20)[1] == []


def test_empty_slices_are_not_drawn():
    truth = np.zeros((30, 4, 4), np.uint8)
    truth[5:25, 0, 0] = 1
    truth[2] = 255
    empty = [slices_of_only(ArrayVolume(truth), 0, 255)]
    blocks, notices = plan([30], (16, 1, 2), empty=empty)
    drawn = {z for _, z in set.union(*held(blocks))}
    assert len(drawn) == 19
    assert drawn < set(range(5, 25))
    assert notices[:2] == [
        "10 slices hold background only and were left out: what is found wrongly in such slices "
        "is in no score",
        "1 slices were asked for by no split",
    ]


@pytest.mark.parametrize(
    ("depths", "changes", "message"),
    [
        ([100], {"slices": (530, 20, 180)}, "730 slices are asked for, but there are 100; ask"),
        ([100], {"slices": (0, 0, 0)}, "not all 0"),
        ([100], {"slices": (1.5, 2, 2)}, "must be three numbers of slices"),
        ([2], {}, r"2 slices are too few for 3 splits \(training, validation, test\)"),
        ([100], {"patch_depth": 8}, "for patches of 1 slice, not of 8"),
        ([100], {"guard": 2}, "guard 2: no slices can lie between"),
        ([100, 9], {"test_samples": (1,)}, "by sample, not by slice"),
    ],
)
def test_impossible_settings(depths, changes, message):
    with pytest.raises(ValueError, match=message):
        plan(depths, **changes)


def test_more_than_the_slices_with_an_object():
    empty = [np.arange(10) < 4]
    with pytest.raises(ValueError, match=r"there are 6 \(4 more hold background only\)"):
        plan([10], (5, 1, 1), empty=empty)


def test_numbers_belong_to_the_split_by_slice():
    with pytest.raises(ValueError, match="only be given when splitting by slice, not by block"):
        SplitSettings("block", (0.6, 0.3, 0.1), (), None, 1, "drop", 0, slices=(6, 3, 1))
