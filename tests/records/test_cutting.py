import numpy as np
import pytest

from tomoseg_tf.records.cutting import LeftOut, count_voxels, cut_patches, holds_patch
from tomoseg_tf.records.split import Block
from tomoseg_tf.volume import ArrayVolume


class Collector:
    """Stands in for a writer of shards."""

    def __init__(self):
        self.patches, self.closed = [], False

    def write(self, volume, truth, **where):
        self.patches.append((volume, truth, where))

    def close(self):
        self.closed = True


def test_count_voxels_by_hand():
    assert count_voxels(np.array([[0, 1, 1], [2, 255, 255]], np.uint8), 3) == [1, 2, 1, 2]


def test_patches_lie_in_their_block():
    grey = np.arange(10 * 5 * 4).reshape(10, 5, 4)
    sample = ArrayVolume(grey), ArrayVolume(np.zeros(grey.shape, np.uint8))
    writers = {"training": Collector(), "test": Collector()}
    blocks = [Block(0, "training", 0, 5), Block(0, "test", 6, 10)]
    left_out = cut_patches([sample], blocks, writers, patch=(2, 5, 2), cover="shift", num_classes=2)
    origins = {
        name: [where["origin"] for _, _, where in writer.patches]
        for name, writer in writers.items()
    }
    assert left_out == LeftOut()
    assert origins["training"] == [(z, 0, x) for z in (0, 2, 3) for x in (0, 2)]
    assert origins["test"] == [(z, 0, x) for z in (6, 8) for x in (0, 2)]
    volume, truth, where = writers["test"].patches[1]
    np.testing.assert_array_equal(volume, grey[6:8, :, 2:4])
    assert truth.shape == (2, 5, 2)
    assert where["counts"] == [20, 0, 0]
    assert all(writer.closed for writer in writers.values())


@pytest.mark.parametrize(
    ("place", "value", "cover", "skip_empty", "kept"),
    [
        ((5, 1, 1), 0, "drop", False, True),
        ((5, 1, 1), 0, "drop", True, False),
        ((5, 1, 1), 1, "drop", True, True),
        ((1, 1, 1), 1, "drop", False, False),  # outside of the block
        ((8, 1, 1), 1, "drop", False, False),  # fills no patch
        ((8, 1, 1), 1, "shift", False, True),
        ((5, 4, 1), 1, "drop", False, False),
        ((5, 4, 1), 1, "shift", False, True),
    ],
)
def test_a_block_holds_a_patch_where_cutting_keeps_one(
    monkeypatch, place, value, cover, skip_empty, kept
):
    monkeypatch.setattr("tomoseg_tf.records.cutting.SLAB_BYTES", 40)
    truth = np.full((10, 5, 4), 255, np.uint8)
    truth[place] = value
    block, writer = Block(0, "test", 2, 9), Collector()
    settings = {"patch": (2, 2, 2), "cover": cover, "skip_empty": skip_empty}
    sample = ArrayVolume(np.zeros(truth.shape)), ArrayVolume(truth)
    cut_patches([sample], [block], {"test": writer}, num_classes=2, **settings)
    assert holds_patch(sample[1], block, **settings) == bool(writer.patches) == kept
