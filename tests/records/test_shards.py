import hashlib

import numpy as np
import pytest

from tomoseg_tf.records.schema import tf
from tomoseg_tf.records.shards import SHARD_BYTES, ShardWriter, check_shard_length

PATCH = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)


def write(writer, z):
    writer.write(PATCH + z, PATCH * 0, origin=(z, 0, 0), source=0, counts=[8, 0, 0])


def test_shards_are_numbered_and_hashed(tmp_path):
    writer = ShardWriter(tmp_path, "training", 2)
    for z in range(3):
        write(writer, z)
    writer.close()
    writer.close()
    names = ["training-00000.tfrecord", "training-00001.tfrecord"]
    assert [shard.name for shard in writer.shards] == names
    assert [shard.records for shard in writer.shards] == [2, 1]
    for shard in writer.shards:
        content = (tmp_path / shard.name).read_bytes()
        assert shard.bytes == len(content)
        assert shard.sha256 == hashlib.sha256(content).hexdigest()
        records = list(tf.data.TFRecordDataset(str(tmp_path / shard.name)))
        assert len(records) == shard.records
        for record, patch in zip(records, shard.patches, strict=True):
            start = patch.offset + 12
            assert content[start : start + len(record.numpy())] == record.numpy()


def test_shard_that_cannot_be_written_is_an_os_error(tmp_path):
    writer = ShardWriter(tmp_path / "missing", "training", 2)
    with pytest.raises(OSError, match=r"missing/training-00000\.tfrecord"):
        write(writer, 0)


def test_published_patches_fill_shards_of_128_mib():
    length = check_shard_length(None, (192, 192, 192), "uint8")
    assert length == SHARD_BYTES // (2 * 192**3) == 9
    assert check_shard_length(None, (512, 512, 512), "float32") == 1
    assert check_shard_length(7, (8, 8, 8), "uint8") == 7
