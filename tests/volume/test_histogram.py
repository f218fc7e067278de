import numpy as np
import pytest

from tomoseg_tf.volume import ArrayVolume, histogram


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2"])
def test_counts_are_those_of_numpy(dtype, monkeypatch):
    monkeypatch.setattr(histogram, "PIECE", 11)
    limits = np.iinfo(dtype)
    generator = np.random.default_rng(0)
    array = generator.integers(limits.min, limits.max, (3, 5, 7), dtype, endpoint=True)
    values, counts = histogram.count_values(ArrayVolume(array))
    expected = np.unique(array, return_counts=True)
    np.testing.assert_array_equal(values[counts > 0], expected[0])
    np.testing.assert_array_equal(counts[counts > 0], expected[1])
    assert (values[0], values[-1]) == (limits.min, limits.max)
