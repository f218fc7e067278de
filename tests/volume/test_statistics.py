import json

import numpy as np
import pytest

from tomoseg_tf.volume import ArrayVolume, Statistics, measure
from tomoseg_tf.volume import volume as volume_module

TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8")
PERCENTILES = (0, 0.1, 1, 7.3, 25, 50, 75, 99, 99.9, 100)


def random(dtype, shape=(9, 13, 17)):
    generator = np.random.default_rng(3)
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return generator.normal(-3, 40, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", TYPES)
def test_statistics_are_those_of_numpy(dtype):
    array = random(dtype)
    statistics = measure(array, PERCENTILES)
    exact = array.astype(np.float64)
    assert statistics.voxels == array.size
    assert (statistics.minimum, statistics.maximum) == (exact.min(), exact.max())
    np.testing.assert_allclose(statistics.mean, exact.mean(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(statistics.std, exact.std(), rtol=1e-12)
    expected = np.percentile(exact, PERCENTILES)
    np.testing.assert_allclose(list(statistics.percentiles.values()), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8", "f4", "f8"])
@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_percentiles_of_few_voxels(dtype, size):
    array = random(dtype, (1, 1, size))
    values = measure(array, PERCENTILES).percentiles.values()
    np.testing.assert_allclose(
        list(values), np.percentile(array.astype(float), PERCENTILES), rtol=1e-12
    )


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4"])
def test_result_does_not_depend_on_the_slabs(dtype, monkeypatch):
    array = random(dtype)
    whole = measure(array)
    monkeypatch.setattr(volume_module, "SLAB_BYTES", 1)
    assert measure(array) == whole


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u8"])
def test_huge_offset_does_not_harm_the_deviation(dtype):
    offset, spread = (1e5, 1.0) if dtype == "f4" else (1e9, 20.0)
    noise = np.random.default_rng(0).normal(0, spread, (40, 20, 20))
    array = (offset + noise).astype(dtype)
    statistics = measure(array)
    exact = array.astype(np.longdouble)
    np.testing.assert_allclose(statistics.mean, float(exact.mean()), rtol=1e-15)
    np.testing.assert_allclose(statistics.std, float(exact.std()), rtol=1e-10)


def test_sums_of_64_bit_integers_do_not_overflow():
    array = np.full((2, 30, 30), 2**63 + 2**40, np.uint64)
    array[1] -= 2**41
    statistics = measure(array, ())
    assert statistics.mean == float(2**63)
    np.testing.assert_allclose(statistics.std, 2.0**40)
    array = np.array([[[-(2**63), 2**63 - 1]]])
    assert measure(array, ()).mean == -0.5
    np.testing.assert_allclose(measure(array, ()).std, 2.0**63)


@pytest.mark.parametrize("dtype", TYPES)
def test_constant_volume_has_no_deviation_at_all(dtype):
    value = np.dtype(dtype).type(0.1 if dtype[0] == "f" else 7)
    statistics = measure(np.full((7, 11, 13), value))
    assert statistics.std == 0
    assert statistics.mean == statistics.minimum == statistics.maximum == float(value)
    assert set(statistics.percentiles.values()) == {float(value)}


def test_negative_zero_is_zero():
    array = np.array([[[-0.0, 0.0, -1.0, 1.0, -0.0]]], np.float32)
    assert measure(array, (0, 25, 50, 75, 100)).percentiles == {0: -1, 25: 0, 50: 0, 75: 0, 100: 1}


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_voxels_that_are_no_number_are_counted(dtype):
    array = random(dtype)
    array[0, 0, 0] = array[5, 1, 1] = np.nan
    array[8, 0, 0] = -np.inf
    with pytest.raises(ValueError, match="scan: 2 voxels are NaN and 1 are infinite"):
        measure(ArrayVolume(array, name="scan"))


def test_values_whose_squares_overflow_are_refused():
    with pytest.raises(ValueError, match="too large to be averaged"):
        measure(np.array([[[-1e300, 1e300]]]))


@pytest.mark.parametrize("percent", [-1, 100.1])
def test_percentage_outside_is_refused(percent):
    with pytest.raises(ValueError, match="must be from 0 to 100"):
        measure(random("u1"), (percent,))


@pytest.mark.parametrize(
    ("dtype", "passes"), [("u1", 1), ("u2", 1), ("f2", 2), ("f4", 3), ("i8", 5)]
)
def test_progress_ends_at_its_total(dtype, passes):
    calls = []
    measure(random(dtype), progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (9 * passes, 9 * passes)


def test_round_trip_by_json():
    statistics = measure(random("f4"))
    assert Statistics.from_dict(json.loads(json.dumps(statistics.to_dict()))) == statistics


def test_unknown_and_missing_names_are_refused():
    values = measure(random("u1")).to_dict()
    del values["std"]
    with pytest.raises(ValueError, match="unknown or missing std"):
        Statistics.from_dict(values)
