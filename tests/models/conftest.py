import re
import zlib

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras

keras = load_keras()


@pytest.fixture
def no_random_start(monkeypatch):
    """Weights that are only counted, or set by the test, start at zero: it is faster."""
    for initialiser in (keras.initializers.GlorotUniform, keras.initializers.HeNormal):
        monkeypatch.setattr(
            initialiser, "__call__", lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype)
        )


@pytest.fixture(scope="session")
def fill():
    """A function that sets the weights of a model as the oracles of it do."""
    return fill_by_name


def fill_by_name(model, gain, published=None):
    """Set the weights by the recipe of the oracles, from the layers' published names."""
    for layer in model.layers:
        transposed = isinstance(layer, keras.layers.Conv2DTranspose)
        name = layer.name
        for ours, theirs in (published or {}).items():
            name = re.sub(ours, theirs, name)
        numbered = re.fullmatch(r"(conv2d|batch_normalization)_(\d+)", name)
        if numbered:  # the oracles count from 0, and leave that out
            name = f"{numbered[1]}_{int(numbered[2]) - 1}".removesuffix("_0")
        for weight in layer.weights:
            kind = weight.path.rsplit("/", 1)[-1]
            rng = np.random.default_rng(zlib.crc32(f"{name}/{kind}".encode()))
            if kind == "kernel":
                *sides, first, last = weight.shape
                fan_in = np.prod(sides) * (last if transposed else first)
                value = rng.standard_normal(weight.shape) * gain * np.sqrt(2 / fan_in)
            elif kind in ("gamma", "moving_variance"):
                value = rng.uniform(0.5, 1.5, weight.shape)
            else:
                value = rng.standard_normal(weight.shape) * (0.05 if kind == "bias" else 0.1)
            weight.assign(value.astype("float32"))


@pytest.fixture(scope="session")
def grey():
    """A function that makes the input of these oracles: noise of so many pixels a side."""

    def noise(side, channels=3):
        shape = (1, side, side, channels)
        return np.random.default_rng(7).standard_normal(shape).astype("float32")

    return noise
