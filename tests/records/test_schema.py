import numpy as np
import pytest

from tomoseg_tf.records.schema import check_record_size, decode, encode, tf, to_float64

DTYPES = [
    *("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float16", "float32", "float64"),
]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_patch_survives_a_round_trip(dtype, order):
    rng = np.random.default_rng(0)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        volume = rng.normal(0, 100, (3, 4, 5)).astype(dtype)
    else:
        limits = np.iinfo(dtype)
        volume = rng.integers(limits.min, limits.max, (3, 4, 5), dtype, endpoint=True)
    truth = rng.integers(0, 256, (3, 4, 5)).astype(np.uint8)
    stored = volume.astype(kind.newbyteorder(order))
    record = encode(stored, truth, origin=(1, 2, 3), source=4, counts=[50, 10, 0])
    grey, classes, source = decode(record, (3, 4, 5), dtype)
    np.testing.assert_array_equal(to_float64(grey, dtype), volume.astype(np.float64))
    np.testing.assert_array_equal(classes, truth)
    assert source == 4


def test_record_says_where_its_patch_is_from():
    """Readable without this package: plain features of a tf.train.Example."""
    volume = np.arange(8, dtype="uint16").reshape(2, 2, 2)
    record = encode(volume, volume > 6, origin=(5, 6, 7), source=2, counts=[7, 1, 0])
    features = tf.train.Example.FromString(record).features.feature
    assert list(features["origin"].int64_list.value) == [5, 6, 7]
    assert list(features["shape"].int64_list.value) == [2, 2, 2]
    assert list(features["counts"].int64_list.value) == [7, 1, 0]
    assert features["dtype"].bytes_list.value[0] == b"uint16"
    raw = np.frombuffer(features["volume"].bytes_list.value[0], "<u2")
    np.testing.assert_array_equal(raw, volume.ravel())


def test_patch_beyond_protobuf_is_refused():
    assert check_record_size((192, 192, 192), "uint16") == 3 * 192**3
    with pytest.raises(ValueError, match="use a smaller patch"):
        check_record_size((1024, 1024, 1024), "uint8")
