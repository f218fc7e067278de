import numpy as np
import pytest
from scipy import ndimage
from skimage.filters import unsharp_mask
from skimage.restoration import denoise_nl_means

from tomoseg_tf.volume import Filter, parse_filter

RNG = np.random.default_rng(0)
ARRAY = RNG.normal(100, 20, (5, 9, 11))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("median", "median:size=3,axes=zyx"),
        ("median:5", "median:size=5,axes=zyx"),
        ("median:5,yx", "median:size=5,axes=yx"),
        ("gaussian:1.5", "gaussian:sigma=1.5,axes=zyx"),
        ("gaussian:axes=yx", "gaussian:sigma=1,axes=yx"),
        ("unsharp:2, amount=0.5", "unsharp:radius=2,amount=0.5,axes=zyx"),
        ("nonlocal:12", "nonlocal:h=12,patch=5,distance=6,axes=yx"),
        ("local:9", "local:size=9,axes=zyx"),
        ("invert", "invert"),
        ("nonlocal:0.02,3,distance=4", "nonlocal:h=0.02,patch=3,distance=4,axes=yx"),
    ],
)
def test_text_form(text, written):
    assert str(parse_filter(text)) == written
    assert parse_filter(written) == parse_filter(text) == parse_filter(parse_filter(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "blur:3",
            "filter 'blur' is not known; use one of median, gaussian, unsharp, nonlocal, "
            "local, invert",
        ),
        ("median:4", "size 4 must be odd"),
        ("median:1.5", "size 1.5 must be a whole number above 0"),
        ("median:-3", "size -3 must be a whole number above 0"),
        ("median:three", "size 'three' must be a number"),
        ("gaussian:0", "sigma 0 must be above 0"),
        ("gaussian:nan", "sigma nan must be a number"),
        ("gaussian:1e9", "more than 100; make it smaller"),
        ("gaussian:1,xy", "axes 'xy' must be zyx or yx"),
        ("gaussian:sigma=1,sigma=2", "sigma is given twice"),
        ("gaussian:axes=yx,3", "write '3' with the name of a parameter"),
        ("median:3,yx,1", "write '1' with the name of a parameter"),
        ("median:radius=3", "unknown 'radius'; it has size, axes"),
        ("nonlocal", "h is missing, the difference in grey that it evens out; write nonlocal:h=10"),
        ("nonlocal:5,4", "patch 4 must be odd"),
        ("local:4", "size 4 must be odd"),
        ("invert:3", "write '3' with the name of a parameter"),
        ("invert:axes=yx", "unknown 'axes'; it has no parameters"),
    ],
)
def test_what_is_no_filter_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_filter(text)


def test_parameters_may_be_numbers():
    assert Filter("median", {"size": np.int64(5)}) == parse_filter("median:5")


def test_median_of_a_window_worked_out_by_hand():
    array = np.array([[[9, 1, 5], [2, 8, 3], [7, 4, 6]]], np.uint8)
    assert Filter("median")(array)[0, 1, 1] == 5
    assert Filter("median")(array).dtype == np.uint8


@pytest.mark.parametrize("axes", ["zyx", "yx"])
def test_gaussian_of_a_point_is_the_product_of_its_profiles(axes):
    array = np.zeros((13, 13, 13))
    array[6, 6, 6] = 1
    x = np.arange(-6, 7)
    profile = np.where(abs(x) <= 4, np.exp(-(x**2) / 2), 0)
    profile /= profile.sum()
    along_z = profile if axes == "zyx" else (x == 0).astype(float)
    expected = along_z[:, None, None] * profile[:, None] * profile
    np.testing.assert_allclose(Filter("gaussian", {"axes": axes})(array), expected, atol=1e-15)


@pytest.mark.parametrize("name", ["median", "gaussian"])
def test_slice_by_slice_is_the_filter_of_each_slice(name):
    filtered = parse_filter(f"{name}:axes=yx")(ARRAY)
    for image, result in zip(ARRAY, filtered, strict=True):
        other = {"median": ndimage.median_filter, "gaussian": ndimage.gaussian_filter}[name]
        np.testing.assert_allclose(result, other(image, 3 if name == "median" else 1), rtol=1e-13)


def test_unsharp_is_that_of_scikit_image():
    expected = unsharp_mask(ARRAY, radius=1.5, amount=0.7, preserve_range=True)
    np.testing.assert_allclose(parse_filter("unsharp:1.5,0.7")(ARRAY), expected)


def test_nonlocal_is_that_of_scikit_image():
    settings = {"patch_size": 3, "patch_distance": 2, "h": 15, "preserve_range": True}
    by_slice = np.stack([denoise_nl_means(image, **settings) for image in ARRAY])
    np.testing.assert_array_equal(parse_filter("nonlocal:15,3,2")(ARRAY), by_slice)
    whole = denoise_nl_means(ARRAY, **settings)
    np.testing.assert_array_equal(parse_filter("nonlocal:15,3,2,zyx")(ARRAY), whole)


@pytest.mark.parametrize("text", ["local:5", "local:5,yx"])
def test_local_is_the_difference_to_the_mean_of_each_window_in_standard_deviations(text):
    array = ARRAY.astype(np.uint8).astype(np.float64)
    expected = np.empty_like(array)
    deep = 2 if text == "local:5" else 0
    padded = np.pad(array, ((deep, deep), (2, 2), (2, 2)), mode="symmetric")
    for z, y, x in np.ndindex(array.shape):
        window = padded[z : z + 1 + 2 * deep, y : y + 5, x : x + 5]
        expected[z, y, x] = (array[z, y, x] - window.mean()) / window.std()
    np.testing.assert_allclose(parse_filter(text)(array), expected, atol=1e-9)
    whole = parse_filter(text)(array.astype(np.uint8))
    assert whole.dtype == np.uint8
    np.testing.assert_array_equal(whole, np.rint(128 + 255 / 12.8 * expected).clip(0, 255))


def test_local_does_not_know_grey_scale_offset_and_bands(monkeypatch):
    array = ARRAY.astype(np.float64)
    whole = parse_filter("local:5")(array)
    np.testing.assert_allclose(parse_filter("local:5")(1e3 + 7 * array), whole, atol=1e-9)
    monkeypatch.setattr("tomoseg_tf.volume.filters.ROWS_OF_PIXELS", 1)
    np.testing.assert_allclose(parse_filter("local:5")(array), whole, atol=1e-9)


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4"])
def test_local_of_a_constant_is_the_middle(dtype):
    middle = {"u1": 128, "i2": 0, "f4": 0}[dtype]
    result = parse_filter("local")(np.full((4, 5, 6), 37, dtype))
    np.testing.assert_array_equal(result, np.full((4, 5, 6), middle, dtype))


@pytest.mark.parametrize("dtype", ["u1", "i2", "i8", "u8"])
def test_local_keeps_a_spike_at_the_end_of_the_type(dtype):
    array = np.full((9, 9, 9), 50, dtype)
    array[4, 4, 4] = 90
    result = parse_filter("local:9")(array)
    assert result[4, 4, 4] == result.max() > 0.999 * np.iinfo(dtype).max
    assert result[0, 0, 0] < result[4, 4, 4] / 2 + 1


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "f4"])
def test_inverting_twice_gives_the_scan_again(dtype):
    array = ARRAY.astype(dtype)
    inverted = parse_filter("invert")(array)
    assert inverted.dtype == array.dtype
    assert np.all(np.diff(inverted.ravel()[np.argsort(array.ravel())].astype(float)) <= 0)
    np.testing.assert_array_equal(parse_filter("invert")(inverted), array)


@pytest.mark.parametrize(
    "text", ["median", "gaussian", "unsharp", "nonlocal:5", "nonlocal:5,axes=zyx"]
)
def test_constant_stays(text):
    array = np.full((4, 5, 6), 7.0)
    np.testing.assert_allclose(parse_filter(text)(array), 7, rtol=1e-12)


@pytest.mark.parametrize(
    "text", ["median:5", "gaussian:0.8", "unsharp:0.6", "nonlocal:9,3,2", "nonlocal:9,3,2,zyx"]
)
def test_no_voxel_beyond_the_reach_matters(text):
    step = parse_filter(text)
    array = RNG.normal(100, 20, (17, 17, 17))
    changed = array.copy()
    reach = np.indices(array.shape) - 8
    far = (abs(reach) > step.reach).any(axis=0)
    changed[far] += 50
    if not step.overlap:
        changed[7] += 50
    before, after = step(array)[8, 8, 8], step(changed)[8, 8, 8]
    np.testing.assert_allclose(after, before, rtol=1e-9)
