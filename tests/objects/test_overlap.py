"""Overlaps of labels against brute force."""

from collections import Counter

import numpy as np
import pytest

from tomoseg_tf.objects.overlap import OverlapCounter


@pytest.mark.parametrize("depth", [1, 3, 9])
def test_table_is_that_of_every_voxel(depth):
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 5, (9, 8, 7)).astype(np.uint32), rng.integers(0, 4, (9, 8, 7))
    expected = Counter(zip(one.ravel().tolist(), other.ravel().tolist(), strict=True))
    counter = OverlapCounter()
    for start in range(0, 9, depth):
        counter.add(one[start : start + depth], other[start : start + depth])
    table = counter.table()
    assert [tuple(row) for row in table.tolist()] == sorted(
        (*pair, n) for pair, n in expected.items()
    )
    assert table.dtype == np.int64
    without = [row for row in table.tolist() if row[0] and row[1]]
    assert counter.table(zeros=False).tolist() == without


def test_many_slabs_are_added_up():
    counter = OverlapCounter()
    labels = np.arange(300_000).reshape(1, 500, 600)
    for _ in range(4):
        counter.add(labels, labels)
    table = counter.table(zeros=False)
    assert len(table) == 299_999
    assert (table[:, 2] == 4).all()
    counter.add(labels, labels)
    assert (counter.table()[:, 2] == 5).all()


def test_labels_beyond_32_bits_and_nothing():
    counter = OverlapCounter()
    assert counter.table().shape == (0, 3)
    counter.add(np.zeros((0, 4, 4), int), np.zeros((0, 4, 4), int))
    assert counter.table().shape == (0, 3)
    large = np.full((1, 1, 2), 2**40, np.uint64)
    counter.add(large, large + np.uint64(1))
    assert counter.table().tolist() == [[2**40, 2**40 + 1, 2]]


def test_what_is_no_label_is_refused():
    counter = OverlapCounter()
    with pytest.raises(ValueError, match="one shape"):
        counter.add(np.zeros((1, 2, 2), int), np.zeros((1, 2, 3), int))
    with pytest.raises(ValueError, match="labels are integers"):
        counter.add(np.zeros((1, 2, 2)), np.zeros((1, 2, 2), int))
    with pytest.raises(ValueError, match="labels_b holds -1"):
        counter.add(np.zeros((1, 2, 2), int), np.full((1, 2, 2), -1))
