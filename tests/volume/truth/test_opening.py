import numpy as np
import pytest

from tomoseg_tf.volume import (
    IGNORE,
    ArrayVolume,
    count_classes,
    create_volume,
    open_truth,
    parse_palette,
)

MASK = np.random.default_rng(0).random((5, 6, 7)) > 0.7
TYPES = ("u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">u2")


def classes(array, palette="auto"):
    truth = open_truth(array, palette)
    assert truth.dtype == np.uint8
    read = truth.read(0, truth.shape[0])
    assert read.dtype == np.uint8
    return read


@pytest.mark.parametrize("dtype", TYPES)
def test_mask_of_0_and_255_is_recognised_and_told(dtype):
    array = np.where(MASK, 255, 0).astype(dtype)
    np.testing.assert_array_equal(classes(array), MASK)
    (notice,) = open_truth(array).notices
    assert "0 and 255: read as a mask" in notice


@pytest.mark.parametrize("dtype", [*TYPES, "bool"])
def test_0_and_1_are_classes_without_a_notice(dtype):
    truth = open_truth(MASK.astype(dtype))
    assert truth.notices == ()
    np.testing.assert_array_equal(truth.read(0, 5), MASK)


def test_255_beside_classes_is_ignore():
    array = MASK.astype(np.uint8)
    array[0] = IGNORE
    np.testing.assert_array_equal(classes(array), array)
    np.testing.assert_array_equal(classes(np.where(MASK, 255, 0), "classes"), MASK * 255)


@pytest.mark.parametrize("value", [0, 255])
def test_a_single_value_is_no_mask(value):
    array = np.full((2, 3, 4), value, np.uint8)
    np.testing.assert_array_equal(classes(array), value)


@pytest.mark.parametrize("high", [1, 255])
@pytest.mark.parametrize("dtype", ["u1", "i4", "f4"])
def test_masks_and_inverted_masks(high, dtype):
    array = (MASK * high).astype(dtype)
    np.testing.assert_array_equal(classes(array, "mask"), MASK)
    np.testing.assert_array_equal(classes(array, "inverted"), ~MASK)


@pytest.mark.parametrize("dtype", ["i2", "u2", "i8", "f8"])
def test_gapped_grey_levels(dtype):
    array = np.array([[[0, 80, 160, 300, 80]]], dtype)
    result = classes(array, "0:0, 80:1, 160:2, 300:ignore")
    np.testing.assert_array_equal(result, [[[0, 1, 2, 255, 1]]])
    np.testing.assert_array_equal(classes(array, {0: 0, 80: 1, 160: 2, 300: 255}), result)


def test_negative_values_can_be_mapped():
    np.testing.assert_array_equal(classes(np.array([[[-1, 5]]]), {-1: 0, 5: 3}), [[[0, 3]]])


def test_unmapped_values_are_listed_with_their_voxels_in_the_whole_volume():
    array = np.zeros((4, 5, 6), np.uint8)
    array[0, 0, :2] = 7
    array[3] = 9
    truth = open_truth(ArrayVolume(array, name="truth.tif"), "mask")
    with pytest.raises(ValueError, match=r"truth\.tif: .* 9: 30, 7: 2; give a palette"):
        truth.read(0, 1)


def test_no_more_than_8_unmapped_values_are_listed():
    array = np.arange(300, 320).reshape(1, 4, 5)
    with pytest.raises(ValueError, match=r"300: 1, .*, 307: 1 and 12 more \(auto"):
        classes(array)


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5: 1"), (np.nan, "nan: 1"), (-3, "-3: 1"), (1e6, "1e\\+06: 1")]
)
def test_what_is_no_class_is_refused(value, text):
    array = np.zeros((2, 3, 4), np.float32)
    array[1, 1, 1] = value
    with pytest.raises(ValueError, match=f"values without a class .* {text} "):
        classes(array)


def test_box_and_spacing_and_notices_of_the_source():
    source = ArrayVolume(MASK * np.uint8(255), spacing=(3, 2, 1))
    truth = open_truth(source)
    assert truth.spacing == (3, 2, 1)
    np.testing.assert_array_equal(truth.read_box(((1, 3), (2, 5), (0, 4))), MASK[1:3, 2:5, :4])


def test_truth_in_a_file(tmp_path):
    with create_volume(tmp_path / "truth.tif", MASK.shape, "u1") as writer:
        writer.write(0, MASK * np.uint8(255))
    np.testing.assert_array_equal(classes(tmp_path / "truth.tif"), MASK)


@pytest.mark.parametrize("name", ["classes", "mask", "inverted"])
def test_names_of_palettes(name):
    assert parse_palette(name).values[0] == (1 if name == "inverted" else 0)


@pytest.mark.parametrize("palette", ["maks", "0:0,255", "0:a", "a:0", "", "0:0.5", {0.5: 1}, {}])
def test_text_that_is_no_palette_is_refused(palette):
    with pytest.raises(ValueError, match=r"palette .*: "):
        parse_palette(palette)


@pytest.mark.parametrize(
    ("palette", "message"),
    [("0:0,0:1", "exactly one class"), ("0:256", "not in 0 to 255"), ("0:-1", "not in 0 to 255")],
)
def test_impossible_palettes_are_refused(palette, message):
    with pytest.raises(ValueError, match=message):
        parse_palette(palette)


def test_voxels_of_each_class_are_counted():
    array = np.where(MASK, 2, 0)
    array[0] = IGNORE
    calls = []
    counts = count_classes(open_truth(array), progress=lambda *call: calls.append(call))
    assert counts.shape == (256,)
    assert (counts[IGNORE], counts[2], counts.sum()) == (42, MASK[1:].sum(), MASK.size)
    assert calls[-1] == (5, 5)


def test_counting_needs_classes():
    with pytest.raises(ValueError, match="classes have type uint8, not int64"):
        count_classes(MASK.astype(np.int64))
