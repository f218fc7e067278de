import numpy as np
import pytest

from tomoseg_tf.volume import IGNORE, ArrayVolume, create_volume, merge_truth, open_truth

PORE = np.zeros((4, 5, 6), np.uint8)
PORE[0, :2] = 255
GRAIN = np.zeros((4, 5, 6), np.uint8)
GRAIN[0, 3:], GRAIN[3] = 1, 1


def read(*labels, **options):
    return merge_truth(labels, **options).read(0, 4)


def test_masks_have_their_classes():
    expected = np.where(PORE > 0, 2, np.where(GRAIN > 0, 1, 0))
    np.testing.assert_array_equal(read((PORE, 2), (GRAIN, 1)), expected)


def test_an_empty_mask_claims_nothing_and_a_full_one_all():
    np.testing.assert_array_equal(read((np.zeros_like(PORE), 3), (GRAIN, 1)), GRAIN)
    np.testing.assert_array_equal(read((np.full_like(PORE, 255), 3)), 3)


def test_volumes_of_classes_are_merged_with_masks():
    classes = np.where(GRAIN > 0, 7, 0).astype(np.uint8)
    classes[1] = IGNORE
    late = np.zeros_like(PORE)
    late[1, 0] = 1
    merged = read(classes, (late, 2))
    assert (merged[1, 0] == 2).all()
    assert (merged[1, 1:] == IGNORE).all()
    np.testing.assert_array_equal(merged[2:], classes[2:])


def test_overlaps_are_counted_in_the_whole_volume():
    pore = PORE.copy()
    pore[3, 0] = 255
    merged = merge_truth([(pore, 2), (GRAIN, 1), (PORE // 255, 3)])
    with pytest.raises(ValueError, match=r"overlap .* 2 and 3: 12, 1 and 2: 6; .* --priority"):
        merged.read(0, 1)


@pytest.mark.parametrize(("priority", "number"), [("first", 2), ("last", 1)])
def test_priority_settles_overlaps(priority, number):
    merged = read((np.ones_like(PORE), 2), (GRAIN, 1), priority=priority)
    np.testing.assert_array_equal(merged, np.where(GRAIN > 0, number, 2))


def test_one_class_may_be_claimed_twice():
    np.testing.assert_array_equal(read((GRAIN, 1), (GRAIN, 1)), GRAIN)


def test_masks_to_ignore_come_last():
    rim = np.zeros_like(PORE)
    rim[:, 0] = 255
    merged = read((PORE, 1), ignore=[rim])
    assert (merged[:, 0] == IGNORE).all()
    np.testing.assert_array_equal(merged[:, 1:], PORE[:, 1:] // 255)


def test_merged_truth_is_truth():
    only_ignored = merge_truth([(PORE * 0, 1)], ignore=[PORE])
    truth = open_truth(only_ignored)
    np.testing.assert_array_equal(truth.read(0, 4), PORE)  # and not a mask of 0 and 255
    assert truth.read_box(((0, 1), (1, 3), (2, 4))).tolist() == [[[255, 255], [0, 0]]]


def test_colours_and_palettes():
    overlay = np.array([[0, 0, 255], [255, 0, 0]], np.uint8)[GRAIN]
    palette = "#ff0000:1,#0000ff:0"
    np.testing.assert_array_equal(read((overlay, 5), palette=palette), GRAIN * 5)


def test_spacing_is_kept_and_a_contradiction_told(tmp_path):
    for name, side in (("a", 2.0), ("b", 3.0)):
        with create_volume(
            tmp_path / f"{name}.tif", PORE.shape, "u1", spacing=[side] * 3
        ) as writer:
            writer.write(0, PORE * (name == "a"))
    merged = merge_truth([(GRAIN, 1), (tmp_path / "a.tif", 2), (tmp_path / "b.tif", 2)])
    assert merged.spacing == (2, 2, 2)
    assert "different voxel sizes; 2 × 2 × 2 µm is kept" in merged.notices[-1]


def test_what_cannot_be_merged_is_refused():
    with pytest.raises(ValueError, match=r"b has shape \(3, 5, 6\), but array has \(4, 5, 6\)"):
        merge_truth([(PORE, 1), (ArrayVolume(PORE[1:], name="b"), 2)])
    with pytest.raises(ValueError, match="at least one label"):
        merge_truth([])
    with pytest.raises(ValueError, match="class 255 is not in 0 to 254"):
        merge_truth([(ArrayVolume(PORE), 255)])
    with pytest.raises(ValueError, match="priority 'both' is not known"):
        merge_truth([PORE], priority="both")
    mask = merge_truth([(PORE, 1)], palette={0: 0, 255: 2})
    with pytest.raises(ValueError, match="holds class 2, but a mask has only 0 and 1"):
        mask.read(0, 1)
