"""Pins of the encoders: counts and activations of the code published with UNet++."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import correlate

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.backbones import BACKBONES, backbone, features

keras = load_keras()
DATA = Path(__file__).parent / "data"

pytestmark = pytest.mark.usefixtures("no_random_start")


@pytest.mark.parametrize(
    ("name", "channels", "parameters", "frozen"),
    [
        ("resnet18", 3, 11_186_889, 7_942),
        ("resnet50", 1, 23_539_779, 45_570),
        ("resnet50", 3, 23_546_057, 45_574),
        ("resnet152", 1, 58_273_859, 143_874),
        ("resnet152", 3, 58_280_137, 143_878),
        ("inception_v3", 1, 21_802_208, 34_432),
        ("inception_v3", 3, 21_802_784, 34_432),
    ],
)
def test_parameter_counts_are_those_of_the_published_code(name, channels, parameters, frozen):
    model = backbone((None, None, channels), name)
    assert model.count_params() == parameters
    assert parameters - sum(np.prod(w.shape) for w in model.trainable_weights) == frozen


def test_resnet34_is_the_encoder_of_the_unet_of_segmentation_models():
    """24 456 154 parameters, of which 24 438 804 are fitted, less the decoder of that U-Net."""
    model = backbone((None, None, 3), "resnet34")
    decoder, merged = 0, (512 + 256, 256 + 128, 128 + 64, 64 + 64, 32)
    for channels, width in zip(merged, (256, 128, 64, 32, 16), strict=True):
        decoder += 9 * width * (channels + width) + 2 * 4 * width
    assert model.count_params() + decoder + 9 * 16 + 1 == 24_456_154


@pytest.mark.parametrize(
    ("name", "widths", "plain_widths"),
    [
        ("resnet18", (64, 64, 128, 256, 512), (64, 128, 256, 512)),
        ("resnet50", (64, 256, 512, 1024, 2048), (256, 512, 1024, 2048)),
        ("inception_v3", (64, 192, 288, 768, 2048), (192, 288, 768, 2048)),
    ],
)
def test_each_stride_halves_the_sides_exactly(name, widths, plain_widths):
    """The count is the same with unpadded Inception, the sides are not."""
    skips, plain = features(keras.Input((64, 96, 1)), name)
    for tensors, channels in ((skips, widths), (plain, plain_widths)):
        for (stride, tensor), width in zip(tensors.items(), channels, strict=True):
            assert tensor.shape[1:] == (64 // stride, 96 // stride, width)


@pytest.mark.parametrize("name", ["resnet50", "inception_v3"])
def test_nothing_is_built_beyond_the_stride_asked_for(name):
    image = keras.Input((96, 96, 1))
    skips, _ = features(image, name, stride=8)
    assert list(skips) == [2, 4, 8]
    assert skips[8].shape[1:3] == (12, 12)


def test_skips_are_the_published_layers():
    skips, plain = features(keras.Input((64, 64, 1)), "resnet18")
    names = [tensor._keras_history.operation.name for tensor in skips.values()]
    assert names == [
        "relu0",
        "stage2_unit1_relu1",
        "stage3_unit1_relu1",
        "stage4_unit1_relu1",
        "relu1",
    ]
    names = [tensor._keras_history.operation.name for tensor in plain.values()]
    assert names == ["stage1_unit2_relu1", "stage2_unit2_relu1", "stage3_unit2_relu1", "relu1"]


def test_a_basic_unit_adds_its_convolutions_to_the_projection(fill, grey):
    """bn1-relu1-3x3 and bn2-relu2-3x3, beside a 1x1 of relu1: worked out with SciPy."""
    image = keras.Input((16, 16, 1))
    skips, _ = features(image, "resnet18", stride=4)
    model = keras.Model(image, skips[4])
    fill(model, gain=1.0)
    inside = ["pooling0", "stage1_unit1_add"]
    x, found = keras.Model(
        image, [model.get_layer(name).output for name in inside]
    ).predict_on_batch(grey(16, 1))

    def rectified(x, name):
        gamma, beta, mean, variance = model.get_layer(f"stage1_unit1_{name}").get_weights()
        return np.maximum(gamma * (x - mean) / np.sqrt(variance + 2e-5) + beta, 0)

    def convolved(x, name):
        (kernel,) = model.get_layer(f"stage1_unit1_{name}").get_weights()
        channels = [
            sum(
                correlate(x[..., i], kernel[..., i, o], mode="constant") for i in range(x.shape[-1])
            )
            for o in range(kernel.shape[-1])
        ]
        return np.stack(channels, axis=-1)

    active = rectified(x[0].astype("float64"), "bn1")
    expected = convolved(active, "sc") + convolved(
        rectified(convolved(active, "conv1"), "bn2"), "conv2"
    )
    np.testing.assert_allclose(found[0], expected, atol=1e-4)


def test_inception_computes_what_the_published_code_does(fill, grey):
    image = keras.Input((64, 64, 3))
    skips, _ = features(image, "inception_v3")
    model = keras.Model(image, [skips[16], skips[32]])
    fill(model, gain=1.0)
    mixed7, mixed10 = model.predict_on_batch(grey(64, 3))
    with np.load(DATA / "backbones.npz") as expected:
        np.testing.assert_allclose(mixed7[..., ::8], expected["mixed7"], atol=1e-4)
        np.testing.assert_allclose(mixed10[..., ::4], expected["mixed10"], atol=1e-4)


def test_what_does_not_exist_is_named():
    image = keras.Input((64, 64, 1))
    with pytest.raises(ValueError, match=r"backbone 'vgg16' is none of resnet18, .*inception_v3"):
        features(image, "vgg16")
    with pytest.raises(ValueError, match="stride of a backbone must be 4, 8, 16 or 32, got 2"):
        features(image, BACKBONES[0], stride=2)
