import numpy as np
import pytest

from tomoseg_tf.volume import ArrayVolume, measure, open_sample
from tomoseg_tf.volume.series import Series, SeriesSample

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_statistics_of_a_series_are_those_of_all_voxels(dtype):
    arrays = [RNG.integers(0, 100, (depth, 6, 5)).astype(dtype) for depth in (4, 1, 7)]
    series = Series([ArrayVolume(array) for array in arrays])
    whole = np.concatenate(arrays)
    found = measure(series, (1.0, 99.0))
    assert found.voxels == whole.size
    assert found.mean == pytest.approx(whole.mean())
    assert found.std == pytest.approx(whole.astype(float).std())
    assert found.percentiles == {1.0: np.percentile(whole, 1), 99.0: np.percentile(whole, 99)}
    np.testing.assert_array_equal(series.read(3, 7), whole[3:7])


def test_each_scan_keeps_its_own_sample():
    arrays = [np.full((2, 3, 4), grey, np.uint8) for grey in (10, 20, 90)]
    volumes = [ArrayVolume(array) for array in arrays]
    mask = np.zeros((2, 3, 4), np.uint8)
    mask[1] = 1
    samples = [None, open_sample(volumes[1], mask), open_sample(volumes[2], 1 - mask)]
    sample = SeriesSample(samples, [volume.shape for volume in volumes])
    expected = np.concatenate([np.ones((2, 3, 4), bool), mask > 0, mask == 0])
    np.testing.assert_array_equal(sample.inside(1, 5), expected[1:5])
    found = measure(Series(volumes), (), sample=sample)
    assert (found.voxels, found.mean) == (48, (10 * 2 + 20 + 90) / 4)


@pytest.mark.parametrize("other", [np.zeros((2, 3, 5), "u1"), np.zeros((2, 3, 4), "u2")])
def test_scans_of_other_planes_or_types_share_nothing(other):
    volumes = [ArrayVolume(np.zeros((2, 3, 4), "u1")), ArrayVolume(other, name="b.tif")]
    with pytest.raises(ValueError, match=r"b\.tif: slices of 3 x . uint.*only if both are the sam"):
        Series(volumes)
