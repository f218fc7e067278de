"""``tomoseg-tf segment`` with networks that see slices."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tifffile

from tomoseg_tf.models.summary import build
from tomoseg_tf.prediction import predict_volume
from tomoseg_tf.volume import Normalisation
from tomoseg_tf.weights import WeightsConfig, class_entries, load, save_weights

COMMAND = ("segment",)
SMALL = {"levels": 2, "base_features": 2}
PATCHES = {"variant": "transformer2", "base_features": 2, "activation": "relu"}
NETWORKS = {
    "slices": ("unet_2d", {"input_shape": [None, None, 3], "num_classes": 3, **SMALL}),
    "patches": ("xlearn_unet", {"input_shape": [16, 16, 1], "num_classes": 1, **PATCHES}),
    "volumes": ("unet_3d", {"input_shape": [None, None, None, 1], "num_classes": 1, **SMALL}),
    "five": ("unet_2d", {"input_shape": [None, None, 5], "num_classes": 1, **SMALL}),
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Folders of random weights by name, made when asked for."""
    place, made = tmp_path_factory.mktemp("weights"), {}

    def weights(name):
        if name not in made:
            model, arguments = NETWORKS[name]
            network = build(model, arguments)
            rng = np.random.default_rng(0)
            network.set_weights(
                [abs(rng.normal(0.1, 0.3, weight.shape)) for weight in network.weights]
            )
            config = WeightsConfig(
                model=model,
                arguments=arguments,
                classes=class_entries(("a", "b", "c")[: max(2, arguments["num_classes"])]),
                normalisation=Normalisation("minmax"),
            )
            save_weights(place / name, network, config, card="# Random\n")
            made[name] = place / name
        return made[name]

    return weights


@pytest.fixture(scope="module")
def grey():
    return np.random.default_rng(1).integers(0, 256, (5, 21, 18), dtype=np.uint8)


@pytest.fixture
def scan(tmp_path, grey):
    tifffile.imwrite(tmp_path / "scan.tif", grey)
    return tmp_path / "scan.tif"


def expected(folder, grey, **settings):
    return predict_volume(load(folder), grey, normalisation=Normalisation("minmax"), **settings)


def test_slices_with_probabilities_and_colours(run, scan, grey, weights, tmp_path):
    folder = weights("slices")
    more = ("--probabilities", tmp_path / "p.npy", "--colours", tmp_path / "c.tif", "--json")
    code, out, err = run(scan, tmp_path / "s.tif", "-w", folder, *more)
    assert (code, err) == (0, "")
    result = expected(folder, grey)
    classes = tifffile.imread(tmp_path / "s.tif")
    np.testing.assert_array_equal(classes, result.argmax(axis=-1))
    np.testing.assert_allclose(np.load(tmp_path / "p_b.npy"), result[..., 1], atol=1e-6)
    table = np.array([(0, 0, 0), (0xE6, 0x9F, 0), (0x56, 0xB4, 0xE9)], np.uint8)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "c.tif"), table[classes])
    counts = [entry["voxels"] for entry in json.loads(out)["classes"]]
    assert counts == np.bincount(classes.ravel(), minlength=3).tolist()
    assert sum(counts) == grey.size


def test_passes_are_averaged(run, scan, grey, weights, tmp_path):
    folder = weights("slices")
    options = ("--passes", "z,y,x", "--probabilities", tmp_path / "p.npy")
    assert run(scan, tmp_path / "s.npy", "-w", folder, *options)[0] == 0
    result = expected(folder, grey, passes="zyx")
    np.testing.assert_allclose(np.load(tmp_path / "p_c.npy"), result[..., 2], atol=1e-6)


def test_patches_by_step_are_not_cut_but_their_grey_levels_are(run, scan, grey, weights, tmp_path):
    folder = weights("patches")
    names = [tmp_path / "p.npy", tmp_path / "g.npy"]
    base = (scan, tmp_path / "s.npy", "-w", folder, "--step", "3", "--overwrite", "--probabilities")
    assert run(*base, names[0])[0] == 0
    assert run(*base, names[1], "--grey-levels")[0] == 0
    result = expected(folder, grey, step=3)[..., 0]
    np.testing.assert_allclose(np.load(names[0]), result, rtol=1e-5)
    assert result.max() > 1
    assert np.load(names[1]).max() == 255


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("five", (), "unet_2d takes 5 channels"),
        ("volumes", ("--passes", "y"), "passes y are for networks of slices, but unet_3d"),
        ("volumes", ("--step", "2"), "step 2 is for networks of one patch size"),
        ("patches", ("--step", "17"), "step 17 must be 1 to 16"),
        ("slices", ("--passes", "z,y", "--workers", "2"), "passes z,y need the whole volume"),
        ("slices", ("--max-memory", "0.000001"), "GB or more with --max-memory"),
        ("slices", ("--colours", "c.npy"), "colours are written to a TIFF file"),
        ("slices", ("--colours", "s.tif"), "named twice"),
    ],
)
def test_what_cannot_be_is_one_line(
    run, scan, weights, tmp_path, monkeypatch, name, options, message
):
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir(tmp_path))
    code, out, err = run(scan, "s.tif", "-w", weights(name), *options)
    assert (code, out) == (1, "")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    "options", [("--passes", "z,z"), ("--passes", ""), ("--step", "0"), ("--max-memory", "0")]
)
def test_wrong_usage_exits_with_two(run, scan, options):
    assert run(scan, "s.tif", "-w", "w", *options)[0] == 2


def test_another_backend_gives_the_same(scan, grey, weights, tmp_path):
    pytest.importorskip("torch")
    for name in ("slices", "patches"):
        target = tmp_path / f"{name}.npy"
        command = ("segment", scan, tmp_path / f"{name}_s.npy", "-w", weights(name))
        command += ("--precision", "float32")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tomoseg_tf"),
                *map(str, (*command, "--probabilities", target)),
            ],
            env={**os.environ, "KERAS_BACKEND": "torch"},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
    found = np.stack([np.load(tmp_path / f"slices_{name}.npy") for name in "abc"], axis=-1)
    np.testing.assert_allclose(found, expected(weights("slices"), grey), atol=1e-5)
    patches = expected(weights("patches"), grey)[..., 0]
    np.testing.assert_allclose(np.load(tmp_path / "patches.npy"), patches, rtol=1e-4)
