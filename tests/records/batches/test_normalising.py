from types import SimpleNamespace

import numpy as np
import pytest

from tomoseg_tf.records.batches.normalising import make_normaliser
from tomoseg_tf.records.schema import decode, encode
from tomoseg_tf.volume import Normalisation, measure

METHODS = ["zscore", "minmax", "percentile", "none"]


def volumes(dtype):
    """Two volumes of a type, far from zero where it can be."""
    rng = np.random.default_rng(1)
    low, high = {"uint8": (0, 255), "int16": (-30000, 9000), "float64": (1e6, 1e6 + 5)}.get(
        dtype, (3_000_000_000, 3_000_050_000)
    )
    return [(rng.uniform(low, high, (6, 7, 8)) + i).astype(dtype) for i in range(2)]


def normalise(arrays, source, normalisation):
    sources = [SimpleNamespace(seen=lambda _, array=array: measure(array)) for array in arrays]
    dtype = arrays[0].dtype.name
    records = SimpleNamespace(kind="volumes", dtype=dtype, sources=sources)
    function = make_normaliser(records, normalisation)
    truth = np.zeros(arrays[0].shape, np.uint8)
    record = encode(arrays[source], truth, origin=(0, 0, 0), source=source, counts=[])
    grey, _, index = decode(record, truth.shape, dtype)
    return function(grey, index).numpy()


@pytest.mark.parametrize("scope", ["volume", "patch"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float64"])
def test_equal_to_the_normalisation_of_volumes(dtype, method, scope):
    """With a patch that is the whole volume both scopes give the same."""
    arrays = volumes(dtype)
    normalisation = Normalisation(method=method, training=scope, low=5.0, high=95.0)
    for source in range(2):
        statistics = measure(arrays[source], (5.0, 95.0))
        expected = normalisation.intensity(statistics)(arrays[source])
        result = normalise(arrays, source, normalisation)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_robust_equals_that_of_volumes(dtype):
    arrays = volumes(dtype)
    normalisation = Normalisation("robust")
    expected = normalisation.intensity(measure(arrays[1]))(arrays[1])
    np.testing.assert_allclose(normalise(arrays, 1, normalisation), expected, atol=1e-6)


@pytest.mark.parametrize("scope", ["volume", "patch"])
@pytest.mark.parametrize("method", ["minmax", "percentile"])
def test_top_is_that_of_volumes(method, scope):
    arrays = volumes("int16")
    normalisation = Normalisation(method, training=scope, top=255.0)
    expected = normalisation.intensity(measure(arrays[1]))(arrays[1])
    np.testing.assert_allclose(normalise(arrays, 1, normalisation), expected, rtol=1e-6, atol=1e-5)
    assert expected.max() == 255


@pytest.mark.parametrize("scope", ["volume", "patch"])
@pytest.mark.parametrize("method", METHODS[:3])
@pytest.mark.parametrize("value", [7, 0.1])
def test_constant_gives_zeros(method, scope, value):
    array = np.full((5, 5, 5), value, "float64")
    result = normalise([array], 0, Normalisation(method=method, training=scope))
    np.testing.assert_array_equal(result, 0)


def test_percentile_that_was_not_measured():
    with pytest.raises(ValueError, match=r"percentile 3 was not measured, only 0\.1, 0\.5"):
        normalise(volumes("uint8"), 0, Normalisation("percentile", low=3.0))
