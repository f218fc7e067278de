"""Planes that a stream keeps: where they lie, and what is put into them by turns."""

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.prediction.streaming.kept import weave_tensors
from tomoseg_tf.prediction.streaming.planes import KeptPlanes, Pool, put_rows, weave_planes

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_the_highest_values_are_found_where_slices_are_kept(dtype):
    load_keras()  # knows bfloat16
    kept = KeptPlanes(Pool(dtype), 6 * 4 * 2, 3, ((2, 8), (1, 5)), 2)
    values = np.abs(RNG.standard_normal((1, 4, 6, 4, 2))).astype(dtype)
    values[0, :2, 2:4, 1] = -0.0  # as an activation may give
    values[0, 2, 2, 2] = np.inf
    kept.begin(4)
    kept.put((2, 8), values)
    kept.end()
    found = np.asarray(kept.highest(((3, 7), (4, 8), (2, 5)), (2, 2)))
    part = values[0, :, 2:, 1:].astype("f4")
    expected = part.reshape(2, 2, 2, 2, 3, 2).max(axis=(1, 3))
    np.testing.assert_array_equal(found[0].astype("f4"), expected)


@pytest.mark.parametrize("times", [(1, 1), (1, 2), (2, 1), (2, 2)])
@pytest.mark.parametrize("rows", [1, 2, 4])
def test_what_comes_by_turns_is_woven(times, rows):
    features, parts = 3, [RNG.standard_normal((1, n, 9, 8, 3 * np.prod(times))) for n in (2, 1)]
    cuts = slice(1, 1 + 4 * times[0]), slice(0, 7 * times[1])
    joined = np.stack([parts[0][0, 0], parts[1][0, 0], parts[0][0, 1]])
    joined = joined.reshape(3, 9, 8, *times, features)
    expected = joined.transpose(0, 1, 3, 2, 4, 5).reshape(3, 9 * times[0], 8 * times[1], features)
    expected = expected[:, cuts[0], cuts[1]]
    on_device = weave_tensors(load_keras().ops, [each.copy() for each in parts], times, cuts)
    np.testing.assert_array_equal(np.asarray(on_device)[0], expected)
    found = np.asarray(weave_planes(parts, times, cuts, rows))[0]
    put = np.empty_like(expected)
    for to, band in zip(put, found, strict=True):
        put_rows(to, band, rows)
    np.testing.assert_array_equal(put, expected)
