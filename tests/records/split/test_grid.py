import numpy as np
import pytest

from tomoseg_tf.records.split.grid import check_patch, grid_starts, uncovered_share


def test_published_grid_is_five_by_five():
    """192 over 1024 voxels: 5 x 5 sub-volumes cover 960 x 960, the rest is dropped."""
    starts = grid_starts(1024, 192)
    assert len(starts) == 5
    assert starts[-1] + 192 == 960


@pytest.mark.parametrize("size", range(5, 23))
def test_patches_lie_inside_and_cover(size):
    count = np.zeros(size, int)
    for start in grid_starts(size, 5, "drop"):
        count[start : start + 5] += 1
    assert count.max() == 1
    assert count.sum() == size // 5 * 5
    shifted = np.zeros(size, int)
    for start in grid_starts(size, 5, "shift"):
        assert start + 5 <= size
        shifted[start : start + 5] += 1
    assert shifted.min() == 1


def test_uncovered_share_of_the_published_grid():
    share = uncovered_share((192, 1024, 1024), ([0], *[grid_starts(1024, 192)] * 2), (192,) * 3)
    assert share == pytest.approx(1 - (960 / 1024) ** 2)


def test_patch_that_does_not_fit_names_one_that_would():
    with pytest.raises(
        ValueError, match=r"a: .* 192 x 192 x 192 .* 100 x 7 x 300; .* 96 x 7 x 192"
    ):
        check_patch((192, 192, 192), "a", (100, 7, 300))
