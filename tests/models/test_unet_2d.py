"""Pins of the U-Net: sizes of the paper, counts and outputs of published code."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import correlate

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.unet_2d import unet_2d

keras = load_keras()
ANY = (None, None, 1)
DATA = Path(__file__).parent / "data"


def count(*arguments, **options):
    with keras.StatelessScope(initialize_variables=False):
        return unet_2d(*arguments, **options).count_params()


@pytest.mark.parametrize(
    ("channels", "num_classes", "parameters"),
    [
        (1, 1, 7_759_521),
        (1, 2, 7_759_554),
        (1, 3, 7_759_587),
        (3, 1, 7_760_097),
        (3, 2, 7_760_130),
        (3, 3, 7_760_163),
    ],
)
def test_parameter_counts_are_those_of_the_unet_beside_unet_plus_plus(
    channels, num_classes, parameters
):
    assert count((None, None, channels), num_classes, base_features=32) == parameters


def test_padding_and_dropout_do_not_change_the_count():
    assert count(ANY, 1) == 31_030_593
    assert count(ANY, 2, padding="valid", dropout=0.5) == 31_030_658
    rectified = 64 + 128 + 256 + 512
    assert count(ANY, 1, batch_norm=True) == 31_030_593 + 4 * (4 * rectified + 2 * 1024)


def test_the_published_net_has_the_sizes_of_figure_1():
    with keras.StatelessScope(initialize_variables=False):
        model = unet_2d((572, 572, 1), 2, padding="valid", dropout=0.5)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["contract0_relu1"] == (568, 568, 64)
    assert shapes["contract3_dropout"] == (64, 64, 512)
    assert shapes["contract4_dropout"] == (28, 28, 1024)
    assert [shapes[f"expand{level}_crop"][0] for level in (3, 2, 1, 0)] == [56, 104, 200, 392]
    assert shapes["expand3_concat"] == (56, 56, 1024)
    assert shapes["expand0_relu1"] == (388, 388, 64)
    assert model.output.shape[1:] == (388, 388, 2)
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.name for layer in dropouts] == ["contract3_dropout", "contract4_dropout"]


def test_the_output_is_that_of_the_unet_beside_unet_plus_plus():
    """Its weights are drawn anew from the names of its layers; its input and output are stored."""
    stored = np.load(DATA / "unet_2d_helper.npz")
    model = unet_2d(ANY, 1, base_features=32, dropout=0.5)

    def draw(name, shape):
        normal = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)
        if name.endswith("bias"):
            return normal * 0.05
        outputs = shape[-2] if name.startswith("up") else shape[-1]
        return normal * np.sqrt(2 * outputs / normal.size)

    model.set_weights([draw(name, shape) for name, shape in json.loads(str(stored["index"]))])
    found = model.predict_on_batch(stored["input"])
    np.testing.assert_allclose(found, stored["output"], atol=5e-6)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_with_batch_normalisation_it_computes_the_steps_of_the_paper(padding):
    """With SciPy, on two levels and an open side."""
    model = unet_2d(ANY, 3, levels=2, base_features=2, padding=padding, batch_norm=True)
    rng = np.random.default_rng(1)
    model.set_weights(
        [
            rng.normal(0.1, 0.3, weight.shape)
            if weight.name in ("kernel", "bias", "beta")
            else rng.uniform(0.5, 1.5, weight.shape)
            for weight in model.weights
        ]
    )

    def values(name):
        return [np.asarray(array, "float64") for array in model.get_layer(name).get_weights()]

    def convs(x, name):
        for index in range(2):
            kernel, bias = values(f"{name}_conv{index}")
            channels = [
                sum(
                    correlate(x[..., i], kernel[..., i, o], mode="constant")
                    for i in range(x.shape[-1])
                )
                for o in range(kernel.shape[-1])
            ]
            x = np.stack(channels, axis=-1) + bias
            x = x[1:-1, 1:-1] if padding == "valid" else x
            gamma, beta, mean, variance = values(f"{name}_norm{index}")
            x = np.maximum(gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta, 0)
        return x

    grey = rng.standard_normal((18, 24, 1))
    shortcut = convs(grey, "contract0")
    rows, columns, channels = shortcut.shape
    x = shortcut.reshape(rows // 2, 2, columns // 2, 2, channels).max(axis=(1, 3))
    x = convs(x, "contract1")
    kernel, bias = values("expand0_up")
    x = np.einsum("yxi,abci->yaxbc", x, kernel)
    x = x.reshape(2 * x.shape[0], 2 * x.shape[2], 2) + bias
    if padding == "valid":
        shortcut = shortcut[4:-4, 4:-4]
    x = convs(np.concatenate([x, shortcut], axis=-1), "expand0")
    kernel, bias = values("head_conv")
    powers = np.exp(x @ kernel[0, 0] + bias)
    expected = powers / powers.sum(axis=-1, keepdims=True)
    found = model.predict_on_batch(grey[None].astype("float32"))[0]
    assert found.shape == ((2, 8, 3) if padding == "valid" else (18, 24, 3))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert expected.std() > 0.01


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_probabilities_are_float32_in_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = unet_2d(ANY, 3, levels=2, base_features=2)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("expand0_conv1").compute_dtype == policy[6:]
    assert model.output.dtype == "float32"


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_the_side_that_an_error_proposes_can_be_built(levels):
    """And no side between it and the refused one can."""
    for side in range(1, 60):
        try:
            model = unet_2d((side, side, 1), 1, levels=levels, base_features=1, padding="valid")
        except ValueError as error:
            proposed = int(str(error).split("use ")[1].split()[0])
            assert proposed > side
        else:
            assert model.output.shape[1] >= 1
            break
    assert side == proposed


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((100, 96, 1), {}, "side 100 .* 4 poolings of padding 'same'; use 112 or None"),
        ((96, 573, 1), {"padding": "valid"}, "side 96 .* padding 'valid'; use 188 or None"),
        ((572, 573, 1), {"padding": "valid"}, "side 573 .* use 588 or None"),
        ((16, 16, 16, 1), {}, "input_shape must be"),
        (ANY, {"levels": 0}, "levels must be at least 1"),
        (ANY, {"levels": 13}, "more than 4096 channels"),
        (ANY, {"base_features": 0}, "base_features must be at least 1"),
        (ANY, {"padding": "full"}, "padding must be same or valid, got 'full'"),
        (ANY, {"dropout": 1}, "dropout must be from 0 to below 1, got 1"),
    ],
)
def test_what_cannot_be_built_is_named(shape, options, message):
    with pytest.raises(ValueError, match=message):
        unet_2d(shape, 1, **options)
