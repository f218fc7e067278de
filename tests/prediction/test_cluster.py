"""Predictions shared by real processes on this machine, some of which are killed."""

import os
import signal
import threading
import time
import warnings

import numpy as np
import pytest
import zarr

from tomoseg_tf.prediction import segment_file
from tomoseg_tf.prediction.cluster import connect
from tomoseg_tf.prediction.cluster.connecting import environment
from tomoseg_tf.prediction.cluster.ranges import RangeStore, cut_ranges
from tomoseg_tf.prediction.executor import Output
from tomoseg_tf.prediction.scans.many import segment_files
from tomoseg_tf.volume import open_volume
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client():
    with connect(workers=4) as client:
        yield client


@pytest.fixture
def weights(random_unet, tmp_path):
    arguments = {"input_shape": [None] * 3 + [1], "num_classes": 1}
    arguments |= {"levels": 2, "base_features": 2}
    config = WeightsConfig(
        model="unet_3d", arguments=arguments, classes=class_entries(("a", "b")), threshold=0.5
    )
    save_weights(tmp_path / "weights", random_unet(), config, card="# Random\n")
    return tmp_path / "weights"


@pytest.fixture
def other_weights(random_unet, tmp_path):
    """Weights of another seed and normalisation."""
    arguments = {"input_shape": [None] * 3 + [1], "num_classes": 1}
    arguments |= {"levels": 2, "base_features": 2}
    config = WeightsConfig(
        model="unet_3d",
        arguments=arguments,
        classes=class_entries(("a", "b")),
        normalisation={"method": "minmax"},
    )
    save_weights(tmp_path / "other", random_unet(seed=1), config, card="# Random\n")
    return tmp_path / "other"


@pytest.fixture
def scan(tmp_path):
    array = np.random.default_rng(0).integers(0, 255, (70, 24, 20), dtype=np.uint8)
    zarr.create_array(tmp_path / "scan.zarr", data=array, chunks=(16, 24, 20))
    return tmp_path / "scan.zarr"


def read(path):
    volume = open_volume(path)
    return volume.read(0, volume.shape[0])


def kill_two_at_work(client, killed):
    """Kill two of four workers once three of them predict."""
    pids = client.run(os.getpid)
    for _ in range(2000):
        busy = [address for address, keys in client.processing().items() if keys]
        if len(busy) >= 3:
            killed.extend(pids[address] for address in busy[:2])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)


def test_killed_workers_change_nothing(client, weights, scan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {"weights": weights, "roi": ((3, 69), (0, 24), (0, 20))}
    local = segment_file("scan.zarr", "local.tif", probabilities="local.npy", **settings)
    killed, seen = [], []
    killing = threading.Thread(target=kill_two_at_work, args=(client, killed))
    killing.start()
    shared = segment_file(
        "scan.zarr",
        "shared.ome.zarr",
        probabilities="shared.npy",
        client=client,
        progress=lambda done, total: seen.append(done / total),
        **settings,
    )
    killing.join()
    assert len(killed) == 2
    np.testing.assert_array_equal(read("shared.ome.zarr"), read("local.tif"))
    assert (tmp_path / "shared.npy").read_bytes() == (tmp_path / "local.npy").read_bytes()
    assert len(np.unique(np.load("shared.npy"))) > 1000
    assert shared["classes"] == local["classes"]
    assert shared["read_amplification"] is None
    assert seen == sorted(seen)
    assert seen[-1] == 1
    names = {"weights", "scan.zarr", "local.tif", "local.npy", "shared.ome.zarr", "shared.npy"}
    assert set(os.listdir()) == names


def test_an_ensemble_is_shared(client, weights, tmp_path):
    scan = tmp_path / "scan.npy"
    np.save(scan, np.random.default_rng(1).integers(0, 255, (20, 16, 16), dtype=np.uint8))
    settings = {"weights": weights, "turns": "flips"}
    for name, more in (("local", {}), ("shared", {"client": client})):
        outputs = {"probabilities": tmp_path / f"{name}.npy", "colours": tmp_path / f"{name}.tif"}
        segment_file(scan, tmp_path / f"{name}-s.npy", **outputs, **settings, **more)
    local, shared = (np.load(tmp_path / f"{name}.npy") for name in ("local", "shared"))
    np.testing.assert_allclose(shared, local, atol=1e-6)
    assert (tmp_path / "shared.tif").read_bytes() == (tmp_path / "local.tif").read_bytes()


def test_several_weights_are_shared_and_kept_ready_for_many_scans(
    client, weights, other_weights, tmp_path
):
    scans, rng = [tmp_path / f"{name}.npy" for name in "ab"], np.random.default_rng(2)
    for path in scans:
        np.save(path, rng.integers(0, 255, (20, 16, 16), dtype=np.uint8))
    settings = {"weights": [weights, other_weights], "suffix": ".npy"}
    for name, more in (("local", {}), ("shared", {"client": client})):
        folders = {key: tmp_path / f"{key}-{name}" for key in ("probabilities", "disagreement")}
        found = segment_files(scans, tmp_path / name, **folders, **settings, **more)
        assert (found["segmented"], found["failed"]) == (2, 0)
        assert [entry["runs"] for entry in found["scans"]] == [2, 2]
    for path in scans:
        for key in ("probabilities", "disagreement"):
            local, shared = (
                np.load(tmp_path / f"{key}-{name}" / path.name) for name in ("local", "shared")
            )
            np.testing.assert_allclose(shared, local, atol=1e-6)
            assert local.std() > 1e-4
    single = {"weights": weights, "probabilities": tmp_path / "one.npy"}
    segment_file(scans[0], tmp_path / "one-s.npy", **single)
    mean = np.load(tmp_path / "probabilities-local" / "a.npy")
    assert np.abs(np.load(tmp_path / "one.npy") - mean).max() > 1e-3


def test_a_range_that_fails_is_named_and_nothing_is_left(client, weights, tmp_path):
    scan, hidden = tmp_path / "scan.npy", tmp_path / "moved.npy"
    np.save(scan, np.zeros((40, 24, 20), np.uint8))
    before = sorted(os.listdir(tmp_path))

    def damage(done, total):
        if scan.exists():
            scan.rename(hidden)

    with pytest.raises(ValueError, match=r"slices \d+ to \d+: failed 2 times on the cluster; "):
        segment_file(scan, tmp_path / "s.tif", weights=weights, client=client, progress=damage)
    hidden.rename(scan)
    assert sorted(os.listdir(tmp_path)) == before


def test_passes_across_ranges_are_refused(client, weights, scan, tmp_path):
    for how, text in (
        ({"passes": "zyx"}, "passes z,y,x need the whole volume at once"),
        ({"blend": (4, 4, 4)}, "leave out --cluster and --workers, or --blend"),
    ):
        for dry_run in (False, True):
            more = {"weights": weights, "client": client, "dry_run": dry_run}
            with pytest.raises(ValueError, match=text):
                segment_file(scan, tmp_path / "s.tif", **how, **more)


def test_no_cluster_answers(monkeypatch):
    monkeypatch.setattr("tomoseg_tf.prediction.cluster.connecting.PATIENCE", 0.2)
    with (
        pytest.raises(ValueError, match="no Dask scheduler answers there"),
        connect(cluster="tcp://127.0.0.1:9"),
    ):
        pass
    with pytest.raises(ValueError, match="either the address of a cluster or a number"), connect():
        pass
    with pytest.raises(ValueError, match="workers 0: must be at least 1"), connect(workers=0):
        pass


def test_without_dask_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with (
        pytest.raises(ValueError, match=r"pip install 'tomoseg-tf\[cluster\]'"),
        connect(workers=1),
    ):
        pass


def test_two_clusters_of_one_machine_do_not_want_one_port():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with connect(workers=1) as one, connect(workers=1) as other:
            assert one.submit(sum, (1, 2)).result() == other.submit(sum, (1, 2)).result() == 3
    assert [str(each.message) for each in told] == []


def test_processes_of_one_machine_share_its_gpus(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [environment(i, 2)["CUDA_VISIBLE_DEVICES"] for i in range(3)] == ["0", "1", "0"]
    assert environment(0, 0) == {}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    assert environment(1, 2) == {"CUDA_VISIBLE_DEVICES": "7"}


def test_ranges_end_where_layers_of_tiles_do():
    layers = [(z, min(z + 8, 1001)) for z in range(3, 1001, 8)]
    ranges = cut_ranges(layers, 10)
    assert ranges[0][0] == 3
    assert ranges[-1][1] == 1001
    assert [stop for _, stop in ranges[:-1]] == [start for start, _ in ranges[1:]]
    assert {(start - 3) % 8 for start, _ in ranges} == {0}
    assert len(ranges) >= 40
    assert cut_ranges(layers[:5], 10) == layers[:5]
    assert cut_ranges([], 10) == []


def test_ranges_are_long_where_much_is_computed_again():
    layers = [(z, z + 16) for z in range(0, 1600, 16)]
    ranges = cut_ranges(layers, 2, again=92)
    assert len(ranges) == 1600 // (4 * 92)
    assert min(stop - start for start, stop in ranges) >= 4 * 92
    assert len(cut_ranges(layers, 20, again=92)) == 20


@pytest.mark.parametrize(
    ("roi", "layers"),
    [
        ((0, 20), [(0, 8), (8, 16), (16, 20)]),
        ((3, 20), [(3, 11), (11, 19), (19, 20)]),
        ((3, 20), [(3, 8), (8, 16), (16, 20)]),  # blocks begin at slice 0
        ((4, 6), [(4, 6)]),
    ],
)
def test_no_chunk_lies_in_two_ranges(tmp_path, roi, layers):
    outputs = [Output(None, None, "float32"), Output(None, None, "uint8", 3)]
    store = RangeStore.create(tmp_path / "s", (roi, (2, 7), (0, 6)), layers, outputs)
    chunk = zarr.open_array(tmp_path / "s" / "0").chunks[0]
    for start, _ in layers[1:]:
        assert (start - store.first) % chunk == 0
    volume = np.random.default_rng(0).integers(0, 9, (20, 5, 6, 3)).astype("u1")
    for start, stop in reversed(layers):
        store.writer(1, start).write(0, volume[start:stop])
    for start, stop in layers:
        for z, slab in store.slabs(1, start, stop):
            np.testing.assert_array_equal(slab, volume[z : z + len(slab)])
