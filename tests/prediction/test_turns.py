"""Flips and quarter turns: what they do to arrays, boxes, volumes and samples."""

import numpy as np
import pytest

from tomoseg_tf.prediction.ensemble import Turn, check_voxels, list_turns
from tomoseg_tf.prediction.ensemble.turns import TurnedSample, TurnedVolume
from tomoseg_tf.volume import ArrayVolume, open_sample

BOX = ((1, 3), (0, 4), (2, 5))


@pytest.fixture(scope="module")
def array():
    return np.random.default_rng(0).integers(0, 100, (4, 5, 6), dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "slices", "volumes"),
    [("none", 1, 1), ("flips", 4, 8), ("quarter-turns", 4, 4), ("square", 8, 16), ("cube", 8, 48)],
)
def test_each_name_means_so_many_different_turns(array, name, slices, volumes):
    for flat, count in ((True, slices), (False, volumes)):
        turns = list_turns(name, slices=flat)
        assert len({turn.apply(array).tobytes() for turn in turns}) == len(turns) == count
        assert Turn() in turns
    assert len(list_turns(name, slices=True, passes="zyx")) == 3 * slices


def test_quarter_turns_are_those_of_numpy(array):
    turned = {turn.apply(array).tobytes() for turn in list_turns("quarter-turns", slices=False)}
    assert turned == {np.rot90(array, k, (1, 2)).tobytes() for k in range(4)}


def test_a_turn_is_undone_also_with_channels(array):
    channels = np.stack([array, array + 1], axis=-1)
    for turn in list_turns("cube", slices=False):
        np.testing.assert_array_equal(turn.undo(turn.apply(array)), array)
        np.testing.assert_array_equal(turn.undo(turn.apply(channels)), channels)


def test_boxes_slabs_and_samples_follow(array):
    volume = ArrayVolume(array, (0.3, 0.2, 0.1))
    mask = array > 30
    sample = open_sample(volume, mask)
    cut = tuple(slice(*ends) for ends in BOX)
    for turn in [*list_turns("cube", slices=False), *list_turns("square", slices=True, passes="x")]:
        whole, seen = turn.apply(array), TurnedVolume(volume, turn)
        box = turn.box(BOX, array.shape)
        assert turn.source(box, array.shape) == BOX
        np.testing.assert_array_equal(seen.read_box(box), turn.apply(array[cut]))
        np.testing.assert_array_equal(seen.read(1, 4), whole[1:4])
        assert seen.spacing == turn.sides((0.3, 0.2, 0.1))
        inside = TurnedSample(sample, array.shape, turn).inside(1, 4)
        np.testing.assert_array_equal(inside, turn.apply(mask)[1:4])


def test_turns_that_swap_sides_need_equal_sides():
    check_voxels("cube", None, "scan")
    check_voxels("cube", (0.1, 0.1, 0.10005), "scan")
    check_voxels("square", (0.2, 0.1, 0.1), "scan")
    check_voxels("flips", (0.3, 0.2, 0.1), "scan")
    with pytest.raises(ValueError, match=r"scan: its voxels are 0.2 x 0.1 x 0.1 µm, .* use square"):
        check_voxels("cube", (0.2, 0.1, 0.1), "scan")
    with pytest.raises(ValueError, match=r"turns quarter-turns would swap .* use flips"):
        check_voxels("quarter-turns", (0.1, 0.2, 0.1), "scan")
    with pytest.raises(ValueError, match="turns must be one of none, flips"):
        list_turns("spins", slices=True)
