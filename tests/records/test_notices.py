from tomoseg_tf.records.cutting import LeftOut
from tomoseg_tf.records.notices import (
    cover_notices,
    left_out_notices,
    missing_notices,
    sample_notices,
    share_notices,
)
from tomoseg_tf.records.split import Block, SplitSettings
from tomoseg_tf.volume import Volume


def volume(name, *notices, shape=(192, 1024, 1024)):
    return Volume(shape, "uint8", name=name, format="test", notices=notices)


def test_notices_name_their_file_once():
    samples = [(volume("a", "no unit"), volume("b")), (volume("a", "no unit"), volume("c", "mask"))]
    assert sample_notices(samples) == ["a: no unit", "c: mask"]


def test_shares_are_told_if_five_points_off():
    settings = SplitSettings("sample", (0.6, 0.3, 0.1), (), None, 8, "drop", 0)

    def blocks(*sizes):
        return [
            Block(0, name, 0, size)
            for name, size in zip(("training", "validation", "test"), sizes, strict=True)
        ]

    assert share_notices(blocks(62, 27, 11), settings) == []
    (notice,) = share_notices(blocks(50, 25, 25), settings)
    assert "got 50 / 25 / 25 % of the slices; 60 / 30 / 10 % were asked for" in notice


def test_published_grid_drops_an_eighth():
    """960 x 960 of 1024 x 1024 voxels are covered: 12.1 % are not."""
    samples = [(volume("a"), volume("b"))]
    blocks = [Block(0, "training", 0, 192)]
    assert cover_notices(samples, blocks, (192, 192, 192), "drop")[0].startswith("12 % of the vox")
    assert cover_notices(samples, blocks, (192, 192, 192), "shift") == []


def test_patches_left_out_are_counted():
    assert left_out_notices(LeftOut()) == []
    assert left_out_notices(LeftOut(3, 4)) == [
        "3 patches hold only ignored voxels and were left out",
        "4 patches hold only background and were left out",
    ]
    told = left_out_notices(LeftOut(0, 4, 3))[0]
    assert told.startswith("4 patches hold only background and were left out, 3 of them of vali")
    assert "is in no score" in told


def test_a_class_without_a_voxel_is_told():
    voxels = {"training": (90, 0, 10), "validation": (50, 5, 0), "test": (9, 0, 0)}
    (notice,) = missing_notices(voxels, ("background", "object"))
    assert notice.startswith("training has no voxel of 'object': the network cannot learn it")
    empty = {"training": (9, 1, 0), "validation": (0, 0, 0)}
    assert missing_notices(empty, ("background", "object")) == []
