import shutil

import numpy as np
import pytest

from tomoseg_tf.records import (
    named_shards,
    open_records,
    training_batches,
    validation_batches,
)
from tomoseg_tf.records.batches.reading import balanced, index_split
from tomoseg_tf.records.schema import decode, tf
from tomoseg_tf.volume import Normalisation


def test_records_are_read_in_any_order(records):
    index = index_split(records, "test")
    patches = [patch for shard in records.shards("test") for patch in shard.patches]
    for number in (7, 0, 3):
        _, truth, _ = decode(index.read(number), records.patch, records.dtype)
        assert np.count_nonzero(truth.numpy() == 1) == sum(patches[number].seen("kept")[1:-1])


@pytest.mark.parametrize("split", ["training", "validation"])
@pytest.mark.parametrize(
    ("kind", "message"),
    [("damaged", "is damaged"), ("shortened", "was shortened"), ("gone", "is missing")],
)
def test_shard_damaged_after_opening_is_named(folder, tmp_path, split, kind, message):
    copy = shutil.copytree(folder, tmp_path / "copy")
    records = open_records(copy)
    shard = copy / f"{split}-00001.tfrecord"
    content = bytearray(shard.read_bytes())
    shard.unlink()
    if kind == "damaged":
        content[700] ^= 1
        shard.write_bytes(content)
    elif kind == "shortened":
        shard.write_bytes(content[:-5])
    options = {"batch_size": 2, "normalisation": Normalisation()}
    training, steps = training_batches(records, **options)
    batches = {
        "training": training.take(steps),
        "validation": validation_batches(records, **options),
    }
    pattern = rf"{split}-00001\.tfrecord: this shard {message}"
    with pytest.raises(ValueError, match=pattern), named_shards(records):
        list(batches[split])


def test_other_errors_pass_through(records):
    with pytest.raises(KeyError), named_shards(records):
        raise KeyError("other")
    with pytest.raises(tf.errors.InvalidArgumentError), named_shards(records):
        tf.reshape(tf.zeros(3), [2])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.8, 0.95])
def test_balanced_reaches_the_share(share):
    foreground = [3, 0, 0, 0, 0, 1, 0, 0, 0]
    slots = balanced(foreground, share)
    counts = np.bincount(slots, minlength=9)
    assert counts.min() >= 1
    assert counts[0] == counts[5]
    assert 2 * counts[0] / counts.sum() >= share
    fewer = 2 * (counts[0] - 1)
    assert counts[0] == 1 or fewer / (fewer + 7) < share


def test_balanced_without_choice():
    np.testing.assert_array_equal(balanced([0, 0], 0.5), [0, 1])
    np.testing.assert_array_equal(balanced([1, 1], 0.5), [0, 1])
    with pytest.raises(ValueError, match="balance 1 must be a share from 0 to below 1"):
        balanced([0, 1], 1)
