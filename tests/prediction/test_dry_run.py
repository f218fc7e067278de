"""What a segmentation would do: the same as it then does, and nothing yet."""

import json
from collections import namedtuple

import numpy as np
import pytest

from tomoseg_tf.prediction import networks, room, segment_file
from tomoseg_tf.prediction.budget import resident
from tomoseg_tf.prediction.dry_run import plan_lines
from tomoseg_tf.prediction.scans.many import segment_files
from tomoseg_tf.volume import ArrayVolume
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

SHAPE = 12, 20, 22


@pytest.fixture(scope="module")
def weights(random_unet, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "net"
    arguments = {"input_shape": [None, None, None, 1], "num_classes": 1}
    arguments |= {"levels": 2, "base_features": 2}
    classes = class_entries(("background", "object"))
    config = WeightsConfig(model="unet_3d", arguments=arguments, classes=classes)
    save_weights(folder, random_unet(), config, card="# Random\n")
    return folder


@pytest.fixture
def scan():
    grey = np.random.default_rng(0).integers(0, 200, SHAPE, dtype=np.uint8)
    return ArrayVolume(grey, (0.2, 0.1, 0.1))


def test_the_plan_is_that_of_the_segmentation(weights, scan, tmp_path):
    settings = {"weights": weights, "probabilities": tmp_path / "p.npy"}
    settings["roi"] = ((2, 10), (0, 20), (0, 22))
    held = resident()  # by the tests before
    found = segment_file(scan, tmp_path / "s.npy", dry_run=True, **settings)
    assert list(tmp_path.iterdir()) == []
    done = segment_file(scan, tmp_path / "s.npy", **settings)
    (plan,) = found["plans"]
    assert {key: done[key] for key in ("tile", "tiles", "overhead")} == {
        key: plan[key] for key in ("tile", "tiles", "overhead")
    }
    assert found["shape"] == done["shape"] == [8, 20, 22]
    sizes = {output["path"]: output["bytes"] for output in found["outputs"]}
    for path, size in sizes.items():
        assert np.load(path).nbytes == size
    (disk,) = found["disks"]
    assert disk["needed"] == sum(sizes.values()) + max(sizes.values())
    assert found["resumes"] is None
    assert found["seconds"] > 0
    assert 1e8 < found["memory"] < held + 2e9
    assert json.loads(json.dumps(found)) == found
    text = "\n".join(plan_lines(found))
    for part in ("net (unet_3d)", "12 x 20 x 22 uint8, 0.2 x 0.1 x 0.1 µm", "an estimate"):
        assert part in text


def test_it_says_that_a_segmentation_would_be_gone_on_with(weights, scan, tmp_path):
    def interrupt(done, total):
        if done == total:
            raise KeyboardInterrupt

    settings = {"weights": weights, "segmentation": tmp_path / "s.npy"}
    with pytest.raises(KeyboardInterrupt):
        segment_file(scan, **settings, roi=None, progress=interrupt)
    if (tmp_path / ".s.npy.unfinished").exists():
        found = segment_file(scan, **settings, dry_run=True)
        assert found["resumes"] is not None
        assert "it would go on" in plan_lines(found)[-1]


def test_what_would_be_refused_is_refused(weights, scan, tmp_path):
    (tmp_path / "s.npy").write_text("mine")
    settings = {"weights": weights, "dry_run": True}
    with pytest.raises(ValueError, match=r"s\.npy already exists"):
        segment_file(scan, tmp_path / "s.npy", **settings)
    assert segment_file(scan, tmp_path / "s.npy", overwrite=True, **settings)["resumes"] is None
    with pytest.raises(ValueError, match=r"0\.1 GB of memory are too little"):
        segment_file(scan, tmp_path / "t.npy", max_memory=1e8, **settings)


def test_too_small_a_disk_is_refused_before_the_run(weights, scan, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: usage(1, 1, 1000))
    with pytest.raises(OSError, match=r"takes 1\.1e-05 GB there, but 1e-06 GB are free; make room"):
        segment_file(scan, tmp_path / "s.npy", weights=weights)
    assert list(tmp_path.iterdir()) == []
    found = segment_file(scan, tmp_path / "s.npy", weights=weights, dry_run=True)
    assert "too little" in "\n".join(plan_lines(found))


def test_why_tiles_overlap_is_said(weights, scan, tmp_path, monkeypatch):
    cause = "its result has one slice for 2 of the volume"
    monkeypatch.setattr(networks, "why_not_streamed", lambda _: cause)
    found = segment_file(scan, tmp_path / "s.npy", weights=weights, dry_run=True)
    told = f"is predicted in exact tiles that overlap, not streamed: {cause}"
    assert told in "\n".join(plan_lines(found))
    done = segment_file(scan, tmp_path / "s.npy", weights=weights)
    assert [text for text in done["notices"] if told in text]


def test_a_dry_run_of_many_scans_makes_nothing(weights, scan, tmp_path):
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", scan.read(0, SHAPE[0]))
    (tmp_path / "c.npy").write_text("no scan")
    before = sorted(tmp_path.iterdir())
    seen = []
    found = segment_files(
        [tmp_path / "*.npy"],
        tmp_path / "out",
        weights=weights,
        probabilities=tmp_path / "p",
        normalise_together=True,
        dry_run=True,
        on_scan=lambda entry: seen.append(entry["state"]),
    )
    assert sorted(tmp_path.iterdir()) == before
    assert seen == ["planned", "planned", "failed"]
    assert (found["planned"], found["failed"]) == (2, 1)
    first = found["scans"][0]
    outputs = [output["path"] for output in first["outputs"]]
    assert outputs == [str(tmp_path / "out" / "a.tif"), str(tmp_path / "p" / "a.tif")]
    assert str(tmp_path / "out") in "\n".join(plan_lines(first))
