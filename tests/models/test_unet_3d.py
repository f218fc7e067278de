"""Pins of the published 3D U-Net: Gaudez et al. (2022), section 3.1 and Table 2."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import correlate

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models import BUILDERS, unet_3d

keras = load_keras()
ANY = (None, None, None, 1)
DATA = Path(__file__).parent / "data"


def published_values(name, shape):
    """Weights that the published run had: random, by the name of each."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    kind = name.rsplit("/", 1)[-1]
    if kind == "kernel":
        return rng.standard_normal(shape) * 1.2 * np.sqrt(2 / np.prod(shape[:-1]))
    if kind in ("gamma", "moving_variance"):
        return rng.uniform(0.5, 1.5, shape)
    return rng.standard_normal(shape) * (0.05 if kind == "bias" else 0.1)


@pytest.mark.parametrize(
    ("levels", "base_features", "channels", "classes", "parameters", "moving"),
    [
        (4, 8, 1, 1, 366_593, 704),  # Table 2 prints 365 593, a misprint of the text's 366 593
        (3, 8, 1, 1, 89_153, 320),
        (4, 6, 1, 1, 206_581, 528),
        (3, 6, 1, 1, 50_341, 240),
        (4, 4, 1, 1, 92_145, 352),
        (3, 4, 1, 1, 22_545, 160),
        (4, 16, 1, 1, 1_462_401, 1_408),
        (4, 32, 1, 1, 5_841_665, 2_816),
        (5, 8, 1, 1, 1_474_433, 1_472),
        (2, 8, 1, 1, 19_553, 128),
        (4, 8, 3, 1, 367_025, 704),
        (4, 8, 1, 2, 366_602, 704),
        (4, 8, 1, 3, 366_611, 704),
        (4, 8, 3, 3, 367_043, 704),
    ],
)
def test_parameter_counts_are_those_of_the_published_function(
    levels, base_features, channels, classes, parameters, moving
):
    """The first six are the networks of Table 2."""
    shape = (None, None, None, channels)
    model = unet_3d(shape, classes, levels=levels, base_features=base_features)
    assert model.count_params() == parameters
    assert sum(np.prod(weight.shape) for weight in model.non_trainable_weights) == moving


def test_trainable_parameters_are_those_of_the_text():
    model = BUILDERS["unet_3d"](ANY, 1)
    assert sum(np.prod(weight.shape) for weight in model.trainable_weights) == 365_889


def test_the_network_computes_what_the_published_function_does():
    """Weights by the recipe of the oracles; Keras numbers the layers of a function itself."""
    model = unet_3d(ANY, 1)
    numbers = {
        keras.layers.Conv3D: "conv3d",
        keras.layers.BatchNormalization: "batch_normalization",
    }
    for kind, published in numbers.items():
        layers = [layer for layer in model.layers if isinstance(layer, kind)]
        for index, layer in enumerate(layers):
            name = f"{published}_{index}".removesuffix("_0")
            for weight in layer.weights:
                weight.assign(
                    published_values(f"{name}/{weight.path.rsplit('/', 1)[-1]}", weight.shape)
                )
    grey = np.random.default_rng(7).standard_normal((1, 16, 24, 32, 1))
    grey = ((grey - grey.mean()) / grey.std()).astype("float32")
    found = model.predict_on_batch(grey)[0, ::2, ::2, ::2, 0]
    with np.load(DATA / "unet_3d_published.npz") as expected:
        np.testing.assert_allclose(found, expected["output"], atol=5e-5)


def test_channels_double_after_each_pooling():
    model = unet_3d((16, 32, 24, 2), 3)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["analysis0_relu1"] == (16, 32, 24, 8)
    assert shapes["analysis1_relu0"] == (8, 16, 12, 16)
    assert shapes["bottom_relu1"] == (2, 4, 3, 64)
    assert shapes["synthesis0_concat"] == (16, 32, 24, 24)
    assert model.output.shape[1:] == (16, 32, 24, 3)


def test_classes_sum_to_one_and_a_binary_net_gives_one_channel():
    grey = np.random.default_rng(0).standard_normal((1, 8, 8, 8, 1)).astype("float32")
    softmax = unet_3d(ANY, 3, levels=2, base_features=2).predict_on_batch(grey)
    np.testing.assert_allclose(softmax.sum(axis=-1), 1, atol=1e-6)
    sigmoid = unet_3d(ANY, 1, levels=2, base_features=2).predict_on_batch(grey)
    assert sigmoid.shape == (1, 8, 8, 8, 1)
    assert sigmoid.min() > 0
    assert sigmoid.max() < 1


def test_shortcuts_come_before_what_is_up_sampled():
    """The order of the concatenation decides where published weights land."""
    model = unet_3d(ANY, 1, levels=2)
    shortcut, up = model.get_layer("synthesis0_concat").input
    assert shortcut.shape[-1] == 8
    assert up.shape[-1] == 16
    assert shortcut is model.get_layer("analysis0_relu1").output


def test_the_network_computes_the_steps_of_the_paper():
    """Zero-padded 3x3x3 correlations, batch norm, ReLU, maxima, repeated voxels: with SciPy."""
    model = unet_3d(ANY, 1, levels=2, base_features=2)
    rng = np.random.default_rng(1)
    model.set_weights(
        [
            rng.normal(0.1, 0.3, weight.shape)
            if weight.path.endswith(("kernel", "bias", "beta"))
            else rng.uniform(0.5, 1.5, weight.shape)
            for weight in model.weights
        ]
    )
    grey = rng.standard_normal((6, 4, 8)).astype("float32")

    def values(name):
        return [np.asarray(array, "float64") for array in model.get_layer(name).get_weights()]

    def convolve(x, kernel, bias):
        channels = [
            sum(
                correlate(x[..., i], kernel[..., i, o], mode="constant") for i in range(x.shape[-1])
            )
            for o in range(kernel.shape[-1])
        ]
        return np.stack(channels, axis=-1) + bias

    def convs(x, name):
        for index in range(2):
            x = convolve(x, *values(f"{name}_conv{index}"))
            gamma, beta, mean, variance = values(f"{name}_norm{index}")
            x = np.maximum(gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta, 0)
        return x

    shortcut = convs(grey[..., None].astype("float64"), "analysis0")
    pooled = shortcut.reshape(3, 2, 2, 2, 4, 2, -1).max(axis=(1, 3, 5))
    bottom = convs(pooled, "bottom")
    up = bottom.repeat(2, axis=0).repeat(2, axis=1).repeat(2, axis=2)
    x = convs(np.concatenate([shortcut, up], axis=-1), "synthesis0")
    features = keras.Model(model.input, model.get_layer("synthesis0_relu1").output)
    found = features.predict_on_batch(grey[None, ..., None])[0]
    np.testing.assert_allclose(found, x, atol=1e-5 * x.max())
    assert np.all(x.std(axis=(0, 1, 2)) > 0.1 * x.max())
    kernel, bias = values("head_conv")
    expected = 1 / (1 + np.exp(-(x @ kernel[0, 0, 0] + bias)))
    found = model.predict_on_batch(grey[None, ..., None])[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((20, 16, 16, 1), {}, "side 20 .* no multiple of 8, .* use 24 or None"),
        ((16, 16, 1), {}, "input_shape must be"),
        (ANY, {"levels": 0}, "levels must be at least 1"),
        (ANY, {"base_features": 0}, "base_features must be at least 1"),
        (ANY, {"levels": 14}, "more than 4096 channels"),
        (ANY, {"levels": 10**9}, "more than 4096 channels"),
    ],
)
def test_what_cannot_be_built_is_named(shape, options, message):
    with pytest.raises(ValueError, match=message):
        unet_3d(shape, 1, **options)
