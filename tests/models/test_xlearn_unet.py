"""Pins of the published xlearn nets: counts, order of the weights, and what they compute."""

import numpy as np
import pytest
from scipy.ndimage import convolve, correlate

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.xlearn_unet import xlearn_unet

keras = load_keras()


@pytest.mark.parametrize(
    ("side", "base_features", "kernel_size", "two", "three"),
    [
        (32, 32, 3, 849_281, 1_027_490),
        (32, 16, 3, 344_033, 258_178),
        (32, 8, 3, 151_889, 65_330),
        (64, 32, 3, 8_713_793, 1_032_386),
        (16, 32, 3, 357_713, 1_027_166),
        (32, 32, 5, 1_425_793, 2_850_722),
    ],
)
def test_parameter_counts_are_those_of_the_published_code(
    side, base_features, kernel_size, two, three
):
    options = {"base_features": base_features, "kernel_size": kernel_size}
    for variant, parameters in (("transformer2", two), ("transformer3_pooling", three)):
        with keras.StatelessScope(initialize_variables=False):
            model = xlearn_unet((side, side, 1), 1, variant=variant, **options)
        assert model.count_params() == parameters


def test_weights_come_in_the_order_of_the_published_file():
    """``weights_seg.h5`` of 2018: 9 convolutions, 3 dense layers, 9 transposed convolutions."""
    model = xlearn_unet((32, 32, 1), 1, activation="relu")
    kernels = [tuple(weight.shape) for weight in model.weights if weight.name == "kernel"]
    convolutions = [(1, 32), (32, 32), (32, 64), *[(64, 64)] * 3, (64, 128), (128, 128), (128, 1)]
    transposed = [(128, 1), (256, 128), (64, 320), (64, 64), (64, 128), (64, 64)]
    transposed += [(32, 96), (32, 32), (1, 32)]
    assert kernels[:9] == [(3, 3, *pair) for pair in convolutions]
    assert kernels[9:12] == [(16, 8), (8, 8), (8, 16)]
    assert kernels[12:] == [(3, 3, *pair) for pair in transposed]
    assert [weight.name for weight in model.weights] == ["kernel", "bias"] * 21


@pytest.mark.parametrize("variant", ["transformer2", "transformer3_pooling"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_network_computes_the_published_steps(variant, batch_norm):
    """With SciPy: a transposed convolution of stride 1 is a true convolution."""
    options = {"variant": variant, "batch_norm": batch_norm, "activation": "linear"}
    model = xlearn_unet((16, 24, 2), 1, base_features=2, **options)
    rng = np.random.default_rng(1)
    model.set_weights(
        [
            rng.normal(0.1, 0.3, weight.shape)
            if weight.name in ("kernel", "bias", "moving_mean")
            else rng.uniform(0.5, 1.5, weight.shape)
            for weight in model.weights
        ]
    )
    left = [np.asarray(weight, "float64") for weight in model.get_weights()]

    def norm(x):
        if batch_norm:
            gamma, beta, mean, variance = (left.pop(0) for _ in range(4))
            x = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
        return np.maximum(x, 0)

    def conv(x, transposed=False, last=False):
        kernel, bias = left.pop(0), left.pop(0)
        if transposed:
            kernel = kernel.swapaxes(2, 3)
        apply = convolve if transposed else correlate
        pairs = [[(i, o) for i in range(kernel.shape[2])] for o in range(kernel.shape[3])]
        x = [
            sum(apply(x[..., i], kernel[..., i, o], mode="constant") for i, o in row)
            for row in pairs
        ]
        x = np.stack(x, axis=-1) + bias
        return x if last else norm(x)

    def dense(x):
        return x @ left.pop(0) + left.pop(0)

    image = rng.random((16, 24, 2))
    x, shortcuts = image, []
    poolings = 2 if variant == "transformer2" else 3
    for _ in range(poolings):
        x = conv(conv(x))
        shortcuts.append(x)
        rows, columns, channels = x.shape
        x = x.reshape(rows // 2, 2, columns // 2, 2, channels).max(axis=(1, 3))
    x = conv(x)
    if poolings == 2:
        grid = (*x.shape[:2], 1)
        x = conv(dense(x.ravel()).reshape(grid), transposed=True)
    else:
        x = conv(conv(x))
        grid = x.shape
        x = norm(dense(norm(dense(norm(dense(x.ravel()))))))
        x = conv(conv(x.reshape(grid), transposed=True), transposed=True)
    for shortcut in reversed(shortcuts):
        x = np.concatenate([x.repeat(2, axis=0).repeat(2, axis=1), shortcut], axis=-1)
        x = conv(conv(x, transposed=True), transposed=True)
    x = conv(x, transposed=True, last=True)
    assert not left
    assert x.std() > 0.01 * np.abs(x).max()
    found = model.predict_on_batch(image[None].astype("float32"))[0]
    np.testing.assert_allclose(found, x, rtol=1e-4, atol=1e-5 * np.abs(x).max())


def test_classes_are_a_softmax_a_binary_net_a_sigmoid_and_the_published_net_open_above():
    grey = np.random.default_rng(0).random((2, 8, 16, 1)).astype("float32")
    softmax = xlearn_unet((8, 16, 1), 3, base_features=2).predict_on_batch(grey)
    np.testing.assert_allclose(softmax.sum(axis=-1), 1, atol=1e-6)
    sigmoid = xlearn_unet([8, 16, 1], 1, base_features=2, batch_norm=True).predict_on_batch(grey)
    assert sigmoid.shape == (2, 8, 16, 1)
    assert 0 < sigmoid.min() <= sigmoid.max() < 1
    published = xlearn_unet((8, 16, 1), 1, base_features=2, activation="relu")
    published.get_layer("head_conv").bias.assign([1.5])
    assert published.predict_on_batch(grey).max() > 1


def test_the_batch_is_normalised_before_every_rectifier():
    model = xlearn_unet((16, 16, 1), 3, base_features=2, batch_norm=True)
    rectifiers = [layer for layer in model.layers if isinstance(layer, keras.layers.ReLU)]
    assert len(rectifiers) == 20
    for layer in rectifiers:
        source = layer.input._keras_history.operation
        assert isinstance(source, keras.layers.BatchNormalization)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_probabilities_are_float32_in_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = xlearn_unet((16, 16, 1), 3, base_features=2)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("decoder0_1_conv").compute_dtype == policy[6:]
    assert model.output.dtype == "float32"


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((None, None, 1), {}, r"no open side; give both sides .* \(32, 32, 1\)"),
        ((36, 32, 1), {}, "side 36 .* multiple of 8, .* use 40"),
        ((34, 32, 1), {"variant": "transformer2"}, "side 34 .* multiple of 4, .* use 36"),
        ((0, 32, 1), {}, "side 0 .* use 8"),
        ((24, 24, 1), {}, "576 pixels, no multiple of 128, .* one side a multiple of 16"),
        ((32, 32), {}, "input_shape must be"),
        ((32, 32, 1), {"variant": "transformer4"}, "variant must be transformer2 or transformer3"),
        ((32, 32, 1), {"activation": "tanh"}, "activation must be one of relu, sigmoid"),
        ((32, 32, 1), {"base_features": 0}, "base_features must be at least 1"),
    ],
)
def test_what_cannot_be_built_is_named(shape, options, message):
    with pytest.raises(ValueError, match=message):
        xlearn_unet(shape, 1, **options)


def test_one_rate_replaces_the_published_three():
    for dropout, expected in ((None, [0.2, 0.25, 0.25]), (0.5, [0.5] * 3)):
        model = xlearn_unet((16, 16, 1), 1, base_features=1, dropout=dropout)
        rates = [layer.rate for layer in model.layers if "dropout" in layer.name]
        assert rates == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": 1.0}, "dropout must be from 0 to below 1, got 1.0"),
        ({"dropout": 0.5, "variant": "transformer2"}, "dropout belongs to transformer3_pooling"),
    ],
)
def test_a_dropout_that_cannot_be_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        xlearn_unet((16, 16, 1), 1, base_features=1, **options)
