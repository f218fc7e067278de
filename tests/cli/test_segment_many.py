import json
import os

import numpy as np
import pytest
import tifffile

from tomoseg_tf.models import unet_3d
from tomoseg_tf.volume import Normalisation, measure
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

COMMAND = ("segment",)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    arguments = {"input_shape": [None] * 3 + [1], "num_classes": 1}
    arguments |= {"levels": 2, "base_features": 2}
    config = WeightsConfig(
        model="unet_3d",
        arguments=arguments,
        classes=class_entries(("a", "b")),
        normalisation=Normalisation("minmax"),
        threshold=0.5,
    )
    folder = tmp_path_factory.mktemp("weights") / "w"
    save_weights(folder, unet_3d(**arguments), config, card="# Random\n")
    return folder


@pytest.fixture
def series(tmp_path, monkeypatch):
    """Three steps, the last one twice as bright; the second cannot be read."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    os.mkdir("scans")
    for step, bright in ((1, 100), (3, 200)):
        array = rng.integers(0, bright, (6, 12, 10), dtype=np.uint8)
        tifffile.imwrite(f"scans/{step}.tif", array, photometric="minisblack")
    (tmp_path / "scans" / "2.tif").write_bytes(b"no TIFF")
    return tmp_path


def test_a_failure_does_not_stop_the_others_and_what_is_done_stays(run, series, weights):
    command = ("scans/*.tif", "out", "-w", weights, "--suffix", ".npy")
    code, out, err = run(*command)
    assert code == 1
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        "out/1.npy",
        "out/3.npy",
        "out",
    ]
    assert out.splitlines()[-1] == "out: 3 scans, 2 segmented, 1 failed"
    assert err.splitlines()[0].startswith("Failed: scans/2.tif: scans/2.tif: ")
    assert err.splitlines()[-1].startswith("Error: 1 of 3 scans failed, the first is scans/2.tif")
    assert sorted(os.listdir("out")) == ["1.npy", "3.npy"]
    before = os.stat("out/1.npy").st_mtime_ns
    tifffile.imwrite("scans/2.tif", np.eye(12, dtype=np.uint8)[None], photometric="minisblack")
    code, out, _ = run(*command, "--json")
    result = json.loads(out)
    assert code == 0
    assert [entry["state"] for entry in result["scans"]] == ["kept", "segmented", "kept"]
    assert (result["segmented"], result["kept"], result["failed"]) == (1, 2, 0)
    assert os.stat("out/1.npy").st_mtime_ns == before


def test_a_series_is_normalised_by_the_statistics_of_all(run, series, weights):
    names = ("scans/1.tif", "scans/3.tif")
    options = ("-w", weights, "--suffix", ".npy", "--probabilities")
    assert run(*names, "alone", *options, "p-alone")[0] == 0
    assert run(*names, "both", *options, "p-both", "--normalise-together")[0] == 0
    whole = np.concatenate([tifffile.imread(name) for name in names])
    stored = json.loads((series / "both" / "statistics.json").read_text())
    assert stored["statistics"] == measure(whole, ()).to_dict()
    assert stored["scans"] == list(names)
    first, last = (np.load(f"p-both/{step}.npy") for step in (1, 3))
    assert (first != np.load("p-alone/1.npy")).any()
    given = ("--statistics", "both/statistics.json", "--probabilities", "p.npy")
    assert run("scans/1.tif", "one.npy", "-w", weights, *given)[0] == 0
    np.testing.assert_array_equal(np.load("p.npy"), first)
    # the brighter scan sets the range of all: it is the same alone, but for its own minimum
    np.testing.assert_allclose(last, np.load("p-alone/3.npy"), atol=0.05)
    code, _, err = run("scans/3.tif", "both", *options, "p-both", "--normalise-together")
    assert code == 1
    assert "statistics.json: is of other scans than these; keep it with --statistics" in err


def test_further_outputs_are_named_like_the_results(run, series, weights):
    os.rename("scans/3.tif", "scans/3_0.5um.tif")
    further = ("--probabilities", "p", "--colours", "c")
    command = ("scans/*um.tif", "scans/1.tif", "out", "-w", weights, "--suffix", ".ome.zarr")
    assert run(*command, *further)[0] == 0
    for folder, suffix in (("out", ".ome.zarr"), ("p", ".ome.zarr"), ("c", ".tif")):
        assert sorted(os.listdir(folder)) == [f"1{suffix}", f"3_0.5um{suffix}"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("b*.tif", "out"), "no file fits this pattern"),
        (("scans/1.tif", "scans/3.tif", "none/out"), "several scans need a folder"),
        (("scans/1.tif", "out.npy", "--statistics", "scans/1.tif"), "is no JSON file of statist"),
        (("scans/1.tif", "out.npy", "--statistics", "empty.json"), "holds no statistics"),
        (("scans/1.tif", "out.npy", "--statistics", "other.json"), "behind median, but the weig"),
    ],
)
def test_wrong_options_are_one_line(run, series, weights, arguments, message):
    (series / "empty.json").write_text("{}")
    statistics = measure(np.arange(8).reshape(2, 2, 2), ()).to_dict()
    other = {"statistics": statistics, "filters": ["median"]}
    (series / "other.json").write_text(json.dumps(other))
    before = sorted(os.listdir())
    code, out, err = run(*arguments, "-w", weights)
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert message in err
    assert sorted(os.listdir()) == before


def test_a_cluster_and_workers_exclude_each_other(run, series, weights):
    both = ("--cluster", "tcp://h:1", "--workers", "2")
    assert run("scans/1.tif", "out.npy", "-w", weights, *both)[0] == 2
