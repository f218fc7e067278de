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


def test_blocks_take_turns_and_neighbours_are_joined():
    """56 slices in three blocks, with two guards of 2 slices; the same blocks in every fold."""
    parts = [(0, 19), (21, 40), (42, 60)]
    names = [
        ("test", "validation", "training"),
        ("training", "test", "validation"),
        ("validation", "training", "test"),
    ]
    for number, splits in enumerate(names, start=1):
        found, notices = fold(number, 3)
        assert found == [(0, split, *part) for split, part in zip(splits, parts, strict=True)]
        assert notices == ["2 guard slices were left out between the blocks of a sample"]
    five, _ = fold(3, 5)  # 52 slices in five blocks
    joined = (0, "training", 0, 24)
    assert five == [joined, (0, "test", 26, 36), (0, "validation", 38, 48), (0, "training", 50, 60)]


@pytest.mark.parametrize("method", ["block", "sample"])
def test_every_part_is_the_test_of_one_fold(method):
    depths = (50, 40, 30, 30, 20, 10) if method == "sample" else (60, 45)
    tests = [
        {(s, z) for s, split, start, stop in found for z in range(start, stop) if split == "test"}
        for found in (fold(number, 3, method, depths)[0] for number in (1, 2, 3))
    ]
    assert sum(map(len, tests)) == len(set.union(*tests))
    if method == "sample":
        assert [len(test) for test in tests] == [60, 60, 60]
    else:
        assert sum(map(len, tests)) == sum(depths) - 2 * 2 * len(depths)


def test_what_is_no_fold_is_refused():
    with pytest.raises(ValueError, match="fold 1/2 must be one of 3 folds or more"):
        shares_of_folds((1, 2))
    with pytest.raises(ValueError, match="fold 4/3"):
        shares_of_folds((4, 3))
    with pytest.raises(ValueError, match=r"2 sample\(s\) are too few for 3 folds"):
        fold(1, 3, "sample", (10, 10))
    with pytest.raises(ValueError, match=r"s0: 12 slices are too few for 3 blocks .* fewer folds"):
        fold(1, 3, depths=(12,))
    with pytest.raises(ValueError, match="folds are of whole samples or of blocks, not by slice"):
        fold(1, 3, "slice", patch_depth=1, guard=None)
    with pytest.raises(ValueError, match="samples cannot be named"):
        fold(1, 3, "sample", (10, 10, 10), test_samples=(1,))


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
