from types import SimpleNamespace

import numpy as np
import pytest

from tomoseg_tf.records.levels import choose_levels, level_notices
from tomoseg_tf.records.levels import levels_of as of_sample
from tomoseg_tf.volume import as_volume, measure


def levels_of(array):
    return choose_levels(array.dtype, measure(array))


def back(level, array):
    """Grey values as a reader computes them."""
    return level.offset + level.scale * level.of(array).astype(np.float64)


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("uint8", 0, 255),
        ("uint16", 3, 65535),
        ("int8", -128, 127),
        ("int16", -32768, 32767),
        ("int32", -2_000_000_000, -2_000_000_000 + 65535),
        ("uint32", 4_000_000_000, 4_000_065_535),
        ("int64", 2**50, 2**50 + 65535),
        ("float32", 0.1, 0.1),
    ],
)
def test_what_fits_into_16_bits_is_exact(dtype, low, high):
    values = np.linspace(0, high - low, 1000).astype(np.int64).reshape(1, 10, 100)
    array = (values + low).astype(dtype) if dtype != "float32" else np.full((1, 2, 2), low, "f4")
    level = levels_of(array)
    assert level.error == 0
    assert level.of(array).dtype == (np.uint8 if dtype == "uint8" else np.uint16)
    np.testing.assert_array_equal(back(level, array), array.astype(np.float64))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint64"])
@pytest.mark.parametrize("spread", [1.0, 37.0, 3e3])
def test_the_rest_is_within_the_error_told(dtype, spread):
    """65536 levels from the smallest to the largest value: off by half a step at most."""
    rng = np.random.default_rng(0)
    array = rng.normal(5 * spread, spread, (2, 30, 40))
    array = (array * (1 if dtype[0] == "f" else 1e4) + 0).clip(0).astype(dtype)
    level = levels_of(array)
    difference = np.abs(back(level, array) - array.astype(np.float64))
    assert difference.max() <= level.error * (1 + 1e-6)
    assert level.error == pytest.approx(float(np.ptp(array)) / 65535 / 2, rel=1e-3)
    assert np.float32(level.scale) == level.scale


def test_offset_and_scale_of_float32_are_float32():
    array = np.random.default_rng(1).normal(0, 1e-3, (1, 50, 50)).astype("f4")
    level = levels_of(array)
    assert (np.float32(level.offset), np.float32(level.scale)) == (level.offset, level.scale)
    assert level.of(array).max() == 65535


def test_what_is_no_number_or_beyond_stays_inside():
    array = np.array([[[0.0, 1.0, np.nan, np.inf, -np.inf]]], "f4")
    level = choose_levels("float32", measure(array[:, :, :2]))
    assert level.of(array).tolist() == [[[0, 65535, 0, 65535, 0]]]


def sample(array, inside=None):
    own = None if inside is None else measure(array[inside][None, None])
    volume = as_volume(array)
    return SimpleNamespace(volume=volume, statistics=measure(array), sample_statistics=own)


def test_notice_tells_the_error_and_warns_of_zingers():
    clean = np.random.default_rng(0).normal(0, 1, (4, 50, 50)).astype("f4")
    hit = clean.copy()
    hit[0, 0, 0] = 1e5
    samples = [sample(clean), sample(hit), sample(clean.astype("i2"))]
    levels = [choose_levels(each.volume.dtype, each.statistics) for each in samples]
    first, second = level_notices(samples, levels)
    assert first.startswith("array: float32 is stored as PNG of 16 bits; the largest rounding ")
    assert f"error is {levels[0].error:.3g}, " in first
    assert "3 levels lie between percentiles 1 and 99: few, since single voxels" in second
    assert "--filter median:3" in second


@pytest.mark.parametrize(("fill", "coarse"), [(-1.0, True), (0.0, False)])
def test_a_fill_far_from_the_sample_takes_no_levels_from_it(fill, coarse):
    """Attenuations of 1e-5 per voxel: a step from -1 on would be larger than all of them."""
    array = np.random.default_rng(0).normal(1e-5, 1e-6, (4, 30, 30)).astype("f4")
    inside = np.ones(array.shape, bool)
    inside[:, :8] = False
    array[~inside] = fill
    filled = sample(array, inside)
    level = of_sample(filled)
    assert np.abs(back(level, array) - array)[inside].max() < 1e-9
    notices = level_notices([filled], [level])
    assert ("outside the sample is far from its grey values" in notices[0]) == coarse
    assert not any("few, since" in notice for notice in notices)
