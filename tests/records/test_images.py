import numpy as np
import pytest

from tomoseg_tf.records.images import decode_image, encode_image
from tomoseg_tf.records.levels import choose_levels
from tomoseg_tf.records.schema import check_record_size, decode_sample, tf
from tomoseg_tf.volume import measure

TRUTH = np.random.default_rng(0).choice([0, 1, 2, 255], (1, 12, 17)).astype(np.uint8)


def make(dtype):
    volume = (np.random.default_rng(1).random(TRUTH.shape) * 250).astype(dtype)
    return volume, choose_levels(dtype, measure(volume))


def encoded(volume, level, **more):
    where = {"origin": (7, 24, 34), "source": 1, "counts": [50, 40, 30, 84]}
    return encode_image(volume, TRUTH, levels=[None, level], **where, **more)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_round_trip(dtype):
    volume, level = make(dtype)
    levels, truth, source = decode_image(encoded(volume, level), (1, 12, 17), dtype)
    assert levels.dtype == ("uint8" if dtype == "uint8" else "uint16")
    grey = level.offset + level.scale * levels.numpy().astype(np.float64)
    np.testing.assert_allclose(grey, volume, rtol=0, atol=level.error * (1 + 1e-6))
    np.testing.assert_array_equal(truth, TRUTH)
    assert source == 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_parser_of_model_garden_reads_it(dtype):
    """Its decoder: these names and defaults; three channels of 8 bits, one channel of classes."""
    volume, level = make(dtype)
    names = ("image/encoded", "image/segmentation/class/encoded")
    spec = {name: tf.io.FixedLenFeature((), tf.string, default_value="") for name in names}
    spec |= {
        name: tf.io.FixedLenFeature((), tf.int64, default_value=0)
        for name in ("image/height", "image/width", "image/channels")
    }
    spec |= {
        name: tf.io.FixedLenFeature((), tf.string, default_value="jpeg")
        for name in ("image/filename", "image/format", "image/segmentation/class/format")
    }
    found = tf.io.parse_single_example(encoded(volume, level), spec)
    for decode in (tf.io.decode_png, tf.io.decode_image):
        image = decode(found["image/encoded"], channels=3)
        label = decode(found["image/segmentation/class/encoded"], channels=1)
        assert (image.dtype, label.dtype) == (tf.uint8, tf.uint8)
        seen = tf.reshape(image, (found["image/height"], found["image/width"], 3)).numpy()
        of_8_bits = level.of(volume)[0] >> (0 if dtype == "uint8" else 8)
        np.testing.assert_array_equal(seen, np.repeat(of_8_bits[..., None], 3, axis=-1))
        np.testing.assert_array_equal(label[..., 0], TRUTH[0])
    assert (found["image/height"], found["image/width"], found["image/channels"]) == (12, 17, 1)
    assert found["image/format"] == found["image/segmentation/class/format"] == b"png"
    assert found["image/filename"] == b"001_z00007_y00024_x00034"


def test_own_features_say_where_it_is_from_and_what_a_level_is():
    volume, level = make("float32")
    features = tf.train.Example.FromString(encoded(volume, level)).features.feature
    assert list(features["origin"].int64_list.value) == [7, 24, 34]
    assert list(features["counts"].int64_list.value) == [50, 40, 30, 84]
    assert list(features["image/offset"].float_list.value) == [level.offset]
    assert list(features["image/scale"].float_list.value) == [level.scale]
    assert "sample" not in features


def test_which_voxels_are_the_sample():
    volume, level = make("uint16")
    inside = np.random.default_rng(2).random(TRUTH.shape) < 0.5
    record = encoded(volume, level, inside=inside)
    np.testing.assert_array_equal(decode_sample(record, TRUTH.shape), inside)


def test_equal_patches_give_equal_bytes():
    volume, level = make("float32")
    assert encoded(volume, level) == encoded(volume.copy(), level)


def test_image_beyond_a_record_is_refused():
    with pytest.raises(ValueError, match="use a smaller patch"):
        check_record_size((1, 40000, 40000), "uint16")
