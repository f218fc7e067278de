"""Matching against exhaustive assignment."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tomoseg_tf.evaluation.detection import match_objects


@pytest.mark.parametrize("overlap_of", ["iou", "truth"])
@pytest.mark.parametrize("overlap", [0.1, 0.3, 0.6])
def test_sum_of_overlaps_is_the_largest(overlap, overlap_of):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        shared = rng.integers(0, 9, (7, 6)) * (rng.random((7, 6)) < 0.4)
        one = shared.sum(axis=1) + rng.integers(1, 4, 7)
        other = shared.sum(axis=0) + rng.integers(1, 4, 6)
        of = one[:, None] + other - shared if overlap_of == "iou" else one[:, None]
        share = shared / of
        share[share < overlap] = 0
        best = share[linear_sum_assignment(share, maximize=True)].sum()
        table = np.argwhere(shared)
        table = np.column_stack([table, shared[tuple(table.T)]])
        options = {"overlap": overlap, "overlap_of": overlap_of}
        rows, iou = match_objects(table, (one, other), **options)
        assert share[tuple(rows.T)].sum() == pytest.approx(best)
        assert (share[tuple(rows.T)] > 0).all()
        assert all(len(set(column)) == len(rows) for column in rows.T.tolist())
        np.testing.assert_allclose(iou, (shared / (one[:, None] + other - shared))[tuple(rows.T)])


def test_nothing_overlaps():
    rows, iou = match_objects(np.empty((0, 3), int), ([4], [5]))
    assert (rows.shape, iou.shape) == ((0, 2), (0,))


def test_half_counts():
    rows, iou = match_objects([[0, 0, 4]], ([8], [4]))
    assert (rows.tolist(), iou.tolist()) == ([[0, 0]], [0.5])
    rows, _ = match_objects([[0, 0, 4]], ([8], [4]), overlap=0.51)
    assert len(rows) == 0
    rows, _ = match_objects([[0, 0, 4]], ([4], [40]), overlap=1, overlap_of="truth")
    assert len(rows) == 1


def test_what_is_no_overlap_is_refused():
    with pytest.raises(ValueError, match="overlap is 0"):
        match_objects([], ([], []), overlap=0)
    with pytest.raises(ValueError, match="use one of iou, truth"):
        match_objects([], ([], []), overlap_of="dice")
