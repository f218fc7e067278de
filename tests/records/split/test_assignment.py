import itertools
from collections import Counter

import numpy as np
import pytest

from tomoseg_tf.records.split.assignment import assign_samples

SHARES = {"training": 0.6, "validation": 0.3, "test": 0.1}


def misfit(depths, names):
    sums = dict.fromkeys(SHARES, 0)
    for depth, name in zip(depths, names, strict=True):
        sums[name] += depth
    return sum(abs(sums[name] / sum(depths) - share) for name, share in SHARES.items())


@pytest.mark.parametrize("seed", range(5))
def test_no_other_assignment_is_better(seed):
    depths = np.random.default_rng(seed).integers(8, 200, 5).tolist()
    every = itertools.product(SHARES, repeat=5)
    best = min(misfit(depths, names) for names in every if set(names) == set(SHARES))
    names = assign_samples(depths, SHARES, {}, seed)
    assert set(names) == set(SHARES)
    assert misfit(depths, names) == pytest.approx(best)


def test_many_samples_meet_the_shares():
    names = assign_samples([10] * 20, SHARES, {}, 0)
    assert Counter(names) == {"training": 12, "validation": 6, "test": 2}


def test_each_split_gets_a_sample_however_small_its_share():
    assert Counter(assign_samples([100] * 3, SHARES, {}, 0)) == dict.fromkeys(SHARES, 1)


def test_named_tests_are_the_only_ones():
    names = assign_samples([10, 200, 10, 10], SHARES, {1: "test"}, 0)
    assert [index for index, name in enumerate(names) if name == "test"] == [1]


def test_splits_with_fixed_samples_get_no_others():
    fixed = {0: "validation", 7: "test", 9: "test"}
    for depths in ([10] * 10, [10] * 30):
        names = assign_samples(depths, SHARES, fixed, 0)
        assert {i: n for i, n in enumerate(names) if n != "training"} == fixed


def test_a_thousand_samples_take_no_time():
    names = assign_samples([1] * 400, SHARES, {}, 1)
    assert Counter(names) == {"training": 240, "validation": 120, "test": 40}


def test_seed_decides_between_equal_samples():
    tests = {assign_samples([10] * 5, SHARES, {}, seed).index("test") for seed in range(20)}
    assert len(tests) > 2
    assert assign_samples([10] * 5, SHARES, {}, 3) == assign_samples([10] * 5, SHARES, {}, 3)
