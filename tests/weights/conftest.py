import importlib.util
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from tomoseg_tf.weights import WeightsConfig, card, class_entries, save_weights, shipped_weights

ARGUMENTS = {"input_shape": [None, None, None, 1], "num_classes": 1, "levels": 2}
ARGUMENTS["base_features"] = 2
KINDS = {"Conv3D": "conv3d", "BatchNormalization": "batch_normalization"}


@pytest.fixture
def config():
    """Configuration of a net with two levels and two features."""
    return WeightsConfig(
        model="unet_3d", arguments=ARGUMENTS, classes=class_entries(("background", "object"))
    )


@pytest.fixture(scope="session")
def network():
    """The net of `config`; all its arrays random, the moving averages too."""
    from tomoseg_tf.models import unet_3d  # loads Keras

    network = unet_3d(**ARGUMENTS)
    rng = np.random.default_rng(0)
    network.set_weights([rng.uniform(0.1, 1, w.shape).astype("f4") for w in network.weights])
    return network


@pytest.fixture
def folder(tmp_path, network, config):
    """A weights folder of `network`."""
    path = tmp_path / "saved"
    save_weights(path, network, config, card=card(config))
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, and no mirror."""
    monkeypatch.setenv("TOMOSEG_TF_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TOMOSEG_TF_WEIGHTS", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def plain(tmp_path):
    """A weights folder for which nothing loads Keras."""
    folder = tmp_path / "steel_pores"
    shutil.copytree(shipped_weights()["unet_3d_micropillar"], folder)
    return folder


@pytest.fixture
def server(monkeypatch):
    """A web server, see `server.py`; what is tried again is at once."""
    monkeypatch.setattr("tomoseg_tf.weights.download.PAUSE", 0.001)
    spec = importlib.util.spec_from_file_location("server", Path(__file__).with_name("server.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.Server()
    yield server
    server.close()


@pytest.fixture
def write_legacy():
    """Write a network as Keras 2.12 did, weights alone or within a whole model."""

    def write(path, network, *, whole=False):
        with h5py.File(path, "w") as file:
            group = file
            if whole:
                file.attrs["model_config"] = '{"class_name": "Functional", "config": {}}'
                group = file.create_group("model_weights")
            counts, names = {}, []
            for layer in network.layers:
                kind = KINDS.get(type(layer).__name__, type(layer).__name__.lower())
                number = counts.get(kind, 0)
                counts[kind] = number + 1
                name = f"{kind}_{number}" if number else kind
                _write_layer(group.create_group(name), name, layer)
                names.append(name.encode())
            group.create_group("top_level_model_weights").attrs["weight_names"] = []
            group.attrs["layer_names"] = names
            group.attrs["backend"] = "tensorflow"
            group.attrs["keras_version"] = "2.12.0"
        return path

    return write


def _write_layer(group, name, layer):
    arrays = [*layer.trainable_weights, *layer.non_trainable_weights]
    names = [f"{name}/{array.name}:0" for array in arrays]
    group.attrs["weight_names"] = [text.encode() for text in names]
    for text, array in zip(names, arrays, strict=True):
        group[text] = array.numpy()
