from dataclasses import asdict

import numpy as np
import pytest

from tomoseg_tf.evaluation import counts, dice, recall, scores_by_radius, size_table


def boxes(shape, *corners):
    """An empty volume with boxes of ones, each given by its two corners."""
    volume = np.zeros(shape, np.uint8)
    for first, last in corners:
        volume[tuple(slice(*side) for side in zip(first, last, strict=True))] = 1
    return volume


SMALL = (1, 1, 1), (3, 3, 3)  # 8 voxels, radius 1.24
MIDDLE = (1, 10, 10), (6, 15, 15)  # 125 voxels, radius 3.10
LARGE = (10, 10, 10), (20, 20, 20)  # 1000 voxels, radius 6.20
SHAPE = (24, 24, 24)


def test_ranges_by_hand():
    truth = boxes(SHAPE, SMALL, MIDDLE, LARGE)
    segmentation = boxes(
        SHAPE,
        ((1, 1, 1), (3, 3, 2)),  # half of the small one
        ((1, 10, 10), (6, 15, 14)),  # 100 of the 125
        ((10, 10, 10), (20, 20, 21)),  # all of the large one, 100 too many
        ((1, 20, 1), (2, 21, 2)),  # 1 voxel that is nothing
    )
    small, middle, large = scores_by_radius(truth, segmentation)
    assert (small.low, small.high, middle.low, middle.high, large.low) == (0, 2, 2, 5, 5)
    assert large.high is None
    assert (small.true_objects, small.true_voxels) == (1, 8)
    assert (small.predicted_objects, small.predicted_voxels) == (2, 5)
    assert (small.recall, small.precision) == (4 / 8, 4 / 5)
    assert small.dice == pytest.approx(2 * 0.5 * 0.8 / 1.3)
    assert (middle.recall, middle.precision, middle.dice) == (0.8, 1.0, pytest.approx(200 / 225))
    assert (large.recall, large.precision) == (1.0, 1000 / 1100)


def test_one_range_gives_the_scores_over_all_voxels():
    rng = np.random.default_rng(3)
    truth, segmentation = (rng.random((2, 20, 20, 20)) < 0.1).astype(np.uint8)
    (whole,) = scores_by_radius(truth, segmentation, edges=())
    matrix = [[np.sum((truth == t) & (segmentation == s)) for s in (0, 1)] for t in (0, 1)]
    each = counts(matrix)
    assert whole.recall == recall(*each)[1]
    assert whole.dice == pytest.approx(dice(*each)[1], rel=1e-14)


def test_voxels_add_up_over_the_ranges():
    rng = np.random.default_rng(4)
    truth, segmentation = (rng.random((2, 20, 20, 20)) < 0.1).astype(np.uint8)
    rows = scores_by_radius(truth, segmentation, edges=(0.7, 1.0, 1.5))
    assert sum(row.true_voxels for row in rows) == truth.sum()
    assert sum(row.predicted_voxels for row in rows) == segmentation.sum()


def test_corners_connect():
    truth = boxes((4, 4, 4), ((0, 0, 0), (1, 1, 1)), ((1, 1, 1), (2, 2, 2)))
    assert scores_by_radius(truth, truth, edges=())[0].true_objects == 1


def test_ignored_voxels_do_not_count_but_keep_objects_whole():
    truth = boxes(SHAPE, MIDDLE)
    segmentation = truth.copy()
    truth[1:6, 10:15, 12] = 255  # cuts the true object into two of 50
    _, middle, _ = scores_by_radius(truth, segmentation)
    assert (middle.true_objects, middle.true_voxels) == (2, 100)
    assert (middle.predicted_objects, middle.predicted_voxels) == (1, 100)
    assert (middle.recall, middle.precision) == (1.0, 1.0)


def test_other_classes_are_not_objects():
    truth = boxes(SHAPE, SMALL) + 2 * boxes(SHAPE, LARGE)
    rows = scores_by_radius(truth, truth, object_class=2)
    assert [row.true_objects for row in rows] == [0, 0, 1]


def test_empty_ranges_are_undefined():
    empty = np.zeros(SHAPE, np.uint8)
    for row in scores_by_radius(empty, empty):
        assert (row.recall, row.precision, row.dice) == (None, None, None)


def test_objects_missed_altogether():
    small, *_ = scores_by_radius(boxes(SHAPE, SMALL), np.zeros(SHAPE, np.uint8))
    assert (small.recall, small.precision, small.dice) == (0.0, None, None)


def test_wrong_place_has_dice_zero():
    elsewhere = boxes(SHAPE, ((20, 20, 20), (22, 22, 22)))
    small, *_ = scores_by_radius(boxes(SHAPE, SMALL), elsewhere)
    assert (small.recall, small.precision, small.dice) == (0.0, 0.0, 0.0)


def test_table_names_the_ranges():
    truth = boxes(SHAPE, SMALL, LARGE)
    lines = size_table(scores_by_radius(truth, truth)).splitlines()
    assert lines[2].split() == ["<", "2", "1", "8", "1", "1.0000", "1.0000", "1.0000"]
    assert lines[3].split() == ["2", "to", "5", "0", "0", "0", "-", "-", "-"]
    assert lines[4].split() == [">", "5", "1", "1,000", "1", "1.0000", "1.0000", "1.0000"]


def test_rows_are_plain_values():
    row = scores_by_radius(boxes(SHAPE, SMALL), boxes(SHAPE, SMALL))[0]
    assert {type(value) for value in asdict(row).values()} == {int, float}


@pytest.mark.parametrize(
    ("shape", "edges", "message"),
    [
        ((4, 4, 5), (2, 5), r"truth has shape \(4, 4, 4\), segmentation \(4, 4, 5\)"),
        ((4, 4, 4), (5, 2), "positive and increasing"),
        ((4, 4, 4), (0, 2), "positive and increasing"),
        ((4, 4, 4), (2, float("nan")), "positive and increasing"),
        ((4, 4, 4), (2, float("inf")), "positive and increasing"),
    ],
)
def test_unusable_input_is_refused(shape, edges, message):
    with pytest.raises(ValueError, match=message):
        scores_by_radius(np.zeros((4, 4, 4), np.uint8), np.zeros(shape, np.uint8), edges=edges)
