import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tifffile

from tomoseg_tf.models import unet_3d
from tomoseg_tf.prediction import predict_volume
from tomoseg_tf.volume import Normalisation, open_volume
from tomoseg_tf.weights import WeightsConfig, class_entries, load, save_weights

SPACING = (0.3, 0.2, 0.1)
NAMES = ("background", "object", "pore")


def save(folder, num_classes, threshold):
    """Save random weights of a small 3D U-Net, spread so that every class occurs."""
    arguments = {
        "input_shape": [None, None, None, 1],
        "num_classes": num_classes,
        "levels": 2,
        "base_features": 2,
    }
    keras.utils.set_random_seed(0)
    model = unet_3d(**arguments)
    rng = np.random.default_rng(0)
    model.set_weights(
        [
            np.abs(array) if "variance" in weight.path else array
            for weight in model.weights
            for array in [(weight.numpy() + rng.normal(0, 0.3, weight.shape)).astype("float32")]
        ]
    )
    config = WeightsConfig(
        model="unet_3d",
        arguments=arguments,
        classes=class_entries(NAMES[: max(2, num_classes)]),
        normalisation=Normalisation("minmax"),
        threshold=threshold,
    )
    save_weights(folder, model, config, card="# Random weights\n")
    return folder


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    return save(tmp_path_factory.mktemp("weights") / "binary", 1, 0.45)


@pytest.fixture(scope="module")
def multi_class(tmp_path_factory):
    return save(tmp_path_factory.mktemp("weights") / "multi", 3, None)


@pytest.fixture(scope="module")
def grey():
    return np.random.default_rng(1).integers(0, 256, (9, 14, 17), dtype=np.uint8)


@pytest.fixture
def scan(tmp_path, grey):
    path = tmp_path / "scan.tif"
    tifffile.imwrite(
        path,
        grey,
        imagej=True,
        resolution=(1 / SPACING[2], 1 / SPACING[1]),
        metadata={"axes": "ZYX", "spacing": SPACING[0], "unit": "um"},
    )
    return path


def expected(folder, grey):
    return predict_volume(load(folder), grey, normalisation=Normalisation("minmax"))


def test_the_segmentation_is_the_probability_above_the_threshold_of_the_weights(
    run, scan, grey, binary, tmp_path
):
    probabilities = tmp_path / "p.tif"
    code, out, err = run(
        "segment", scan, tmp_path / "s.tif", "-w", binary, "--probabilities", probabilities
    )
    assert (code, err) == (0, "")
    assert "9 x 14 x 17 voxels" in out
    result = tifffile.imread(probabilities)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected(binary, grey)[..., 0], atol=1e-6)
    segmentation = open_volume(tmp_path / "s.tif")
    assert segmentation.dtype == np.uint8
    assert segmentation.spacing == pytest.approx(SPACING)
    np.testing.assert_array_equal(segmentation.read(0, 9), result > 0.45)
    assert 0 < np.mean(result > 0.45) < 1


def test_a_folder_of_slices_gives_the_same(run, scan, grey, binary, tmp_path):
    slices = tmp_path / "slices"
    slices.mkdir()
    for z, plane in enumerate(grey):
        tifffile.imwrite(slices / f"slice{z}.tif", plane)
    assert run("segment", scan, tmp_path / "file.tif", "-w", binary)[0] == 0
    assert run("segment", slices, tmp_path / "folder", "-w", binary)[0] == 0
    pages = [tifffile.imread(path) for path in sorted((tmp_path / "folder").iterdir())]
    np.testing.assert_array_equal(pages, tifffile.imread(tmp_path / "file.tif"))


def test_grey_levels_are_the_published_ones(run, scan, grey, binary, tmp_path):
    levels = tmp_path / "levels.npy"
    options = ("--probabilities", levels, "--grey-levels", "--threshold", "0.5")
    assert run("segment", scan, tmp_path / "s.npy", "-w", binary, *options)[0] == 0
    values = expected(binary, grey)[..., 0].astype("float64")
    assert abs(np.load(levels) - np.floor(255 * values + 0.5)).max() <= 1
    np.testing.assert_array_equal(np.load(levels) > 127, np.load(tmp_path / "s.npy") == 1)


def test_a_region_keeps_the_statistics_and_surroundings_of_the_whole(run, scan, binary, tmp_path):
    assert run("segment", scan, tmp_path / "all.npy", "-w", binary)[0] == 0
    roi = ("--roi", "2:7,0:14,3:9")
    assert run("segment", scan, tmp_path / "part.npy", "-w", binary, *roi)[0] == 0
    np.testing.assert_array_equal(
        np.load(tmp_path / "part.npy"), np.load(tmp_path / "all.npy")[2:7, :, 3:9]
    )


def test_json_counts_the_voxels_of_each_class(run, scan, grey, multi_class, tmp_path):
    target = tmp_path / "s.npy"
    probabilities = ("--probabilities", tmp_path / "p.npy")
    code, out, _ = run("segment", scan, target, "-w", multi_class, "--json", *probabilities)
    summary = json.loads(out)
    assert code == 0
    assert summary["threshold"] is None
    assert summary["spacing"] == pytest.approx(SPACING)
    counts = np.bincount(np.load(target).ravel(), minlength=3)
    assert [entry["voxels"] for entry in summary["classes"]] == counts.tolist()
    np.testing.assert_array_equal(
        np.load(target), expected(multi_class, grey).argmax(axis=-1).astype("uint8")
    )
    total = sum(np.load(tmp_path / f"p_{name}.npy") for name in NAMES)
    np.testing.assert_allclose(total, 1, atol=1e-5)


def test_what_is_there_stays_unless_told_otherwise(run, scan, binary, tmp_path):
    target = tmp_path / "s.tif"
    target.write_bytes(b"precious")
    code, _, err = run("segment", scan, target, "-w", binary)
    assert code == 1
    assert "already exists" in err
    assert target.read_bytes() == b"precious"
    assert run("segment", scan, target, "-w", binary, "--overwrite")[0] == 0
    assert tifffile.imread(target).shape == (9, 14, 17)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-w", "nothing"), "no weights 'nothing'"),
        (("--roi", "0:9,0:14,0:18"), "0:18 along x is not inside 0:17"),
        (("--precision", "float16"), "float16 is for GPUs"),
        (("--device", "gpu:9"), "no device gpu:9"),
        (("--grey-levels",), "name a file for the probabilities"),
        (("--probabilities", "s.tif"), "named twice"),
        (("--probabilities", "none/p.tif"), "does not exist"),
    ],
)
def test_wrong_options_end_in_one_line(run, scan, binary, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir(tmp_path))
    code, out, err = run("segment", scan, "s.tif", "-w", binary, *options)
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(os.listdir(tmp_path)) == before


def test_a_threshold_for_several_classes_is_refused(run, scan, multi_class, tmp_path):
    code, _, err = run("segment", scan, tmp_path / "s.tif", "-w", multi_class, "--threshold", "0.5")
    assert code == 1
    assert "leave the threshold out" in err


@pytest.mark.parametrize("content", [b"", b"II*\x00\x08\x00\x00\x00", b"not a TIFF at all"])
def test_a_broken_scan_leaves_nothing_behind(run, binary, tmp_path, content):
    scan = tmp_path / "broken.tif"
    scan.write_bytes(content)
    code, _, err = run("segment", scan, tmp_path / "s.tif", "-w", binary)
    assert code == 1
    assert err.startswith("Error: ")
    assert "broken.tif" in err
    assert os.listdir(tmp_path) == ["broken.tif"]


def test_wrong_usage_exits_with_two(run, scan):
    code, _, err = run("segment", scan, "s.tif")
    assert code == 2
    assert "--weights" in err
    assert run("segment", scan, "s.tif", "-w", "x", "--roi", "0:1")[0] == 2


def test_the_folder_of_the_scan_is_never_replaced(run, scan, binary, tmp_path):
    code, _, err = run("segment", scan, tmp_path, "-w", binary, "--overwrite")
    assert code == 1
    assert "holds the input" in err
    assert scan.exists()


def test_another_backend_gives_the_same(run, scan, binary, tmp_path):
    pytest.importorskip("torch")
    assert run("segment", scan, tmp_path / "tensorflow.npy", "-w", binary)[0] == 0
    command = ("segment", scan, tmp_path / "torch.npy", "-w", binary, "--precision", "float32")
    done = subprocess.run(
        [sys.executable, "-m", "tomoseg_tf", *map(str, command)],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    notice = f"{tmp_path / 'torch.npy'}: the format cannot carry the voxel size"
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert done.stderr.startswith(notice)
    assert np.mean(np.load(tmp_path / "torch.npy") != np.load(tmp_path / "tensorflow.npy")) < 1e-3


def test_mask_and_filters_reach_the_library(monkeypatch, run, tmp_path):
    seen = []

    def segment_file(volume, segmentation, **settings):
        seen.append((settings["mask"], settings["filters"], settings["apply_filters"]))
        raise ValueError("enough")

    monkeypatch.setattr("tomoseg_tf.prediction.segment_file", segment_file)
    scan = tmp_path / "a.npy"
    np.save(scan, np.zeros((2, 2, 2), np.uint8))
    mask, given = tmp_path / "m.tif", ("--filter", "invert", "--filter", "median:3")
    for options in ((), ("--mask", "auto", "--no-filters"), ("--mask", mask, *given)):
        run("segment", scan, "b.tif", "-w", "w", *options)
    assert seen == [(None, (), True), ("auto", (), False), (mask, ("invert", "median:3"), True)]


def test_blocks_of_slices_reach_the_library(monkeypatch, run, tmp_path):
    seen = []

    def segment_file(volume, segmentation, **settings):
        seen.append(settings["z_blocks"])
        raise ValueError("enough")

    monkeypatch.setattr("tomoseg_tf.prediction.segment_file", segment_file)
    scan = tmp_path / "a.npy"
    np.save(scan, np.zeros((2, 2, 2), np.uint8))
    for options in ((), ("--z-blocks", "4")):
        run("segment", scan, "b.tif", "-w", "w", *options)
    assert seen == [None, 4]
    assert run("segment", scan, "b.tif", "-w", "w", "--z-blocks", "0")[0] == 2
