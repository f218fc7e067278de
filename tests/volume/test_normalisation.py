import numpy as np
import pytest

from tomoseg_tf.volume import METHODS, Intensity, Normalisation, intensity, measure

TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "f2", "f4", "f8", ">u2", ">f4")


def random(dtype):
    generator = np.random.default_rng(3)
    return generator.normal(60, 15, (5, 7, 9)).astype(dtype)


@pytest.mark.parametrize("dtype", TYPES)
def test_zscore_has_mean_0_and_population_deviation_1(dtype):
    array = random(dtype)
    result = intensity(measure(array))(array)
    assert (result.dtype, result.shape) == (np.float32, array.shape)
    np.testing.assert_allclose(result.mean(dtype=float), 0, atol=1e-6)
    np.testing.assert_allclose(result.std(dtype=float), 1, rtol=1e-6)


def test_minmax_is_0_to_1():
    array = random("f4")
    result = intensity(measure(array), "minmax")(array)
    assert (result.min(), result.max()) == (0, 1)


def test_percentiles_become_0_and_1_and_the_rest_is_clipped():
    array = np.arange(1001, dtype=np.uint16).reshape(1, 7, 143)
    result = intensity(measure(array), "percentile", 1, 99)(array)
    np.testing.assert_allclose(result, np.clip((array - 10.0) / 980, 0, 1), atol=1e-7)


@pytest.mark.parametrize("method", ["minmax", "percentile"])
def test_top_is_the_upper_end(method):
    """Barboza (2020), section 4.1.4: zero to one, times 255."""
    array = np.arange(1001, dtype=np.float32).reshape(7, 11, 13)
    result = Normalisation(method, top=255).intensity(measure(array))(array)
    expected = 255 * Normalisation(method).intensity(measure(array))(array)
    np.testing.assert_allclose(result, expected, rtol=1e-6)
    assert (result.min(), result.max()) == (0, 255)


def test_zingers_do_not_move_percentiles():
    """Three zingers among 10 000 voxels: the rest is mapped as without them."""
    clean = np.random.default_rng(0).normal(0.3, 0.1, (4, 50, 50)).astype("f4")
    array = clean.copy()
    array[(0, 1, 3), (9, 20, 40), (3, 30, 49)] = 1e4, -2e3, 5e5
    result = Normalisation("percentile").intensity(measure(array))(array)
    expected = Normalisation("percentile").intensity(measure(clean))(clean)
    np.testing.assert_allclose(result[array == clean], expected[array == clean], atol=5e-3)
    assert (result.min(), result.max()) == (0, 1)
    squeezed = Normalisation("minmax").intensity(measure(array))(array)
    assert squeezed[array == clean].std() < 1e-6


def test_configs_without_top_load():
    """As weights folders written before it existed have them; what is written holds it."""
    old = {"method": "percentile", "low": 0.5, "high": 99.5, "training": "patch"}
    assert Normalisation.from_dict(old).top == 1
    written = Normalisation("minmax", top=255.0).to_dict()
    assert written["top"] == 255
    assert set(written) == set(Normalisation.__dataclass_fields__)


def test_none_only_changes_the_type():
    array = random("u2")
    result = intensity(measure(array), "none")(array)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, array)


def test_robust_equals_zscores_of_normal_noise():
    array = np.random.default_rng(0).normal(60, 15, (40, 50, 60))
    statistics = measure(array)
    np.testing.assert_allclose(
        intensity(statistics, "robust")(array), intensity(statistics)(array), atol=0.05
    )


def test_a_void_does_not_move_robust_grey_values():
    """A twentieth of the voxels is as dark as air: z-scores of the rest shrink by a quarter."""
    clean = np.random.default_rng(0).normal(100, 10, (20, 50, 50))
    array = clean.copy()
    array[:, :10, :12] = 60
    rest = np.s_[:, 10:]
    robust, zscore = Normalisation("robust"), Normalisation("zscore")
    before, after = (robust.intensity(measure(each))(each)[rest] for each in (clean, array))
    np.testing.assert_allclose(after.std() / before.std(), 1, rtol=0.1)
    squeezed = zscore.intensity(measure(array))(array)[rest]
    assert squeezed.std() < 0.8
    assert after.min() < -3  # nothing is clipped


def test_robust_tells_that_the_quartiles_are_the_same():
    array = np.zeros((4, 5, 6), np.uint8)
    array[0, 0] = 9
    with pytest.raises(ValueError, match="half of the voxels have the grey value 0, so that"):
        Normalisation("robust").intensity(measure(array))


def test_robust_is_not_by_the_patch():
    with pytest.raises(ValueError, match="robust is by the volume only; leave it out"):
        Normalisation("robust", training="patch")


@pytest.mark.parametrize("method", ["zscore", "robust", "minmax", "percentile"])
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_constant_volume_gives_zeros(method, dtype):
    array = np.full((3, 4, 5), 0.1 if dtype == "f4" else 9, dtype)
    np.testing.assert_array_equal(intensity(measure(array), method)(array), 0)


def test_large_offset_loses_no_precision():
    noise = np.random.default_rng(0).normal(0, 1, (9, 10, 11))
    array = 1e9 + noise
    result = intensity(measure(array))(array)
    exact = array - array.mean()
    np.testing.assert_allclose(result, exact / exact.std(), atol=1e-6)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_table_for_large_arrays_gives_the_same(dtype):
    array = np.random.default_rng(0).integers(0, 200, (50, 40, 40)).astype(dtype)
    mapping = Intensity(71.3, 12.7)
    np.testing.assert_array_equal(mapping(array), mapping(array.astype(np.int64)))


def test_slabs_are_mapped_like_the_whole():
    array = random("f4")
    mapping = intensity(measure(array))
    parts = np.concatenate([mapping(array[:2]), mapping(array[2:, :, ::-1][:, :, ::-1])])
    np.testing.assert_array_equal(parts, mapping(array))


def test_percentile_that_was_not_measured_is_refused():
    with pytest.raises(ValueError, match=r"percentile 3 was not measured, only 0\.1, 0\.5, 1"):
        intensity(measure(random("u1")), "percentile", 3, 99)


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match="'gauss': must be one of zscore, robust, minmax"):
        intensity(measure(random("u1")), "gauss")


@pytest.mark.parametrize("method", METHODS)
def test_normalisation_measures_what_it_needs(method):
    array = random("f4")
    normalisation = Normalisation(method, low=2.5, high=97)
    statistics = measure(array, normalisation.percentiles)
    assert normalisation.intensity(statistics) == intensity(statistics, method, 2.5, 97)


def test_round_trip_by_dict():
    normalisation = Normalisation("percentile", 0.5, 99.5, training="patch")
    assert Normalisation.from_dict(normalisation.to_dict()) == normalisation
    assert Normalisation.from_dict({}) == Normalisation()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"method": "z"}, "method 'z': must be one of"),
        ({"training": "slab"}, "training 'slab': must be one of volume, patch"),
        ({"prediction": "patch"}, "prediction 'patch': must be volume"),
        ({"low": 60, "high": 40}, "0 <= low < high <= 100"),
        ({"high": 101}, "0 <= low < high <= 100"),
        ({"low": "1"}, "low '1' and high 99.0: 0 <= low < high <= 100"),
        ({"epsilon": 1}, "unknown epsilon; it has method"),
        ({"method": "minmax", "top": 0}, "top 0: must be a number above 0"),
        ({"method": "minmax", "top": "255"}, "top '255': must be a number above 0"),
        ({"top": 255}, "top 255: only minmax and percentile have an upper end, not zscore"),
    ],
)
def test_impossible_settings_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Normalisation.from_dict(values)
