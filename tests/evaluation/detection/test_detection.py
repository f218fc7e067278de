"""Detection of boxes whose overlaps are known by hand."""

import numpy as np
import pytest

from tomoseg_tf.evaluation import (
    detect_objects,
    detection_columns,
    detection_scores,
    detection_table,
    merged_and_split,
    pair_bias,
    summarise_detection,
)
from tomoseg_tf.objects import measure_objects

SHAPE = (16, 24, 40)


def boxes(*places, shape=SHAPE):
    """Classes with boxes: (z, y, x, depth, height, width) or with a class at the end."""
    classes = np.zeros(shape, np.uint8)
    for z, y, x, depth, height, width, *index in places:
        classes[z : z + depth, y : y + height, x : x + width] = index[0] if index else 1
    return classes


TRUTH = boxes((2, 2, 2, 3, 3, 3), (2, 2, 10, 3, 3, 6), (9, 9, 20, 2, 2, 2), (9, 14, 2, 4, 4, 4, 2))
FOUND = boxes((2, 2, 3, 3, 3, 3), (2, 2, 10, 3, 3, 6), (4, 16, 30, 4, 4, 4), (9, 14, 2, 4, 4, 4))


def counts(detection):
    """Matched, missed and found objects."""
    return len(detection.matched), len(detection.missed), len(detection.found)


@pytest.mark.parametrize("depth", [1, 5, None])
def test_scores_by_hand(depth):
    """The first box overlaps with 18 of 36 voxels, the second is found, the last in class 1."""
    detection = detect_objects(TRUTH, FOUND, depth=depth)
    assert counts(detection) == (2, 2, 2)
    one = detection_scores(detection, object_class=1)
    assert (one.true_objects, one.predicted_objects, one.missed, one.found) == (3, 4, 1, 2)
    assert (one.precision, one.recall, one.f1) == (0.5, 2 / 3, pytest.approx(4 / 7))
    assert one.mean_iou == 0.75
    other = detection_scores(detection, object_class=2)
    assert (other.precision, other.recall, other.f1) == (None, 0, None)
    assert counts(detect_objects(TRUTH, FOUND, overlap=0.51)) == (1, 3, 3)
    assert counts(detect_objects(TRUTH, FOUND, overlap=0.6, overlap_of="truth")) == (2, 2, 2)
    small = detection_scores(detection, radii=(0, 1.5))
    assert (small.recall, small.precision) == (0, None)


def test_columns_name_the_rows_of_the_tables_of_objects():
    detection = detect_objects(TRUTH, FOUND)
    columns = detection_columns(detection)
    assert columns["state"].tolist() == ["matched"] * 2 + ["missed"] * 2 + ["found"] * 2
    assert columns["iou"][:2].tolist() == [0.5, 1]
    assert columns["overlap_voxels"].tolist() == [18, 54, 0, 0, 0, 0]
    assert columns["other_class"].tolist() == [0, 0, 0, 1, 0, 2]
    for name, classes in (("truth", TRUTH), ("segmentation", FOUND)):
        table = measure_objects(classes).columns
        labels = columns[f"{name}_label"]
        voxels = columns[f"{name}_voxels"]
        for label, number in zip(labels, voxels, strict=True):
            assert number == (table["voxels"][label - 1] if label else 0)
    assert np.isnan(columns["segmentation_sphericity"][2])


def test_partners_of_what_is_left_out_are_not_wrong():
    """Seven voxels of truth, a cut object, and a part of a cut one: none is a false positive."""
    small = boxes((4, 4, 4, 1, 1, 7))
    assert counts(detect_objects(small, boxes((4, 4, 4, 1, 1, 9)))) == (0, 0, 0)
    assert counts(detect_objects(boxes((4, 4, 4, 1, 1, 9)), small)) == (0, 0, 0)
    cut, whole = boxes((0, 4, 4, 8, 4, 4)), boxes((1, 4, 4, 7, 4, 4))
    assert counts(detect_objects(cut, whole)) == (0, 0, 0)
    assert counts(detect_objects(cut, whole, keep_border=True)) == (1, 0, 0)
    part = boxes((5, 4, 4, 3, 4, 4))
    assert counts(detect_objects(cut, part)) == (0, 0, 0)
    assert counts(detect_objects(cut, part, keep_border=True)) == (0, 1, 1)


def test_what_truth_ignores_is_neither_right_nor_wrong():
    truth = boxes((2, 2, 2, 3, 3, 3), (9, 9, 20, 4, 4, 4, 255))
    mostly, partly = (9, 9, 18, 4, 4, 5), (9, 9, 14, 4, 4, 8)
    assert counts(detect_objects(truth, boxes((2, 2, 2, 3, 3, 3), mostly))) == (1, 0, 0)
    detection = detect_objects(truth, boxes((2, 2, 2, 3, 3, 3), partly))
    assert counts(detection) == (1, 0, 1)
    columns = detection_columns(detection)
    assert columns["segmentation_voxels"][-1] == 16 * 6  # without the two ignored columns
    assert counts(detect_objects(truth, boxes((9, 9, 20, 4, 4, 4)))) == (0, 1, 0)


def test_labels_are_those_of_the_table_of_objects_where_the_other_ignores_some():
    """The first object is ignored, the second cut into two by that, the third cut at a face."""
    hidden = (2, 2, 2, 3, 3, 3, 255), (3, 9, 6, 3, 3, 1, 255), (4, 23, 2, 3, 1, 3, 255)
    found = boxes((2, 2, 2, 3, 3, 3), (3, 9, 2, 3, 3, 9), (4, 20, 2, 3, 4, 3), (9, 9, 20, 4, 4, 4))
    truth = boxes(*hidden, (9, 9, 20, 4, 4, 4))
    assert measure_objects(found).columns["voxels"].tolist() == [27, 81, 64]
    columns = detection_columns(detect_objects(truth, found))
    assert columns["state"].tolist() == ["matched"] + ["found"] * 3
    assert columns["segmentation_label"].tolist() == [3, 2, 2, 0]
    back = detection_columns(detect_objects(found, truth))
    assert back["truth_label"].tolist() == [3, 2, 2, 0]


def test_operators_change_places():
    rng = np.random.default_rng(0)
    one, other = (rng.integers(0, 8, (8, 14, 14)).astype(np.uint8) for _ in range(2))
    one[one > 2], other[other > 2] = 0, 0
    other = np.where(rng.random(other.shape) < 0.2, other, one)
    one[3, :7, :7], other[5, 7:, 7:] = 255, 255
    settings = {"min_voxels": 2, "overlap": 0.2, "connectivity": 6}
    forth, back = detect_objects(one, other, **settings), detect_objects(other, one, **settings)
    assert len(forth.matched) > 5
    assert counts(forth) == (len(back.matched), len(back.found), len(back.missed))
    assert detection_scores(forth).f1 == detection_scores(back).f1


def test_merged_and_split_objects():
    apart = boxes((2, 2, 2, 4, 4, 4), (2, 2, 8, 4, 4, 4), (9, 9, 30, 3, 3, 3))
    joined = boxes((2, 2, 2, 4, 4, 10), (9, 9, 30, 3, 3, 3))
    assert merged_and_split(detect_objects(apart, joined)) == (1, 0)
    assert merged_and_split(detect_objects(joined, apart)) == (0, 1)


def test_bias_is_that_of_the_pairs():
    """Sides of 4 and 6 against 6 and 6: volume ratios 3.375 and 1, radius ratios 1.5 and 1."""
    truth = boxes((1, 1, 1, 4, 4, 4), (1, 1, 20, 6, 6, 6))
    segmentation = boxes((1, 1, 1, 6, 6, 6), (1, 1, 20, 6, 6, 6))
    detection = detect_objects(truth, segmentation, overlap=0.2)
    found = pair_bias(detection)
    assert found["volume_ratio"].mean == pytest.approx((1 + 3.375) / 2)
    assert found["radius_ratio"].median == pytest.approx(1.25)
    assert found["radius_ratio"].std == pytest.approx(0.5 / np.sqrt(2))
    assert found["radius_ratio"].standard_error == pytest.approx(0.25)
    assert found["sphericity_difference"].mean == pytest.approx(0)
    table = summarise_detection(detection)["table_1"]["matched"]
    ratio = table["segmentation"]["mean_radius_voxels"] / table["truth"]["mean_radius_voxels"]
    assert ratio == pytest.approx(12 / 10)


def test_nothing_to_compare():
    empty = np.zeros((3, 4, 5), np.uint8)
    detection = detect_objects(empty, empty)
    summary = summarise_detection(detection)
    assert summary["f1"] is None
    assert summary["table_1"]["all"]["truth"]["count"] == 0
    assert summary["bias"]["radius_ratio"]["mean"] is None
    assert "Radius ratio" in detection_table(summary)
    assert all(len(column) == 0 for column in detection_columns(detection).values())
    full = np.ones((3, 4, 5), np.uint8)
    assert counts(detect_objects(full, full)) == (0, 0, 0)
    assert counts(detect_objects(full, full, keep_border=True)) == (1, 0, 0)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="both must be of one shape"):
        detect_objects(TRUTH, FOUND[1:])
    with pytest.raises(ValueError, match="radii must be positive and increasing"):
        detect_objects(TRUTH, FOUND, edges=(3, 2))
    with pytest.raises(ValueError, match="overlap is 2"):
        detect_objects(TRUTH, FOUND, overlap=2)
