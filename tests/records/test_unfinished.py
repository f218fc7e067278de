import json
import os

import numpy as np
import pytest

from tomoseg_tf.records import has_unfinished, open_records, write_records
from tomoseg_tf.volume import single_writer

SETTINGS = {"patch": (8, 12, 12), "patches_per_shard": 3, "test_samples": [2]}


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def interrupt(folder, pairs, after, **changes):
    """Write records until a number of patches is done, then stop as Ctrl-C does."""

    def stop(done, total):
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_records(folder, pairs, progress=stop, **{**SETTINGS, **changes})


@pytest.mark.parametrize(("after", "shards", "kept"), [(3, 1, 3), (10, 2, 6), (24, 6, 18)])
def test_the_same_call_goes_on_and_ends_with_the_same_bytes(
    tmp_path, pairs, folder, after, shards, kept
):
    notices = []
    interrupt(tmp_path / "r", pairs, after)
    assert has_unfinished(tmp_path / "r")
    assert names(tmp_path) == [".r.unfinished"]
    write_records(tmp_path / "r", pairs, notify=notices.append, **SETTINGS)
    place = f"{shards} whole shards ({kept} patches) of {tmp_path / 'r'}"
    assert notices == [f"Going on after {place}"]
    assert contents(tmp_path / "r") == contents(folder)
    assert names(tmp_path) == ["r"]
    assert not has_unfinished(tmp_path / "r")


def test_whole_shards_are_not_written_again(tmp_path, pairs):
    interrupt(tmp_path / "r", pairs, 10)
    shards = tmp_path / ".r.unfinished" / "records"
    before = {path.name: path.stat().st_mtime_ns for path in shards.iterdir()}
    write_records(tmp_path / "r", pairs, **SETTINGS)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "r").iterdir()}
    kept = [name for name in before if after[name] == before[name]]
    assert len(kept) == 2


def test_a_damaged_shard_and_what_follows_it_are_written_again(tmp_path, pairs, folder):
    interrupt(tmp_path / "r", pairs, 24)
    shard = tmp_path / ".r.unfinished" / "records" / "training-00001.tfrecord"
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    interrupt(tmp_path / "r", pairs, 24)
    write_records(tmp_path / "r", pairs, **SETTINGS)
    assert contents(tmp_path / "r") == contents(folder)


def test_the_end_of_a_line_that_was_cut_off_is_no_obstacle(tmp_path, pairs, folder):
    interrupt(tmp_path / "r", pairs, 10)
    journal = tmp_path / ".r.unfinished" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    interrupt(tmp_path / "r", pairs, 14)
    write_records(tmp_path / "r", pairs, **SETTINGS)
    assert contents(tmp_path / "r") == contents(folder)


def test_a_folder_without_a_journal_is_begun_anew(tmp_path, pairs, folder):
    (tmp_path / ".r.unfinished" / "records").mkdir(parents=True)
    write_records(tmp_path / "r", pairs, **SETTINGS)
    assert contents(tmp_path / "r") == contents(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"patch": (16, 12, 12)}, r"patch is \[8, 12, 12\] there and \[16, 12, 12\] here"),
        ({"seed": 4}, "seed is 0 there and 4 here"),
        ({"patches_per_shard": 2}, "patches_per_shard is 3 there and 2 here"),
        ({"classes": ("steel", "pore")}, r'classes is \["background", "object"\] there'),
        ({"palette": "classes"}, 'sources.0.palette is "auto" there and "classes" here'),
        ({"cover": "shift"}, 'split.cover is "drop" there and "shift" here'),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path, pairs, changes, message):
    interrupt(tmp_path / "r", pairs, 10)
    before = contents(tmp_path / ".r.unfinished" / "records")
    with pytest.raises(ValueError, match=message) as caught:
        write_records(tmp_path / "r", pairs, **{**SETTINGS, **changes})
    assert "use those, another folder, or --overwrite to start anew" in str(caught.value)
    assert contents(tmp_path / ".r.unfinished" / "records") == before
    assert names(tmp_path) == [".r.unfinished"]


def test_changed_voxels_are_refused_or_replaced(tmp_path, pairs):
    interrupt(tmp_path / "r", pairs, 10)
    grey = pairs[1][0].copy()
    grey[0, 0, 0] += 1
    changed = [pairs[0], (grey, pairs[1][1]), pairs[2]]
    with pytest.raises(ValueError, match=r"sources\.1\.volume has other voxels"):
        write_records(tmp_path / "r", changed, **SETTINGS)
    write_records(tmp_path / "r", changed, overwrite=True, **SETTINGS)
    write_records(tmp_path / "straight", changed, **SETTINGS)
    assert contents(tmp_path / "r") == contents(tmp_path / "straight")


def test_overwrite_goes_on_with_the_same_and_keeps_the_old_records_until_then(tmp_path, pairs):
    write_records(tmp_path / "r", pairs, **{**SETTINGS, "seed": 1, "patches_per_shard": 5})
    old = contents(tmp_path / "r")
    interrupt(tmp_path / "r", pairs, 10, overwrite=True)
    assert contents(tmp_path / "r") == old
    notices = []
    write_records(tmp_path / "r", pairs, overwrite=True, notify=notices.append, **SETTINGS)
    assert notices[0].startswith("Going on after 2 whole shards")
    assert open_records(tmp_path / "r").manifest.seed == 0
    assert names(tmp_path) == ["r"]


@pytest.mark.parametrize("line", ["no json", '{"plan": {}}\n{"split": "test"}', "[]", '{"a": 1}'])
def test_a_damaged_journal_is_named_or_replaced(tmp_path, pairs, folder, line):
    (tmp_path / ".r.unfinished" / "records").mkdir(parents=True)
    (tmp_path / ".r.unfinished" / "journal.jsonl").write_text(f"{line}\n")
    with pytest.raises(ValueError, match=r"journal\.jsonl, line .: damaged; delete .*--overwrite"):
        write_records(tmp_path / "r", pairs, **SETTINGS)
    write_records(tmp_path / "r", pairs, overwrite=True, **SETTINGS)
    assert contents(tmp_path / "r") == contents(folder)


def test_a_process_killed_between_the_names_loses_nothing(tmp_path, pairs):
    write_records(tmp_path / "r", pairs, **SETTINGS)
    os.rename(tmp_path / "r", tmp_path / ".r.replaced")
    (tmp_path / ".r.unfinished").mkdir()
    with pytest.raises(ValueError, match="r already exists"):
        write_records(tmp_path / "r", pairs, **SETTINGS)
    assert names(tmp_path) == ["r"]
    (tmp_path / ".r.replaced").mkdir()
    write_records(tmp_path / "r", pairs, overwrite=True, **SETTINGS)
    assert names(tmp_path) == ["r"]


def test_a_second_writer_is_refused(tmp_path, pairs):
    refused = []

    def write_too(done, total):
        if not refused:
            with pytest.raises(ValueError, match="r is being written by process") as caught:
                write_records(tmp_path / "r", pairs, **SETTINGS)
            refused.append(caught)

    write_records(tmp_path / "r", pairs, progress=write_too, **SETTINGS)
    assert refused
    with single_writer(tmp_path / "r"):
        assert names(tmp_path) == [".r.lock", "r"]


def fail(folder, pairs, error, after=10):
    """Write records until a number of patches is done, then meet an error."""

    def stop(done, total):
        if done == after:
            raise error

    with pytest.raises(type(error)):
        write_records(folder, pairs, progress=stop, **SETTINGS)


def test_a_full_disk_leaves_the_whole_shards_alone(tmp_path, pairs, folder):
    fail(tmp_path / "r", pairs, OSError(28, "No space left on device"))
    kept = names(tmp_path / ".r.unfinished" / "records")
    assert len(kept) == 2
    fail(tmp_path / "r", pairs, OSError(28, "No space left on device"), after=9)
    assert names(tmp_path / ".r.unfinished" / "records")[:2] == kept
    write_records(tmp_path / "r", pairs, **SETTINGS)
    assert contents(tmp_path / "r") == contents(folder)


def test_nothing_is_left_of_less_than_a_shard_or_after_a_mistake(tmp_path, pairs):
    fail(tmp_path / "r", pairs, OSError(28, "No space left on device"), after=1)
    assert names(tmp_path) == []
    fail(tmp_path / "r", pairs, ValueError("a mistake"))
    assert names(tmp_path) == []


def test_the_names_of_the_volumes_may_change(tmp_path, pairs):
    for index, (grey, _) in enumerate(pairs):
        np.save(tmp_path / f"{index}.npy", grey)
    interrupt(tmp_path / "r", pairs, 10)
    named = [(tmp_path / f"{index}.npy", truth) for index, (_, truth) in enumerate(pairs)]
    write_records(tmp_path / "r", named, **SETTINGS)
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert manifest["sources"][0]["volume"] == str(tmp_path / "0.npy")
