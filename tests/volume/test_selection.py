import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from tomoseg_tf.volume import ArrayVolume
from tomoseg_tf.volume.selection import order_statistics, passes


@pytest.mark.parametrize(("dtype", "number"), [("f2", 1), ("f4", 2), ("u4", 2), ("f8", 4)])
def test_passes_of_16_bits(dtype, number):
    assert passes(dtype) == number


@pytest.mark.parametrize("dtype", ["uint32", "int32", "int64", "uint64", "float16", "float64"])
def test_each_rank_is_the_sorted_voxel(dtype):
    generator = np.random.default_rng(0)
    if dtype.startswith("float"):
        array = generator.normal(0, 1000, (3, 4, 5)).astype(dtype)
    else:
        limits = np.iinfo(dtype)
        array = generator.integers(limits.min, limits.max, (3, 4, 5), dtype, endpoint=True)
    found = order_statistics(ArrayVolume(array), range(60))
    np.testing.assert_array_equal(found, np.sort(array, axis=None))


@settings(max_examples=40, deadline=None)
@given(
    stn.arrays(
        np.float32,
        st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4)),
        elements=st.floats(width=32, allow_nan=False),
    ),
    st.data(),
)
def test_any_floats_keep_their_order(array, data):
    rank = data.draw(st.integers(0, array.size - 1))
    assert order_statistics(ArrayVolume(array), [rank]) == [np.sort(array, axis=None)[rank]]


def test_no_rank_needs_no_pass():
    assert order_statistics(None, []) == []
