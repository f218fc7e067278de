"""The same weights give the same on TensorFlow, JAX and PyTorch."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.summary import build
from tomoseg_tf.prediction import predict_volume
from tomoseg_tf.volume import Normalisation
from tomoseg_tf.weights import WeightsConfig, class_entries, load, save_weights

SMALL = {"levels": 2, "base_features": 2}
NETWORKS = {
    "volumes": ("unet_3d", {"input_shape": [None, None, None, 1], "num_classes": 1, **SMALL}),
    "slices": ("unet_2d", {"input_shape": [None, None, 1], "num_classes": 3, **SMALL}),
}
PROGRAM = """
import json, sys
import keras
from tomoseg_tf.prediction import segment_file

folder, *networks = sys.argv[1:]
for name in networks:
    segment_file(
        f"{folder}/scan.npy",
        f"{folder}/{name}-classes.npy",
        weights=f"{folder}/{name}",
        probabilities=f"{folder}/{name}.npy",
        overwrite=True,
    )
print(json.dumps([keras.backend.backend(), "tensorflow" in sys.modules]))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a scan and random weights."""
    place = tmp_path_factory.mktemp("backends")
    scan = np.random.default_rng(0).integers(0, 200, (6, 11, 14), dtype=np.uint8)
    np.save(place / "scan.npy", scan)
    for name, (builder, arguments) in NETWORKS.items():
        network = build(builder, arguments)
        rng = np.random.default_rng(1)
        values = [rng.normal(0, 0.5, weight.shape) for weight in network.weights]
        network.set_weights([abs(v) if v.ndim == 1 else v for v in values])
        config = WeightsConfig(
            model=builder,
            arguments=arguments,
            classes=class_entries(("a", "b", "c")[: max(2, arguments["num_classes"])]),
            normalisation=Normalisation("minmax"),
        )
        save_weights(place / name, network, config, card="# Random\n")
    return place


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_gives_the_same_without_tensorflow(place, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}, which is not installed")
    if load_keras().backend.backend() != "tensorflow":
        pytest.skip("compares with TensorFlow, which is not the backend of this run")
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, place, *NETWORKS],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == [backend, False]
    scan = np.load(place / "scan.npy")
    for name in NETWORKS:
        settings = {"normalisation": Normalisation("minmax")}
        expected = predict_volume(load(place / name), scan, **settings)
        files = ["volumes.npy"] if name == "volumes" else [f"{name}_{c}.npy" for c in "abc"]
        found = np.stack([np.load(place / file) for file in files], axis=-1)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert expected.std() > 0.01
