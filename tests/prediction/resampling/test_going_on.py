import json
from collections import namedtuple

import numpy as np
import pytest

from tomoseg_tf.prediction import resampled_run, room, segment_file
from tomoseg_tf.prediction.resuming import unfinished
from tomoseg_tf.prediction.resuming.hidden import how_far
from tomoseg_tf.prediction.scans.many import segment_files
from tomoseg_tf.volume import open_volume

SHAPE, SPACING = (9, 26, 31), (0.2, 0.1, 0.1)


def read(path):
    volume = open_volume(path)
    return volume.read(0, volume.shape[0])


def test_what_was_predicted_is_not_predicted_again(folder, scan, tmp_path, monkeypatch):
    arguments = {"weights": folder, "binning": 2}
    expected = segment_file(scan, tmp_path / "whole.npy", **arguments)

    def fail(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(resampled_run.ResampledRun, "_restore", fail)
        with pytest.raises(KeyboardInterrupt):
            segment_file(scan, tmp_path / "s.npy", **arguments)
    hidden = tmp_path / ".s.npy.resampled"
    assert not (tmp_path / "s.npy").exists()
    before = json.loads((hidden / "summary.json").read_bytes())
    with pytest.raises(ValueError, match=r"an unfinished segmentation of other settings is in"):
        segment_file(scan, tmp_path / "s.npy", weights=folder, binning=3)
    assert hidden.exists()
    found = segment_file(scan, tmp_path / "s.npy", **arguments)
    assert found["tiles"] == before["tiles"]
    assert found["classes"] == expected["classes"]
    np.testing.assert_array_equal(read(tmp_path / "s.npy"), read(tmp_path / "whole.npy"))
    assert not hidden.exists()


def test_what_a_full_disk_left_of_the_hidden_files_stops_nothing(
    folder, scan, tmp_path, monkeypatch
):
    arguments = {"weights": folder, "binning": 2}
    segment_file(scan, tmp_path / "whole.npy", **arguments)
    hidden = tmp_path / ".s.npy.resampled"
    plan, summary = hidden / "plan.json", hidden / "summary.json"

    def leave():
        with monkeypatch.context() as patch:
            patch.setattr(resampled_run.ResampledRun, "_restore", interrupted)
            with pytest.raises(KeyboardInterrupt):
                segment_file(scan, tmp_path / "s.npy", overwrite=True, **arguments)

    leave()
    before = plan.stat().st_ino
    summary.write_bytes(b"")
    leave()
    assert plan.stat().st_ino == before
    summary.unlink()
    (hidden / "segmentation.npy").unlink()
    journal = hidden / ".segmentation.npy.unfinished" / "journal.jsonl"
    journal.parent.mkdir()
    journal.write_bytes(b"{\n")
    with pytest.raises(ValueError, match=r"journal\.jsonl, line 1: damaged; .* --overwrite"):
        segment_file(scan, tmp_path / "s.npy", **arguments)
    leave()
    assert json.loads(summary.read_bytes())["shape"] == [5, 13, 16]
    plan.write_bytes(plan.read_bytes()[:20])
    with pytest.raises(ValueError, match=r"s\.npy: an unfinished segmentation of other settings"):
        segment_file(scan, tmp_path / "s.npy", **arguments)
    segment_file(scan, tmp_path / "s.npy", overwrite=True, **arguments)
    np.testing.assert_array_equal(read(tmp_path / "s.npy"), read(tmp_path / "whole.npy"))
    assert not hidden.exists()


def test_outputs_that_an_interruption_left_are_written_by_the_same_command(
    folder, scan, tmp_path, monkeypatch
):
    arguments = {"weights": folder, "binning": 2}
    names = {"probabilities": tmp_path / "p.npy"}
    segment_file(scan, tmp_path / "whole.npy", **arguments)
    hidden = tmp_path / ".s.npy.resampled"

    def fail(*given, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(resampled_run.ResampledRun, "_remove", fail)
        with pytest.raises(KeyboardInterrupt):
            segment_file(scan, tmp_path / "s.npy", **arguments, **names)
    segment_file(scan, tmp_path / "s.npy", **arguments, **names, dry_run=True)
    (tmp_path / "s.npy").unlink()  # as it is where the interruption came before its name
    with pytest.raises(ValueError, match="already exists"):
        segment_file(scan, tmp_path / "s.npy", weights=folder, binning=3, **names)
    segment_file(scan, tmp_path / "s.npy", **arguments, **names)
    np.testing.assert_array_equal(read(tmp_path / "s.npy"), read(tmp_path / "whole.npy"))
    assert not hidden.exists()
    hidden.mkdir()  # as a process leaves it that is killed while it removes the folder
    (hidden / "summary.json").touch()
    with pytest.raises(ValueError, match="already exists"):
        segment_file(scan, tmp_path / "s.npy", **arguments, **names)
    assert not hidden.exists()


def test_many_scans_go_on_in_a_process_of_another_size(folder, scan, tmp_path, monkeypatch):
    settings = {"weights": folder, "binning": 2, "opening": {"spacing": SPACING}}
    stop = {"on": True}
    restore = resampled_run.ResampledRun._restore

    def interrupted(run):
        if stop["on"]:
            raise KeyboardInterrupt
        restore(run)

    monkeypatch.setattr(resampled_run.ResampledRun, "_restore", interrupted)
    with pytest.raises(KeyboardInterrupt):
        segment_files([tmp_path / "scan.npy"], tmp_path / "out", **settings)
    stop["on"] = False
    monkeypatch.setattr("tomoseg_tf.prediction.scans.many.resident", lambda: 12_345_678)
    result = segment_files([tmp_path / "scan.npy"], tmp_path / "out", **settings)
    assert (result["segmented"], result["failed"]) == (1, 0)


def test_it_is_said_how_far_an_interruption_came(folder, tmp_path, monkeypatch):
    grey = np.random.default_rng(0).integers(0, 256, (300, 16, 16)).astype(np.uint8)
    np.save(tmp_path / "long.npy", grey)
    scan = open_volume(tmp_path / "long.npy")
    arguments = {"weights": folder, "binning": 2}

    def interrupt(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(unfinished, "SHARE", 0)
    with pytest.raises(KeyboardInterrupt):
        segment_file(scan, tmp_path / "s.npy", progress=interrupt, **arguments)
    assert how_far(tmp_path / "s.npy").endswith("in the voxels that the network sees")
    with monkeypatch.context() as patch:
        patch.setattr(resampled_run.ResampledRun, "_restore", interrupted)
        with pytest.raises(KeyboardInterrupt):
            segment_file(scan, tmp_path / "s.npy", **arguments)
    assert how_far(tmp_path / "s.npy").startswith("with the interpolation to the voxels of the")
    segment_file(scan, tmp_path / "s.npy", **arguments)
    assert how_far(tmp_path / "s.npy") is None


def test_a_disk_too_small_for_the_results_is_refused_before_the_prediction(
    folder, scan, tmp_path, monkeypatch
):
    arguments = {"weights": folder, "binning": 2, "probabilities": tmp_path / "p.npy"}
    usage = namedtuple("usage", "total used free")
    hidden, results = 5 * 13 * 16 * 5, 9 * 26 * 31 * 5

    def segment(free, **more):
        with monkeypatch.context() as patch:
            patch.setattr(room.shutil, "disk_usage", lambda _: usage(1, 1, free))
            return segment_file(scan, tmp_path / "s.npy", **arguments, **more)

    with pytest.raises(OSError, match=r"takes 4\.1e-05 GB there, but 4e-05 GB are free; make room"):
        segment(40_000)
    assert [path.name for path in tmp_path.iterdir()] == ["scan.npy"]
    (disk,) = segment(40_000, dry_run=True)["disks"]
    assert disk["needed"] == hidden + results
    with monkeypatch.context() as patch:
        patch.setattr(resampled_run.ResampledRun, "_restore", interrupted)
        with pytest.raises(KeyboardInterrupt):
            segment(disk["needed"])
    assert segment(results)["shape"] == list(SHAPE)


def interrupted(self):
    raise KeyboardInterrupt
