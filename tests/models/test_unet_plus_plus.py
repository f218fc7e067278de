"""Pins of UNet++: parameter counts and outputs of the code its authors published."""

import functools
import re
import zlib
from pathlib import Path

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.unet_plus_plus import unet_plus_plus

keras = load_keras()
DATA = Path(__file__).parent / "data"
WIDE = (35, 70, 140, 280, 560)  # wU_Net


@pytest.fixture(autouse=True)
def no_random_start(monkeypatch):
    """Weights that are only counted, or set by the test, start at zero: it is faster."""
    for initialiser in (keras.initializers.GlorotUniform, keras.initializers.HeNormal):
        monkeypatch.setattr(
            initialiser, "__call__", lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype)
        )


def fill(model, gain):
    """Set the weights by the recipe of the oracles, from the layers' published names."""
    for layer in model.layers:
        transposed = isinstance(layer, keras.layers.Conv2DTranspose)
        name = layer.name
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


def grey(side, channels):
    """The input of the oracles."""
    return np.random.default_rng(7).standard_normal((1, side, side, channels)).astype("float32")


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({"topology": "unet"}, (7_759_521, 7_759_554, 7_759_587, 7_760_097, 7_760_130, 7_760_163)),
        (
            {"topology": "unet", "widths": WIDE},
            (9_282_246, 9_282_282, 9_282_318, 9_282_876, 9_282_912, 9_282_948),
        ),
        ({}, (9_041_601, 9_041_634, 9_041_667, 9_042_177, 9_042_210, 9_042_243)),
        ({"heads": "all"}, (9_041_700,)),
        ({"heads": "accurate"}, (9_041_700,)),
    ],
)
def test_parameter_counts_are_those_of_the_published_plain_nets(options, parameters):
    """From one channel to 1, 2 and 3 classes; then from three."""
    cases = [(channels, classes) for channels in (1, 3) for classes in (1, 2, 3)]
    for (channels, classes), expected in zip(cases, parameters, strict=False):
        model = unet_plus_plus((None, None, channels), classes, **options)
        assert model.count_params() == expected


ENCODERS = {  # parameters by number of channels, and those of them that are not fitted
    "resnet50": {1: (23_539_779, 45_570), 3: (23_546_057, 45_574)},
    "resnet152": {1: (58_273_859, 143_874), 3: (58_280_137, 143_878)},
    "inception_v3": {1: (21_802_208, 34_432), 3: (21_802_784, 34_432)},
}
SKIPS = {"resnet": (64, 256, 512, 1024, 2048), "inception": (64, 192, 288, 768, 2048)}
PLAIN = {"resnet": (256, 512, 1024, 2048), "inception": (192, 288, 768, 2048)}


class Weightless(keras.layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.width = width

    def call(self, image):
        raise NotImplementedError("only its shape is asked for")

    def compute_output_shape(self, input_shape):
        return (*input_shape[:3], self.width)


@functools.cache
def decoder_parameters(family, topology, decoder):
    """Count a binary net on features without weights, of the widths of a real encoder.

    All of its parameters, and those of them that are not fitted.
    """

    def stand_in(image, name):
        skips = {2 << i: Weightless(width)(image) for i, width in enumerate(SKIPS[family])}
        return skips, {4 << i: Weightless(width)(image) for i, width in enumerate(PLAIN[family])}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tomoseg_tf.models.unet_plus_plus_nodes.features", stand_in)
        model = unet_plus_plus(
            (None, None, 1), 1, backbone="resnet50", topology=topology, decoder=decoder
        )
    moving = sum(np.prod(weight.shape) for weight in model.non_trainable_weights)
    return model.count_params(), moving


@pytest.mark.parametrize(
    ("topology", "backbone", "decoder", "one_channel", "three_channels"),
    [
        ("unet", "resnet50", "upsampling", (), (32_561_114, 32_561_259)),
        ("unet", "resnet50", "transpose", (), (36_535_770, 36_535_915)),
        (
            "unet",
            "resnet152",
            "upsampling",
            (67_288_916, 67_289_061, 67_289_206),
            (67_295_194, 67_295_339, 67_295_484),
        ),
        (
            "unet",
            "resnet152",
            "transpose",
            (71_263_572, 71_263_717),
            (71_269_850, 71_269_995),
        ),
        (
            "unet",
            "inception_v3",
            "upsampling",
            (29_932_529, 29_932_674, 29_932_819),
            (29_933_105, 29_933_250, 29_933_395),
        ),
        (
            "unet",
            "inception_v3",
            "transpose",
            (33_907_185, 33_907_330),
            (33_907_761, 33_907_906),
        ),
        ("unet+", "resnet50", "upsampling", (), (32_248_938, 32_249_227)),
        ("unet+", "resnet50", "transpose", (), (35_560_554, 35_560_843)),
        (
            "unet+",
            "resnet152",
            "upsampling",
            (66_976_740, 66_977_029),
            (66_983_018, 66_983_307, 66_983_596),
        ),
        ("unet+", "resnet152", "transpose", (70_288_356, 70_288_645), (70_294_634, 70_294_923)),
        (
            "unet+",
            "inception_v3",
            "upsampling",
            (28_993_665, 28_993_954),
            (28_994_241, 28_994_530, 28_994_819),
        ),
        ("unet+", "inception_v3", "transpose", (31_617_153, 31_617_442), (31_617_729, 31_618_018)),
        ("unet++", "resnet50", "upsampling", (), (34_387_050, 34_387_339)),
        ("unet++", "resnet50", "transpose", (), (37_698_666, 37_698_955)),
        (
            "unet++",
            "resnet152",
            "upsampling",
            (69_114_852, 69_115_141),
            (69_121_130, 69_121_419, 69_121_708),
        ),
        ("unet++", "resnet152", "transpose", (72_426_468, 72_426_757), (72_432_746, 72_433_035)),
        (
            "unet++",
            "inception_v3",
            "upsampling",
            (30_468_225, 30_468_514),
            (30_468_801, 30_469_090, 30_469_379),
        ),
        ("unet++", "inception_v3", "transpose", (33_091_713, 33_092_002), (33_092_289, 33_092_578)),
    ],
)
def test_parameter_counts_are_those_of_the_published_code(
    topology, backbone, decoder, one_channel, three_channels
):
    """Unet, Nestnet and Xnet. The encoders alone are counted in test_backbones.py."""
    family = backbone.split("_")[0].rstrip("0123456789")
    for channels, counts in ((1, one_channel), (3, three_channels)):
        for num_classes, expected in enumerate(counts, start=1):
            # Built once: each further class is one more kernel of the head.
            found, _ = decoder_parameters(family, topology, decoder)
            found += (num_classes - 1) * (3 * 3 * (16 if topology == "unet" else 32) + 1)
            assert ENCODERS[backbone][channels][0] + found == expected


@pytest.mark.parametrize(
    ("topology", "backbone", "one_channel", "three_channels"),
    [
        ("unet", "resnet50", None, 47_558),
        ("unet", "resnet152", 145_858, 145_862),
        ("unet", "inception_v3", 36_416, 36_416),
        ("unet+", "resnet50", None, 50_374),
        ("unet+", "resnet152", 148_674, 148_678),
        ("unet+", "inception_v3", 39_232, 39_232),
        ("unet++", "resnet50", None, 50_374),
        ("unet++", "resnet152", 148_674, 148_678),
        ("unet++", "inception_v3", 39_232, 39_232),
    ],
)
@pytest.mark.parametrize("decoder", ["upsampling", "transpose"])
def test_moving_averages_are_those_of_the_published_code(
    topology, backbone, decoder, one_channel, three_channels
):
    family = backbone.split("_")[0].rstrip("0123456789")
    _, found = decoder_parameters(family, topology, decoder)
    for channels, expected in ((1, one_channel), (3, three_channels)):
        assert expected in (None, ENCODERS[backbone][channels][1] + found)


def test_the_plain_unet_computes_what_the_published_code_does():
    model = unet_plus_plus((None, None, 1), 1, topology="unet")
    fill(model, gain=1.0)
    with np.load(DATA / "unet_plus_plus.npz") as expected:
        np.testing.assert_allclose(model.predict_on_batch(grey(32, 1)), expected["unet"], atol=1e-5)


def test_heads_are_those_of_the_published_deep_supervision_averaged_or_pruned():
    """Fast: the net of a head's depth has that head, from the same layers, and no more."""
    heads = unet_plus_plus((None, None, 1), 1, heads="all")
    fill(heads, gain=1.0)
    found = heads.predict_on_batch(grey(32, 1))
    with np.load(DATA / "unet_plus_plus.npz") as oracle:
        expected = [oracle[f"head{index}"] for index in (1, 2, 3, 4)]
    np.testing.assert_allclose(found, expected, atol=1e-5)

    accurate = unet_plus_plus((None, None, 1), 1, heads="accurate")
    accurate.set_weights(heads.get_weights())
    np.testing.assert_allclose(
        accurate.predict_on_batch(grey(32, 1)), np.mean(expected, axis=0), atol=1e-5
    )

    for depth, parameters in ((1, 100_961), (2, 511_105), (4, 9_041_601)):
        pruned = unet_plus_plus((None, None, 1), 1, depth=depth)
        assert pruned.count_params() == parameters
        for layer in pruned.layers:
            layer.set_weights(heads.get_layer(layer.name).get_weights() if layer.weights else [])
        np.testing.assert_allclose(
            pruned.predict_on_batch(grey(32, 1)), expected[depth - 1], atol=1e-5
        )


@pytest.mark.parametrize(
    ("backbone", "parameters", "gain"),
    [("resnet50", 34_387_339, 0.7), ("inception_v3", 30_469_090, 1.0)],
)
def test_xnet_computes_what_the_published_code_does(backbone, parameters, gain):
    model = unet_plus_plus((64, 64, 3), 2, backbone=backbone)
    assert model.count_params() == parameters
    fill(model, gain)
    with np.load(DATA / "unet_plus_plus.npz") as expected:
        found = model.predict_on_batch(grey(64, 3))[:, ::2, ::2, :1]
        np.testing.assert_allclose(found, expected[f"xnet_{backbone}"], atol=1e-5)


def test_what_is_up_sampled_comes_before_the_nodes_on_its_left():
    """The order of the concatenation decides where published weights land."""
    model = unet_plus_plus((None, None, 1), 1, widths=(2, 3, 4))
    up, *left = model.get_layer("merge13").input
    assert up is model.get_layer("up13").output
    names = [tensor._keras_history.operation.name for tensor in left]
    assert names == ["conv11_dropout2", "conv12_dropout2"]


def test_classes_sum_to_one_unless_each_is_scored_on_its_own():
    image = grey(16, 1)[:, :, :12]  # any multiple of 4 a side
    model = unet_plus_plus((None, None, 1), 3, widths=(2, 3, 4))
    fill(model, gain=1.0)
    softmax = model.predict_on_batch(image)
    assert softmax.shape == (1, 16, 12, 3)
    np.testing.assert_allclose(softmax.sum(axis=-1), 1, atol=1e-6)
    single = unet_plus_plus((None, None, 1), 3, widths=(2, 3, 4), activation="sigmoid")
    single.set_weights(model.get_weights())
    sigmoid = single.predict_on_batch(image)
    odds = sigmoid / (1 - sigmoid)
    np.testing.assert_allclose(odds / odds.sum(axis=-1, keepdims=True), softmax, atol=1e-5)


def test_kernels_are_penalised_and_features_dropped_as_published():
    model = unet_plus_plus((None, None, 1), 1, widths=(2, 3))
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert {layer.rate for layer in dropouts} == {0.5}
    fill(model, gain=1.0)
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    expected = 1e-4 * sum(float(keras.ops.sum(kernel**2)) for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def test_a_backbone_may_have_dropout_before_the_head():
    """Without it, as published, there is no such layer; its values are the same."""
    plain, dropped = (
        unet_plus_plus((None, None, 1), 1, backbone="resnet18", **options)
        for options in ({}, {"dropout": 0.5})
    )
    rates = [
        [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
        for model in (plain, dropped)
    ]
    assert rates == [[], [0.5]]
    assert [w.path for w in plain.weights] == [w.path for w in dropped.weights]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_probabilities_stay_float32_in_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = unet_plus_plus((16, 16, 1), 2, widths=(2, 3, 4), heads="accurate")
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("conv13_2").compute_dtype == policy.removeprefix("mixed_")
    assert model.output.dtype == "float32"


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((40, 16, 1), {}, "side 40 .* no multiple of 16, .* use 48 or None"),
        ((42, 16, 1), {"depth": 2}, "side 42 .* no multiple of 4, .* use 44 or None"),
        ((48, 64, 1), {"backbone": "resnet18"}, "side 48 .* no multiple of 32, .* use 64"),
        ((16, 16, 16, 1), {}, r"input_shape must be \(Y, X, channels\)"),
        ((16, 16, 1), {"topology": "unet3+"}, "topology 'unet3\\+' is none of 'unet\\+\\+'"),
        ((16, 16, 1), {"backbone": "vgg"}, "backbone 'vgg' is none of resnet18"),
        (
            (32, 32, 1),
            {"backbone": "resnet18", "depth": 3},
            "depth and l2 belong to the plain",
        ),
        ((32, 32, 1), {"backbone": "resnet18", "widths": (8, 8)}, "widths must be 5"),
        ((16, 16, 1), {"decoder": "transpose"}, "decoder belongs to the nets with a backbone"),
        ((16, 16, 1), {"decoder": "pixels"}, "decoder 'pixels' is none of"),
        ((16, 16, 1), {"heads": "best"}, "heads 'best' is none of"),
        ((16, 16, 1), {"heads": "all", "topology": "unet"}, "topology 'unet' has one head"),
        ((16, 16, 1), {"depth": 5}, "depth must be 1 to 4 with 5 widths, got 5"),
        ((16, 16, 1), {"widths": (8, 10**6)}, "widths must be 1 to 4096 channels each"),
        ((16, 16, 1), {"dropout": 1}, "dropout must be from 0 to below 1, got 1"),
        ((16, 16, 1), {"activation": "relu"}, "activation 'relu' is none of None, 'sigmoid'"),
    ],
)
def test_what_cannot_be_built_is_named(shape, options, message):
    with pytest.raises(ValueError, match=message):
        unet_plus_plus(shape, 1, **options)


def test_no_classes_are_refused():
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        unet_plus_plus((16, 16, 1), 0)
