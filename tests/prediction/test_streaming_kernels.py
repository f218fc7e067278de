"""Kernels that a stream convolves with in place of those of the network."""

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.prediction.streaming.kernels import before_doubling, in_rows

RNG = np.random.default_rng(1)


def test_a_kernel_of_several_rows_is_the_kernel_row_after_row():
    kernel = RNG.standard_normal((3, 3, 3, 2, 5)).astype("f4")
    x = RNG.standard_normal((1, 5, 10, 6, 2)).astype("f4")
    ops = load_keras().ops
    plain = np.asarray(ops.conv(x, kernel, 1, "valid", data_format="channels_last"))
    rows = np.asarray(ops.conv(x, in_rows(kernel, 4), (1, 4, 1), "valid", "channels_last"))
    found = rows.reshape(1, 3, 2, 4, 4, 5).transpose(0, 1, 2, 4, 3, 5).reshape(plain.shape)
    np.testing.assert_allclose(found, plain, atol=1e-5)


def test_summed_kernels_are_those_of_the_up_sampled_tensor():
    kernel = RNG.standard_normal((3, 3, 3, 1, 1))
    (before, even), (first, odd) = before_doubling(kernel, (2, 2, 2))
    assert (before, first) == (-1, 0)
    assert even.sum() == pytest.approx(4 * kernel.sum())
    last = kernel[2, 2, 2, 0, 0]
    assert odd.shape == (2, 2, 2, 1, 4)
    assert odd[1, 1, 1, 0, 0] == pytest.approx(last)
    assert np.count_nonzero(odd) == 2 * 16
