import shutil

import pytest

from tomoseg_tf.records import open_records
from tomoseg_tf.records.schema import FRAME_BYTES

SHARD = "validation-00001.tfrecord"


@pytest.fixture
def copy(folder, tmp_path):
    """A copy of the records that a test may damage."""
    return shutil.copytree(folder, tmp_path / "copy")


def test_properties(folder, records):
    assert records.folder == folder
    assert (records.patch, records.dtype, records.num_classes) == ((8, 12, 12), "uint16", 2)
    assert records.spacing is None
    with pytest.raises(ValueError, match="split 'train' is not known; use one of training"):
        records.count("train")


def test_missing_shard_is_named(copy):
    (copy / SHARD).unlink()
    with pytest.raises(ValueError, match=f"{SHARD}: this shard is missing"):
        open_records(copy)


def test_shard_cut_between_two_records_is_named(copy, records):
    """TensorFlow reads such a file without an error, only shorter."""
    shard = next(s for s in records.shards("validation") if s.name == SHARD)
    data = (copy / SHARD).read_bytes()
    (copy / SHARD).write_bytes(data[: shard.patches[-1].offset])
    with pytest.raises(ValueError, match=f"{SHARD}: this shard was shortened"):
        open_records(copy, verify=False)


@pytest.mark.parametrize("place", [3, 9, FRAME_BYTES + 500, -1])
def test_damage_inside_a_shard_is_named(copy, place):
    data = bytearray((copy / SHARD).read_bytes())
    data[place] ^= 1
    (copy / SHARD).write_bytes(data)
    open_records(copy, verify=False)
    with pytest.raises(ValueError, match=f"{SHARD}: this shard is damaged"):
        open_records(copy)


def test_longer_shard_is_named(copy):
    with open(copy / SHARD, "ab") as file:
        file.write(b"more")
    with pytest.raises(ValueError, match=f"{SHARD}: this shard was lengthened"):
        open_records(copy)
