import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.volume import few_labels, open_truth, parse_amount

SHAPE = (24, 48, 60)


@pytest.fixture(scope="module")
def truth():
    """Two balls of class 1, a slab of class 2, and some ignored voxels."""
    z, y, x = np.ogrid[:24, :48, :60]
    classes = np.zeros(SHAPE, np.uint8)
    for centre in ((8, 14, 15), (16, 30, 40)):
        classes[sum((a - b) ** 2 for a, b in zip((z, y, x), centre, strict=True)) < 49] = 1
    classes[:, 42:46] = 2
    classes[0, :5] = 255
    return classes


def drawn(truth, amount, seed=0):
    labels = few_labels(open_truth(truth), amount, seed=seed)
    found = labels.read(0, SHAPE[0])
    kept = found != 255
    np.testing.assert_array_equal(found[kept], truth[kept])
    box = ((3, 20), (5, 40), (11, 50))
    np.testing.assert_array_equal(labels.read_box(box), found[3:20, 5:40, 11:50])
    return found


def test_slices_are_whole_and_spread_over_the_volume(truth):
    found = drawn(truth, "slices:4")
    kept = np.flatnonzero((found != 255).any(axis=(1, 2)))
    assert len(kept) == 4
    assert np.array_equal(kept // 6, np.arange(4))
    np.testing.assert_array_equal(found[kept], truth[kept])
    assert (drawn(truth, "slices:50%") != 255).any(axis=(1, 2)).sum() == 12


def test_boxes_have_their_size_and_do_not_meet(truth):
    found = drawn(truth, "boxes:5x8")
    assert ((found != 255) | (truth == 255)).sum() >= 5 * 8**3
    assert (found != 255).sum() <= 5 * 8**3
    assert ((found == 1) | (found == 2)).any()
    share = drawn(truth, "boxes:10%x8") != 255
    assert share.mean() == pytest.approx(0.1, abs=0.01)


def test_boxes_are_no_larger_than_the_volume(truth):
    found = drawn(truth, "boxes:1x30")
    assert (found != 255).sum() == pytest.approx(24 * 30 * 30, abs=24 * 5)


def test_scribbles_lie_in_each_class_and_are_thin(truth):
    found = drawn(truth, "scribbles:24")
    kept = (found != 255) & (truth != 255)
    assert set(np.unique(found[kept])) == {0, 1, 2}
    assert kept.mean() < 0.08
    thick = ndimage.binary_erosion(kept, np.ones((1, 7, 7)))
    assert thick.sum() < 0.02 * kept.sum()  # but where two cross


def test_scribbles_fill_a_share_and_stop_where_there_is_no_more(truth):
    assert (drawn(truth, "scribbles:2%") != 255).mean() == pytest.approx(0.02, abs=0.004)
    small = np.zeros((1, 6, 6), np.uint8)
    labels = few_labels(open_truth(small), "scribbles:100%")
    assert (labels.read(0, 1) == 0).mean() > 0.5


def test_a_seed_draws_the_same_again_and_another_seed_others(truth):
    for amount in ("slices:3", "boxes:3x8", "scribbles:6"):
        one, same, other = (drawn(truth, amount, seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, same)
        assert (one != other).any()


def test_the_notice_says_what_is_labelled(truth):
    labels = few_labels(open_truth(truth), "boxes:2x8")
    assert labels.named_notices() == ["array: 2 boxes are labelled, the others are ignored"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slices", "must be like slices:5"),
        ("lines:5", "must be like slices:5"),
        ("slices:5x8", "must be like slices:5"),
        ("boxes:5", "must be like slices:5"),
        ("boxes:axb", "must be like slices:5"),
        ("slices:0", "numbers must be 1 or more"),
        ("scribbles:0%", "a share must be above 0"),
        ("slices:120%", "at most 100 %"),
    ],
)
def test_amounts_that_are_none(text, message):
    with pytest.raises(ValueError, match=message):
        parse_amount(text)


def test_more_slices_than_there_are(truth):
    with pytest.raises(ValueError, match="has 24 slices, but 25 are to be labelled"):
        few_labels(open_truth(truth), "slices:25")
