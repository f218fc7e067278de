"""Pins of DeepLab v3+: published counts, the output of the Keras port, and atrous identities."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import correlate

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.backbones.xception import VARIANTS, xception
from tomoseg_tf.models.deeplab_v3_plus import deeplab_v3_plus

keras = load_keras()
DATA = Path(__file__).parent / "data"
FEATURES = "exit_flow_block2_separable_conv3_pointwise_relu"
TINY = {"backbone": "xception_tiny"}
TINY_BLOCKS = ((4, 2), (8, 2), (728, 2)), 1, 2


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """A backbone that is alike, but cheap."""
    monkeypatch.setitem(VARIANTS, "xception_tiny", TINY_BLOCKS)


def zeros(self, shape, dtype=None, **options):
    """Fresh kernels of millions of zeros cost less than random ones."""
    return keras.ops.zeros(shape, dtype)


def build_cheaply(*arguments, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.initializers.TruncatedNormal, "__call__", zeros)
        patch.setattr(keras.initializers.GlorotUniform, "__call__", zeros)
        return deeplab_v3_plus(*arguments, **options)


@pytest.fixture(scope="module")
def bonlime():
    return build_cheaply((None, None, 3), 3, flavour="bonlime")


def fill(network, gain, names):
    """Set the weights that the published run had: normal, by the name of each."""
    for layer in network.layers:
        for weight in layer.weights:
            kind = weight.path.split("/")[-1]
            key = f"{names.get(layer.name, layer.name)}/{kind}"
            rng, shape = np.random.default_rng(zlib.crc32(key.encode())), tuple(weight.shape)
            if kind == "kernel":
                fan = np.prod(shape[:2] if "Depthwise" in type(layer).__name__ else shape[:-1])
                value = rng.standard_normal(shape) * gain * np.sqrt(2 / fan)
            elif kind in ("gamma", "moving_variance"):
                value = rng.uniform(0.5, 1.5, shape)
            else:
                value = rng.standard_normal(shape) * (0.05 if kind == "bias" else 0.1)
            weight.assign(value.astype("float32"))


def noise(*shape):
    return np.random.default_rng(7).standard_normal(shape).astype("float32")


def test_the_published_port_gives_the_same(bonlime):
    fill(bonlime, 0.75, {"head_conv": "custom_logits_semantic"})
    published = np.load(DATA / "deeplab_v3_plus_bonlime_os16.npz")
    names = (
        "feature_projection0_BN",
        "exit_flow_block2_separable_conv3_pointwise_BN",
        "concat_projection",
        "head_resize",
    )
    network = keras.Model(bonlime.input, [bonlime.get_layer(name).output for name in names])
    low_level, features, pyramid, logits = (
        np.asarray(output)[0] for output in network(noise(1, 96, 96, 3), training=False)
    )
    for found, key in (
        (low_level[::4, ::4], "low_level"),
        (features[..., ::32], "features"),
        (pyramid[..., ::8], "pyramid"),
        (logits[::3, ::3], "output"),
    ):
        expected = published[key]
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


COUNTS = [  # backbone, channels, that of the backbone, moving averages, then by classes
    ("xception_41", 1, 25_035_296, 132_912, (28_235_857, 28_236_114, 28_236_371, 28_240_997)),
    ("xception_41", 3, 25_035_872, 132_912, (28_236_433, 28_236_690, 28_236_947, 28_241_573)),
    ("xception_65", 1, 38_051_936, 202_800, (41_252_497, 41_252_754, 41_253_011, 41_257_637)),
    ("xception_65", 3, 38_052_512, 202_800, (41_253_073, 41_253_330, 41_253_587, 41_258_213)),
    ("xception_71", 1, 40_488_136, 216_576, (43_688_697, 43_688_954, 43_689_211, 43_693_837)),
    ("xception_71", 3, 40_488_712, 216_576, (43_689_273, 43_689_530, 43_689_787, 43_694_413)),
]


@pytest.fixture(scope="module")
def networks(bonlime):
    """One network of three channels and three classes per backbone."""
    others = ("xception_41", "xception_71")
    built = {name: build_cheaply((None, None, 3), 3, backbone=name) for name in others}
    return {**built, "xception_65": bonlime}


@pytest.mark.parametrize(("backbone", "channels", "in_backbone", "moving", "totals"), COUNTS)
def test_counts_are_the_published_ones(networks, backbone, channels, in_backbone, moving, totals):
    """Built once per backbone: of the rest only the first and the last convolution differ."""
    network = networks[backbone]
    first = 9 * 32 * (channels - 3)
    total = network.count_params() + first
    assert totals == tuple(total + 257 * (classes - 3) for classes in (1, 2, 3, 21))
    averages = sum(int(np.prod(weight.shape)) for weight in network.non_trainable_weights)
    assert averages == moving
    trunk = keras.Model(network.input, network.get_layer(FEATURES).output)
    assert trunk.count_params() + first == in_backbone


def test_counts_of_the_port_and_of_its_trainable_part(networks):
    """The port, with 1, 2, 3, 19 and 21 classes; 19 is in no other table."""
    total = networks["xception_65"].count_params()
    assert total + 257 * 16 == 41_257_699
    assert total - 202_800 == 41_050_787
    trunk = keras.Model(
        networks["xception_65"].input, networks["xception_65"].get_layer(FEATURES).output
    )
    assert sum(int(np.prod(weight.shape)) for weight in trunk.trainable_weights) == 37_867_312


@pytest.mark.parametrize(
    ("backbone", "block"), [("xception_41", 2), ("xception_65", 2), ("xception_71", 3)]
)
def test_the_low_level_is_at_a_quarter_and_not_rectified(networks, backbone, block):
    network = networks[backbone]
    low_level = network.get_layer("feature_projection0").input
    name = f"entry_flow_block{block}_separable_conv2_pointwise_BN"
    assert low_level is network.get_layer(name).output
    assert low_level.shape[-1] == 256
    strides = [
        layer.strides[0]
        for layer in keras.Model(network.input, low_level).layers
        if "depthwise" in layer.name or "conv1" in layer.name
        if hasattr(layer, "strides")
    ]
    assert np.prod(strides) == 4


def test_sides_and_order_are_those_of_the_paper():
    """Model Garden crops to 513 pixels: 129 at a quarter, 33 at a sixteenth."""
    network = build_cheaply((513, 512, 1), 5, **TINY)
    shapes = {layer.name: layer.output.shape[1:] for layer in network.layers}
    assert shapes["image_pooling_resize"] == (33, 32, 256)
    assert shapes["decoder_resize"] == (129, 128, 256)
    assert network.output.shape[1:] == (513, 512, 5)
    branches = ["image_pooling_resize", "aspp0_relu"]
    branches += [f"aspp{index}_pointwise_relu" for index in (1, 2, 3)]
    for tensor, branch in zip(network.get_layer("aspp_concat").input, branches, strict=True):
        assert tensor is network.get_layer(branch).output
    up, low_level = network.get_layer("decoder_concat").input
    assert (up.shape[-1], low_level.shape[-1]) == (256, 48)


@pytest.mark.parametrize(
    ("options", "aspp", "exit_flow", "middle"),
    [
        ({}, [6, 12, 18], [2, 2, 2], 1),
        ({"output_stride": 8}, [12, 24, 36], [4, 4, 4], 2),
        ({"atrous_rates": [3, 6, 9], "multi_grid": [1, 2, 4]}, [3, 6, 9], [2, 4, 8], 1),
    ],
)
def test_rates_are_the_published_or_the_given_ones(options, aspp, exit_flow, middle):
    network = build_cheaply((None, None, 1), 2, **TINY, **options)

    def rate(name):
        return network.get_layer(f"{name}_depthwise").dilation_rate[0]

    assert [rate(f"aspp{index}") for index in (1, 2, 3)] == aspp
    assert [rate(f"exit_flow_block2_separable_conv{i}") for i in (1, 2, 3)] == exit_flow
    assert rate("middle_flow_unit_1_separable_conv2") == middle


def backbone(**options):
    image = keras.Input((None, None, 1))
    return keras.Model(image, xception(image, "xception_tiny", **options))


def test_dilation_in_place_of_a_stride_gives_the_same_features_more_densely():
    """Every second feature at output stride 8 is one at 16, up to the border."""
    sparse, dense = backbone(), backbone(output_stride=8)
    fill(sparse, 1, {})
    dense.set_weights(sparse.get_weights())
    for side in (33, 40):
        image = noise(1, side, side, 1)
        expected, found = np.asarray(sparse(image)[0]), np.asarray(dense(image)[0])
        assert found.shape[1] == -(-side // 8)
        np.testing.assert_allclose(found[:, ::2, ::2], expected, atol=1e-5 * expected.max())
        assert expected.std() > 0.01 * expected.max()


@pytest.mark.parametrize(("symmetric", "offset"), [(True, 0), (False, 1)])
def test_the_first_convolution_is_centred_as_its_flavour_says(symmetric, offset):
    network = backbone(symmetric_stem=symmetric)
    layer = network.get_layer("entry_flow_conv1_1")
    stem = keras.Model(network.input, layer.output)
    image = noise(1, 8, 8, 1)
    found = np.asarray(stem(image))[0, ..., 5]
    kernel = np.asarray(layer.get_weights()[0])[:, :, 0, 5]
    expected = correlate(image[0, ..., 0], kernel, mode="constant")[offset::2, offset::2]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(expected).max() > 0.01


def test_flavours_differ_and_open_sides_of_any_size_come_back():
    networks = [
        build_cheaply((None, None, 1), 1, flavour=flavour, **TINY)
        for flavour in ("model_garden", "bonlime")
    ]
    fill(networks[0], 0.75, {})
    networks[1].set_weights(networks[0].get_weights())
    image = noise(1, 37, 26, 1)
    aligned, half_pixel = (np.asarray(network(image, training=False)) for network in networks)
    assert aligned.shape == half_pixel.shape == (1, 37, 26, 1)
    assert 0 < aligned.min() < aligned.max() < 1
    assert np.abs(aligned - half_pixel).max() > 0.01


@pytest.mark.parametrize("half", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_gives_probabilities_in_float32(half):
    policy = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(half)
        network = build_cheaply((None, None, 1), 3, **TINY)
    finally:
        keras.config.set_dtype_policy(policy)
    assert network.output.dtype == "float32"
    assert network.get_layer("decoder_concat").output.dtype == half.removeprefix("mixed_")


@pytest.mark.parametrize(
    ("shape", "num_classes", "options", "message"),
    [
        ((16, 16, 16, 1), 1, {}, r"input_shape must be \(Y, X, channels\)"),
        ((0, 16, 1), 1, {}, "each side of input_shape must be at least 1, got 0"),
        ((16, 16, None), 1, {}, "channels of input_shape must be at least 1"),
        ((16, 16, 1), 0, {}, "num_classes must be at least 1, got 0"),
        ((16, 16, 1), 1, {"backbone": "resnet"}, "no Xception 'resnet'; use one of xception_41"),
        ((16, 16, 1), 1, {"output_stride": 4}, "output_stride must be 8 or 16, got 4"),
        ((16, 16, 1), 1, {"atrous_rates": []}, "atrous_rates is empty; give at least one"),
        ((16, 16, 1), 1, {"atrous_rates": [6, 0]}, "each of atrous_rates must be at least 1"),
        ((16, 16, 1), 1, {"multi_grid": [1, 2]}, "multi_grid must be 3 factors"),
        ((16, 16, 1), 1, {"dropout": 1}, "dropout must be at least 0 and below 1, got 1"),
        ((16, 16, 1), 1, {"momentum": -1}, "momentum must be at least 0 and below 1, got -1"),
        ((16, 16, 1), 1, {"flavour": "keras"}, "no flavour 'keras'; use one of model_garden"),
    ],
)
def test_what_cannot_be_built_is_named(shape, num_classes, options, message):
    with pytest.raises(ValueError, match=message):
        deeplab_v3_plus(shape, num_classes, **options)
