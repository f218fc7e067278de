import numpy as np
import pytest

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.records.split import (
    Sample,
    SplitSettings,
    plan_blocks,
    shares_of,
    slices_of_only,
)
from tomoseg_tf.volume import ArrayVolume

SPLITS = ("training", "validation", "test")


def plan(depths, method="group", unlabelled=None, **changes):
    defaults = {"fractions": (0.7, 0.2, 0.1), "test_samples": (), "guard": None}
    if "groups" in changes:
        defaults["fractions"] = shares_of(changes["groups"])
    settings = SplitSettings(
        method, **{**defaults, "patch_depth": 4, "cover": "drop", "seed": 0, **changes}
    )
    samples = [Sample(f"s{i}", depth) for i, depth in enumerate(depths)]
    return plan_blocks(samples, settings, unlabelled=unlabelled)


def held(blocks):
    """Slices (sample, z) of each split."""
    return [
        {(b.sample, z) for b in blocks if b.split == split for z in range(b.start, b.stop)}
        for split in SPLITS
    ]


def groups_of(slices, size):
    """The groups that slices fill; fails if one is not whole."""
    groups = {(sample, z // size) for sample, z in slices}
    assert len(groups) * size == len(slices)
    return groups


def test_the_hand_labels_of_james_are_6_4_and_4_groups_of_8_slices():
    """James et al. (2022), section 3.2: 112 images of two reconstructions, 32 for the test."""
    blocks, notices = plan([56, 56], group=8, groups=(6, 4, 4))
    parts = held(blocks)
    assert [len(groups_of(part, 8)) for part in parts] == [6, 4, 4]
    assert [len(part) for part in parts] == [48, 32, 32]
    assert len(set.union(*parts)) == 112
    assert [text for text in notices if "neighbour" not in text] == []


@pytest.mark.parametrize(("depth", "unit"), [(1, "slice"), (4, "group")])
def test_the_cheap_labels_of_james_are_70_20_and_10_percent_of_volumes(depth, unit):
    """1750 slices of seven reconstructions, drawn as volumes of one or of four slices."""
    blocks, notices = plan([250] * 7, unit, patch_depth=depth)
    volumes = 7 * (250 // depth)
    numbers = [len(groups_of(part, depth)) for part in held(blocks)]
    np.testing.assert_allclose(numbers, np.array([0.7, 0.2, 0.1]) * volumes, atol=1)
    assert sum(numbers) == volumes
    rest = "14 slices at the ends of samples fill no group of 4"
    assert (rest in notices) is (depth == 4)


def test_groups_of_one_slice_are_slices():
    drawn = [plan([40], method, patch_depth=1) for method in ("slice", "group")]
    assert drawn[0] == drawn[1]


def test_groups_that_are_left_are_told():
    _, notices = plan([40], groups=(3, 2, 1))
    assert "4 groups were asked for by no split" in notices


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"group": 2}, "a group of 2 slices is less than a patch of 4"),
        ({"groups": (9, 9, 9)}, "27 groups of 4 slices are asked for, but there are 10"),
        ({"group": 16}, "2 groups of 16 slices are too few for 3 splits"),
        ({"guard": 2}, "no slices can lie between groups that are drawn"),
        ({"slices": (3, 2, 1)}, "can only be given when splitting by slice, not by group"),
        ({"method": "block", "group": 8}, "groups of 8 slices can only be given .* by group, not"),
        ({"method": "block", "groups": (1, 1, 1)}, "groups .* can only be given .* not by block"),
    ],
)
def test_mistakes(settings, message):
    with pytest.raises(ValueError, match=message):
        plan([40], **settings)


def test_numbers_of_groups_must_not_all_be_0():
    with pytest.raises(ValueError, match=r"groups .* must be three numbers of groups"):
        shares_of((0, 0, 0), "groups")


def test_records_hold_whole_groups(tmp_path):
    """Patches of two slices from groups of four: each lies within its group's split."""
    scan = np.arange(2 * 26 * 8 * 8, dtype=np.uint16).reshape(2, 26, 8, 8)
    pairs = [(each, np.zeros(each.shape, np.uint8)) for each in scan]
    settings = {"patch": (2, 8, 8), "split": "group", "group": 4, "groups": (6, 4, 2)}
    write_records(tmp_path / "r", pairs, classes=("background", "object"), **settings)
    records = open_records(tmp_path / "r")
    assert (records.manifest.split.group, records.manifest.split.groups) == (4, (6, 4, 2))
    seen = set()
    for split, number in zip(SPLITS, (6, 4, 2), strict=True):
        patches = [p for shard in records.shards(split) for p in shard.patches]
        starts = {(p.source, p.origin[0]) for p in patches}
        groups = {(source, z // 4) for source, z in starts}
        assert len(starts) == 2 * number
        assert len(groups) == number
        assert not groups & seen
        seen |= groups
    assert {z % 2 for _, z in seen} == {0, 1}


def test_other_splits_are_described_as_before(tmp_path):
    """The manifest of a split of another kind has no keys for groups."""
    pair = np.zeros((4, 8, 8), np.uint8), np.zeros((4, 8, 8), np.uint8)
    manifest = write_records(tmp_path / "r", [pair], patch=(4, 8, 8), fractions=(1, 0, 0))
    assert "group" not in manifest["split"]
    assert "group" not in (tmp_path / "r" / "manifest.json").read_text()


def test_a_sample_shallower_than_a_group_is_left_out():
    blocks, notices = plan([16, 3, 8], group=4, groups=(4, 1, 1))
    assert {block.sample for block in blocks} == {0, 2}
    assert sum(len(groups_of(part, 4)) for part in held(blocks)) == 6
    assert "3 slices at the ends of samples fill no group of 4" in notices


def test_groups_without_a_label_are_not_drawn():
    truth = np.full((2, 26, 2, 2), 255, np.uint8)
    truth[0, 5, 0, 0] = truth[0, 8:12] = truth[1, 20] = 0
    truth[1, 25] = 1  # in no whole group
    unlabelled = [slices_of_only(ArrayVolume(each), 255) for each in truth]
    blocks, notices = plan([26, 26], unlabelled=unlabelled, groups=(1, 1, 0))
    drawn = groups_of(set.union(*held(blocks)), 4)
    assert len(drawn) == 2
    assert drawn < {(0, 1), (0, 2), (1, 5)}
    assert "9 groups are unlabelled and were left out" in notices
    assert "1 groups were asked for by no split" in notices
    with pytest.raises(ValueError, match=r"4 groups .* there are 3 \(9 more are unlabelled\); ask"):
        plan([26, 26], unlabelled=unlabelled, groups=(2, 2, 0))
    with pytest.raises(ValueError, match=r"1 groups of 8 slices \(2 .*\) are too few for 3 splits"):
        plan([26], unlabelled=[np.arange(26) < 18], group=8)


def test_labels_everywhere_change_no_draw():
    assert plan([40], unlabelled=[np.zeros(40, bool)]) == plan([40])


@pytest.mark.parametrize(("split", "depth"), [("group", 4), ("slice", 1)])
def test_few_labelled_slices_fill_their_splits(tmp_path, split, depth):
    truth = np.full((80, 8, 8), 255, np.uint8)
    truth[[10, 50]] = 1
    pair = np.zeros(truth.shape, np.uint8), truth
    settings = {"patch": (depth, 8, 8), "split": split, "fractions": (0.8, 0.2, 0)}
    manifest = write_records(tmp_path / "r", [pair], **settings)
    assert manifest["voxels"]["training"][1] == manifest["voxels"]["validation"][1] == 64
