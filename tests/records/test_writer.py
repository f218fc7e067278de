import json

import numpy as np
import pytest

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.records.schema import decode, tf, to_float64
from tomoseg_tf.volume import ArrayVolume, Statistics, measure

SPLITS = ("training", "validation", "test")


def read_back(records, split):
    """Every record of a split through TensorFlow's own reader: (origin, source, volume, truth)."""
    rows = []
    for shard in records.shards(split):
        for record in tf.data.TFRecordDataset(str(records.folder / shard.name)):
            grey, truth, source = decode(record, records.patch, records.dtype)
            features = tf.train.Example.FromString(record.numpy()).features.feature
            origin = tuple(features["origin"].int64_list.value)
            grey = to_float64(grey, records.dtype).numpy()
            rows.append((origin, int(source), grey, truth.numpy()))
    return rows


def test_records_hold_the_volumes(records, pairs):
    seen = 0
    for split in SPLITS:
        rows = read_back(records, split)
        listed = [patch for shard in records.shards(split) for patch in shard.patches]
        assert len(rows) == records.count(split) == len(listed) == 8
        for (origin, source, grey, truth), patch in zip(rows, listed, strict=True):
            box = tuple(slice(o, o + s) for o, s in zip(origin, records.patch, strict=True))
            np.testing.assert_array_equal(grey, pairs[source][0][box])
            np.testing.assert_array_equal(truth, pairs[source][1][box])
            assert (origin, source) == (patch.origin, patch.source)
            counts = [np.count_nonzero(truth == value) for value in (0, 1, 255)]
            assert list(patch.counts) == counts
            seen += grey.size
    assert seen == 3 * pairs[0][0].size


def test_manifest_sums_up(records, pairs):
    manifest = records.manifest
    assert (manifest.classes, manifest.dtype) == (("background", "object"), "uint16")
    assert [len(shard.patches) for shard in records.shards("test")] == [3, 3, 2]
    split_of = [source.blocks[0].split for source in manifest.sources]
    assert split_of[2] == "test"
    for index, split in enumerate(split_of):
        truth = pairs[index][1]
        counts = [np.count_nonzero(truth == value) for value in (0, 1, 255)]
        assert list(manifest.voxels[split]) == counts
    statistics = records.sources[1].statistics
    assert isinstance(statistics, Statistics)
    assert statistics == measure(pairs[1][0])


@pytest.mark.parametrize("cover", ["drop", "shift"])
@pytest.mark.parametrize("split", ["sample", "block"])
def test_no_voxel_is_in_two_splits(tmp_path, split, cover):
    """Every voxel of both samples has its own grey value."""
    shape = (45, 13, 17)
    volumes = np.arange(2 * np.prod(shape), dtype="uint32").reshape(2, *shape)
    pairs = [(volume, np.zeros(shape, np.uint8)) for volume in volumes]
    write_records(
        tmp_path / "r", pairs, patch=(4, 8, 8), split=split, cover=cover, fractions=(0.5, 0.3, 0.2)
    )
    records = open_records(tmp_path / "r")
    held = [{int(v) for row in read_back(records, s) for v in row[2].ravel()} for s in SPLITS]
    assert all(held)
    assert not held[0] & held[1]
    assert not held[0] & held[2]
    assert not held[1] & held[2]


def test_shift_loses_no_voxel(tmp_path):
    volume = np.arange(9 * 10 * 11, dtype="float32").reshape(9, 10, 11)
    truth = np.zeros(volume.shape, np.uint8)
    options = {"patch": (4, 4, 4), "fractions": (1, 0, 0)}
    write_records(tmp_path / "s", [(volume, truth)], cover="shift", **options)
    values = [row[2].ravel() for row in read_back(open_records(tmp_path / "s"), "training")]
    assert len(np.unique(values)) == volume.size
    manifest = write_records(tmp_path / "d", [(volume, truth)], **options)
    share = 1 - 8 * 8 * 8 / volume.size
    assert f"{100 * share:.0f} % of the voxels do not fill a patch" in manifest["notices"][0]


def test_one_slab_of_the_depth_of_a_patch_is_read_at_a_time(tmp_path):
    class Watched(ArrayVolume):
        deepest = 0

        def read(self, start, stop):
            Watched.deepest = max(Watched.deepest, stop - start)
            return super().read(start, stop)

        def slabs(self, depth=None):
            return super().slabs(1)

    volume = Watched(np.arange(20 * 8 * 8, dtype="uint16").reshape(20, 8, 8))
    truth = np.zeros(volume.shape, np.uint8)
    write_records(tmp_path / "r", [(volume, truth)], patch=(4, 4, 4), fractions=(1, 0, 0))
    assert Watched.deepest == 4


def test_patches_without_labels_are_left_out(tmp_path):
    volume = np.arange(8 * 8 * 8, dtype="uint16").reshape(8, 8, 8)
    truth = np.full(volume.shape, 255, np.uint8)
    truth[0, 0, 0] = 1
    done = []
    manifest = write_records(
        tmp_path / "r",
        [(volume, truth)],
        patch=(4, 4, 4),
        fractions=(1, 0, 0),
        palette="classes",
        progress=lambda *numbers: done.append(numbers),
    )
    assert manifest["voxels"]["training"] == [0, 1, 63]
    assert "7 patches hold only ignored voxels and were left out" in manifest["notices"]
    assert done == [(i + 1, 8) for i in range(8)]


def test_palette_is_recorded(tmp_path):
    volume = np.arange(64, dtype="uint8").reshape(4, 4, 4)
    truth = np.array([3, 9])[volume % 2]
    manifest = write_records(
        tmp_path / "r",
        [(volume, truth)],
        patch=(4, 4, 4),
        fractions=(1, 0, 0),
        palette={3: "ignore", 9: 1},
    )
    assert manifest["voxels"]["training"] == [0, 32, 32]
    assert manifest["sources"][0]["palette"] == {"3": 255, "9": 1}
    assert open_records(tmp_path / "r").sources[0].palette == {"3": 255, "9": 1}


def test_same_input_gives_the_same_bytes(tmp_path, pairs):
    first, second = (
        write_records(tmp_path / name, pairs, patch=(8, 8, 8), seed=5) for name in "ab"
    )
    assert first == second


def test_existing_folder_is_refused_or_replaced(tmp_path, pairs):
    folder = tmp_path / "r"
    write_records(folder, pairs, patch=(8, 8, 8))
    with pytest.raises(ValueError, match="already exists"):
        write_records(folder, pairs, patch=(16, 8, 8))
    write_records(folder, pairs, patch=(16, 8, 8), overwrite=True)
    assert open_records(folder).patch == (16, 8, 8)
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_records_that_hold_an_input_are_not_replaced(tmp_path, pairs):
    folder = tmp_path / "r"
    write_records(folder, pairs, patch=(8, 8, 8))
    np.save(folder / "scan.npy", pairs[0][0])
    inside = [*pairs[1:], (folder / "scan.npy", pairs[0][1])]
    with pytest.raises(ValueError, match=r"r holds the .*scan\.npy; name another output"):
        write_records(folder, inside, patch=(8, 8, 8), overwrite=True)
    assert (folder / "scan.npy").exists()


def test_folder_of_something_else_is_never_replaced(tmp_path, pairs):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.txt").write_text("precious")
    with pytest.raises(ValueError, match=r"holds no manifest.json"):
        write_records(tmp_path / "r", pairs, patch=(8, 8, 8), overwrite=True)
    assert (tmp_path / "r" / "thesis.txt").read_text() == "precious"


def test_a_training_run_is_never_replaced(tmp_path, pairs):
    (tmp_path / "r").mkdir()
    manifest = {"format": 1, "kind": "tomoseg-tf training run", "patches": {}}
    (tmp_path / "r" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=r"holds no manifest\.json of records"):
        write_records(tmp_path / "r", pairs, patch=(8, 8, 8), overwrite=True)
    assert json.loads((tmp_path / "r" / "manifest.json").read_text()) == manifest


def test_records_behind_a_link_are_replaced_there(tmp_path, pairs):
    (tmp_path / "disk" / "data").mkdir(parents=True)
    (tmp_path / "r").symlink_to(tmp_path / "disk" / "data")
    for _ in range(2):
        write_records(tmp_path / "r", pairs, patch=(8, 8, 8), overwrite=True)
    assert (tmp_path / "r").is_symlink()
    assert (tmp_path / "disk" / "data" / "manifest.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "r"]
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["data"]


def test_failure_half_way_leaves_nothing(tmp_path, pairs):
    def fail(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_records(tmp_path / "r", pairs, patch=(8, 8, 8), progress=fail)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"patch": (32, 8, 8)}, "does not fit into its 16 x 24 x 24; use a patch of at most 16 x"),
        ({"patch": (0, 8, 8)}, "must be three sides"),
        ({"patch": (8, 8)}, "must be three sides"),
        ({"classes": ("background",)}, "2 to 255 different names"),
        ({"classes": ("a", "a")}, "2 to 255 different names"),
        ({"patches_per_shard": 0}, "patches per shard 0 must be 1 or more"),
    ],
)
def test_wrong_settings(tmp_path, pairs, changes, message):
    with pytest.raises(ValueError, match=message):
        write_records(tmp_path / "r", pairs, **({"patch": (8, 8, 8)} | changes))
    assert not list(tmp_path.iterdir())


def test_split_with_only_ignored_voxels_is_refused(tmp_path, pairs):
    pairs = [*pairs[:2], (pairs[2][0], np.full_like(pairs[2][1], 255))]
    with pytest.raises(ValueError, match="the test split would hold no patch"):
        write_records(
            tmp_path / "r",
            pairs,
            patch=(8, 8, 8),
            test_samples=[2],
            palette="classes",
            progress=lambda *numbers: pytest.fail("patches were cut before it was said"),
        )
    assert not list(tmp_path.iterdir())
