import numpy as np
import pytest

from tomoseg_tf.volume import (
    ArrayVolume,
    Normalisation,
    NotFiniteError,
    Volume,
    create_volume,
    measure,
    open_sample,
)

RNG = np.random.default_rng(0)
MASK = RNG.random((5, 6, 7)) < 0.6
MASK[2] = False
DTYPES = ["u1", "i1", "u2", "i2", "u4", "i8", "f2", "f4", "f8"]


def grey(dtype):
    array = RNG.normal(0, 40, MASK.shape)
    return (np.abs(array) if dtype.startswith("u") else array).astype(dtype)


@pytest.mark.parametrize("labels", [MASK, MASK.astype("i4") * -3, np.where(MASK, 2.5, np.nan)])
def test_mask_is_what_is_not_zero(labels):
    sample = open_sample(ArrayVolume(grey("u1")), labels)
    np.testing.assert_array_equal(sample.inside(1, 4), MASK[1:4])


def test_mask_may_be_a_file(tmp_path):
    with create_volume(tmp_path / "m.tif", MASK.shape, "u1") as writer:
        writer.write(0, MASK.astype("u1"))
    sample = open_sample(ArrayVolume(grey("u1")), tmp_path / "m.tif")
    np.testing.assert_array_equal(sample.inside(0, 5), MASK)
    assert sample.name.endswith("m.tif")


@pytest.mark.parametrize("mask", [None, "none", "auto"])
def test_every_voxel_may_be_the_sample(mask):
    assert open_sample(ArrayVolume(grey("f4")), mask) is None


def test_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"mask has shape \(4, 6, 7\), but its volume array has"):
        open_sample(ArrayVolume(grey("u1")), MASK[1:])


def test_mask_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no\.tif does not exist"):
        open_sample(ArrayVolume(grey("u1")), tmp_path / "no.tif")


@pytest.mark.parametrize("dtype", DTYPES)
def test_statistics_are_those_of_the_sample(dtype):
    volume = ArrayVolume(grey(dtype))
    statistics = measure(volume, (0, 30, 50, 100), sample=open_sample(volume, MASK))
    values = volume.read(0, 5)[MASK].astype(float)
    assert (statistics.voxels, statistics.minimum) == (values.size, values.min())
    np.testing.assert_allclose((statistics.mean, statistics.std), (values.mean(), values.std()))
    found = list(statistics.percentiles.values())
    np.testing.assert_allclose(found, np.percentile(values, (0, 30, 50, 100)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_statistics_do_not_depend_on_the_slabs(dtype, monkeypatch):
    volume = ArrayVolume(grey(dtype))
    expected = measure(volume, sample=open_sample(volume, MASK))
    read = Volume.slabs
    monkeypatch.setattr(Volume, "slabs", lambda self, depth=None: read(self, 1))
    monkeypatch.setattr("tomoseg_tf.volume.sample.PIECE", 1)
    assert measure(volume, sample=open_sample(volume, MASK)) == expected


def test_what_lies_outside_may_be_anything():
    array = grey("f4")
    expected = measure(array, sample=open_sample(ArrayVolume(array), MASK))
    wild = np.where(MASK, array, RNG.choice([np.nan, np.inf, -np.inf], MASK.shape))
    volume = ArrayVolume(wild.astype("f4"))
    assert measure(volume, sample=open_sample(volume, MASK)) == expected


def test_nan_in_the_sample_is_counted_and_placed():
    array = grey("f4")
    array[~MASK] = np.nan
    inside = np.argwhere(MASK)
    array[tuple(inside[5])] = np.nan
    array[tuple(inside[90])] = np.nan
    array[tuple(inside[7])] = -np.inf
    volume = ArrayVolume(array, name="scan")
    place = ", ".join(map(str, inside[5]))
    text = rf"scan: 2 voxels are NaN and 1 are infinite inside the sample, .*= \({place}\); "
    with pytest.raises(NotFiniteError, match=text):
        measure(volume, sample=open_sample(volume, MASK))


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_empty_mask_is_refused(dtype):
    volume = ArrayVolume(grey(dtype))
    mask = ArrayVolume(np.zeros(MASK.shape, "u1"), name="m.tif")
    with pytest.raises(ValueError, match=r"m\.tif: marks no voxel of array as sample"):
        measure(volume, sample=open_sample(volume, mask))


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("method", ["zscore", "percentile", "none"])
def test_normalised_outside_is_zero(dtype, method):
    array = grey(dtype)
    if dtype == "f4":
        array[~MASK] = np.nan
    volume = ArrayVolume(array)
    normalisation = Normalisation(method, outside="left_out")
    intensity = normalisation.intensity(measure(volume, sample=open_sample(volume, MASK)))
    result = intensity(array, MASK)
    assert not result[~MASK].any()
    np.testing.assert_array_equal(result[MASK], intensity(array[MASK]))


def test_outside_is_kept_unless_stated():
    assert Normalisation.from_dict({"method": "minmax"}).mask == "none"
    assert Normalisation.from_dict({"outside": "left_out"}).mask == "auto"
    with pytest.raises(ValueError, match="outside 'cut': must be one of kept, left_out"):
        Normalisation(outside="cut")


def test_nan_outside_the_circle_is_told_how_to_be_left_out():
    y, x = np.ogrid[-9.5:10, -9.5:10]
    array = np.where(np.hypot(y, x) > 10, np.nan, RNG.normal(size=(3, 20, 20)))
    with pytest.raises(NotFiniteError, match="left out by --mask auto"):
        measure(array)
    assert measure(array, sample=open_sample(ArrayVolume(array), "auto")).voxels < array.size
