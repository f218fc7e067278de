"""The folds of a cross-validation."""

import numpy as np
import pytest

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.records.split import Sample, SplitSettings, plan_blocks, shares_of_folds


def fold(number, folds, method="block", depths=(60,), **changes):
    """Blocks of one fold as (sample, split, start, stop), and the notices."""
    settings = {"test_samples": (), "guard": 2, "patch_depth": 4, "cover": "shift", "seed": 0}
    samples = [Sample(f"s{index}", depth) for index, depth in enumerate(depths)]
    given = SplitSettings(
        method,
        fractions=shares_of_folds((number, folds)),
        fold=(number, folds),
        **{**settings, **changes},
    )
    blocks, notices = plan_blocks(samples, given)
    return [(b.sample, b.split, b.start, b.stop) for b in blocks], notices


def test_parts_take_turns_and_the_test_stays_whole():
    """60 slices in three parts of 20; the guard of 2 is cut from training, or from validation."""
    turns = [
        [("test", 0, 20), ("validation", 22, 40), ("training", 42, 60)],
        [("training", 0, 18), ("test", 20, 40), ("validation", 42, 60)],
        [("validation", 0, 20), ("training", 22, 38), ("test", 40, 60)],
    ]
    for number, blocks in enumerate(turns, start=1):
        found, notices = fold(number, 3)
        assert found == [(0, *block) for block in blocks]
        assert notices == ["2 guard slices were left out between the blocks of a sample"]


def test_neighbours_of_one_split_are_joined():
    found, _ = fold(3, 5)
    middle = [("training", 0, 22), ("test", 24, 36), ("validation", 38, 48), ("training", 50, 60)]
    assert found == [(0, *block) for block in middle]


def test_the_default_guard_leaves_most_of_a_part():
    """Parts of 12 or 13 slices: a quarter, as a patch needs 4 of the 12."""
    found, notices = fold(2, 5, depths=(64,), guard=None)
    assert found[:2] == [(0, "training", 0, 10), (0, "test", 13, 26)]
    assert notices == ["3 guard slices were left out between the blocks of a sample"]
    whole, _ = fold(1, 3, depths=(12,), guard=None)
    assert [stop - start for *_, start, stop in whole] == [4, 4, 4]


@pytest.mark.parametrize(
    ("method", "depths", "guard"),
    [("block", (60, 45), 2), ("sample", (50, 40, 30, 30, 20, 10), None)],
)
def test_each_slice_is_the_test_of_one_fold(method, depths, guard):
    every = sorted((s, z) for s, depth in enumerate(depths) for z in range(depth))
    tests, validations = [], []
    for number in (1, 2, 3):
        found, _ = fold(number, 3, method, depths, guard=guard)
        slices = {"training": [], "validation": [], "test": []}
        for sample, split, start, stop in found:
            slices[split] += [(sample, z) for z in range(start, stop)]
        held = sum(map(len, slices.values()))
        assert held == len(set().union(*slices.values()))  # in one split each
        tests += slices["test"]
        validations += slices["validation"]
    assert sorted(tests) == every
    assert len(set(validations)) == len(validations) >= 0.9 * len(every)


def test_what_is_no_fold_is_refused():
    with pytest.raises(ValueError, match="fold 1/2 must be one of 3 folds or more"):
        shares_of_folds((1, 2))
    with pytest.raises(ValueError, match="fold 4/3"):
        shares_of_folds((4, 3))
    with pytest.raises(ValueError, match=r"2 sample\(s\) are too few for 3 folds"):
        fold(1, 3, "sample", (10, 10), guard=None)
    with pytest.raises(ValueError, match="fold 2 must be one of 3 folds or more"):
        shares_of_folds(2)
    with pytest.raises(ValueError, match=r"s0: 15 slices are too few for 4 folds .* fewer folds"):
        fold(1, 4, depths=(15,))
    with pytest.raises(
        ValueError, match=r"3 folds of 20 slices leave no patch of 4 .* guards of 9"
    ):
        fold(3, 3, guard=9)
    with pytest.raises(ValueError, match="no slices lie between whole samples"):
        fold(1, 3, "sample", (10, 10, 10), guard=2)
    with pytest.raises(ValueError, match="folds are of whole samples or of blocks, not by slice"):
        fold(1, 3, "slice", patch_depth=1, guard=None)
    with pytest.raises(ValueError, match="samples cannot be named"):
        fold(1, 3, "sample", (10, 10, 10), guard=None, test_samples=(1,))


def test_records_know_their_fold(tmp_path):
    pair = np.arange(12 * 8 * 8, dtype=np.uint16).reshape(12, 8, 8), np.zeros((12, 8, 8), np.uint8)
    settings = {"patch": (2, 8, 8), "split": "block", "guard": 0}
    write_records(tmp_path / "fold", [pair], **settings, fold=(2, 3))
    manifest = open_records(tmp_path / "fold").manifest
    assert manifest.split.fold == (2, 3)
    assert manifest.split.fractions == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    blocks = [(block.split, block.start, block.stop) for block in manifest.sources[0].blocks]
    assert blocks == [("training", 0, 4), ("test", 4, 8), ("validation", 8, 12)]
    write_records(tmp_path / "plain", [pair], **settings)
    assert '"fold"' not in (tmp_path / "plain" / "manifest.json").read_text()
