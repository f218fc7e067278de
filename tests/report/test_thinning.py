import base64
import io

import numpy as np
import pytest
from PIL import Image

from tomoseg_tf.report.images import bin_mean, class_png, grey_levels, jpeg, pick
from tomoseg_tf.report.inputs import open_inputs
from tomoseg_tf.report.stack import pack_stack
from tomoseg_tf.report.thinning import Thinning, choose_thinnings, shown_slices


def opened(text):
    return Image.open(io.BytesIO(base64.b64decode(text)))


@pytest.mark.parametrize("depth", [1, 2, 7, 8, 100])
@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_slices_are_evenly_spread_and_both_ends_are_near(depth, step):
    shown = shown_slices(depth, step)
    assert set(np.diff(shown)) <= {step}
    assert 0 <= shown[0] < step
    assert depth - step <= shown[-1] < depth
    assert abs(shown[0] - (depth - 1 - shown[-1])) <= 1


def test_thinning_keeps_all_where_there_is_room_and_fits_where_there_is_not():
    def grey(size):
        return 1000 / size**2

    def classes(size):
        return 100 / size

    shape = (100, 1024, 1024)
    assert next(choose_thinnings(shape, 110_000, grey, classes)) == Thinning(1, 1, 1)
    for room in (100_000, 30_000, 5_000, 900):
        found = next(choose_thinnings(shape, room, grey, classes))
        number = len(shown_slices(100, found.step))
        assert number * (grey(found.grey_bin) + classes(found.class_bin)) <= room
        assert found.class_bin <= found.grey_bin
    assert list(choose_thinnings((2, 100, 100), 0, grey, classes)) == []
    assert next(choose_thinnings((1, 9000, 10), 1e9, grey, classes)).grey_bin == 5


def test_squares_are_averaged_and_the_middle_voxel_is_picked():
    image = np.arange(20, dtype=np.uint8).reshape(4, 5)
    np.testing.assert_array_equal(bin_mean(image, 2), [[3, 5, 7], [13, 15, 17]])
    np.testing.assert_array_equal(pick(image, 3), [[6, 9], [16, 19]])
    assert bin_mean(image, 1) is image
    assert pick(image, 1) is image


def test_grey_levels_are_scaled_and_what_is_not_finite_is_black():
    image = np.array([[-5.0, 0.0, 50.0, 100.0, 200.0, np.nan]])
    np.testing.assert_array_equal(grey_levels(image, 0, 100), [[0, 0, 128, 255, 255, 0]])
    image = np.arange(256, dtype=np.uint8)[None]
    assert grey_levels(image, 0, 255) is image


@pytest.mark.parametrize("highest", [2, 4, 20, 200])
def test_class_maps_come_back_as_they_were(highest):
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, highest, (2, 30, 41), np.uint8)
    first[0, 0] = 255
    channels = np.asarray(opened(class_png(first, second)).convert("RGB"))
    np.testing.assert_array_equal(channels[..., 0], first)
    np.testing.assert_array_equal(channels[..., 1], second)


def test_grey_levels_come_back_nearly():
    image = np.add.outer(np.arange(40), 2 * np.arange(50)).astype(np.uint8)
    back = np.asarray(opened(jpeg(image)))
    assert np.abs(back.astype(int) - image).mean() < 2


def test_a_stack_fits_and_says_how_it_was_thinned():
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 2**16, (20, 128, 128), np.uint16)
    truth = np.zeros(grey.shape, np.uint8)
    truth[13, 20:40, 20:40] = 1
    inputs = open_inputs(volume=grey, truth=truth)
    whole = pack_stack(inputs, 10**7)
    assert whole.settings["slices"] == list(range(20))
    assert whole.settings["slices"][whole.settings["start"]] == 13
    assert whole.notes == (
        "Grey levels are packed with a small loss (8 bit, JPEG), classes without.",
    )
    thin = pack_stack(inputs, 60_000)
    assert thin.size <= 60_000
    assert f"The viewer shows {len(thin.settings['slices'])} of 20 slices" in thin.notes[0]
    with pytest.raises(ValueError, match="raise --max-size"):
        pack_stack(inputs, 300)
