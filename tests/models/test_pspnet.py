"""Pins of PSPNet: parameter counts and outputs of the two published Keras codes."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.pspnet import GridMean, pspnet
from tomoseg_tf.models.resizing import ResizeBilinear

keras = load_keras()
DATA = Path(__file__).parent / "data"

pytestmark = pytest.mark.usefixtures("no_random_start")


@functools.cache
def count(backbone, factor, channels, classes):
    """Parameters, and those of them that are fitted."""
    model = pspnet((None, None, channels), classes, backbone=backbone, downsample_factor=factor)
    return model.count_params(), sum(np.prod(w.shape) for w in model.trainable_weights)


@pytest.mark.parametrize(
    ("backbone", "factor", "channels", "classes", "parameters", "frozen"),
    [
        ("resnet50", 4, 3, 1, 1_946_314, 7_686),
        ("resnet50", 8, 3, 1, 3_826_378, 13_830),
        ("resnet50", 8, 3, 2, 3_830_987, 13_830),
        ("resnet50", 8, 3, 21, 3_918_558, 13_830),
        ("resnet50", 16, 3, 1, 12_251_850, 32_262),
        ("resnet152", 4, 3, 1, 1_946_314, 7_686),
        ("resnet152", 8, 1, 1, 4_946_500, 19_970),
        ("resnet152", 8, 1, 2, 4_951_109, 19_970),
        ("resnet152", 8, 1, 3, 4_955_718, 19_970),
        ("resnet152", 8, 3, 1, 4_952_778, 19_974),
        ("resnet152", 8, 3, 2, 4_957_387, 19_974),
        ("resnet152", 8, 3, 3, 4_961_996, 19_974),
        ("resnet152", 8, 3, 21, 5_044_958, 19_974),
        ("resnet152", 16, 3, 1, 46_985_930, 130_566),
        ("inception_v3", 4, 3, 1, 1_728_017, 5_920),
        ("inception_v3", 8, 1, 1, 2_793_185, 8_832),
        ("inception_v3", 8, 1, 2, 2_797_794, 8_832),
        ("inception_v3", 8, 1, 3, 2_802_403, 8_832),
        ("inception_v3", 8, 3, 1, 2_793_761, 8_832),
        ("inception_v3", 8, 3, 2, 2_798_370, 8_832),
        ("inception_v3", 8, 3, 3, 2_802_979, 8_832),
        ("inception_v3", 8, 3, 21, 2_885_941, 8_832),
        ("inception_v3", 16, 3, 1, 12_004_769, 23_936),
    ],
)
def test_parameter_counts_are_those_of_the_published_code(
    backbone, factor, channels, classes, parameters, frozen
):
    built = 21 if (backbone, channels, classes) == ("inception_v3", 3, 21) else 1
    found, fitted = count(backbone, factor, channels, built)
    found += (classes - built) * (3 * 3 * 512 + 1)  # built once: each class is one more kernel
    assert found == parameters
    assert parameters - fitted - (classes - built) * 4_609 == frozen


def test_the_network_computes_what_the_code_published_with_unet_plus_plus_does(fill, grey):
    """Legacy linear resizing in the pyramid; the class scores are repeated."""
    model = pspnet((None, None, 3), 2, backbone="inception_v3")
    fill(model, 1.0, {"aggregation": "conv_block"})
    inside = [model.get_layer(f"level{cells}_relu").output for cells in (3, 6)]
    model = keras.Model(model.input, [model.output, *inside])
    found, level3, level6 = model.predict_on_batch(grey(192))
    with np.load(DATA / "pspnet.npz") as expected:
        np.testing.assert_allclose(level3[..., ::4], expected["level3"], atol=1e-4)
        np.testing.assert_allclose(level6[..., ::8], expected["level6"], atol=1e-4)
        np.testing.assert_allclose(found[:, ::3, ::3, :1], expected["legacy"], atol=1e-5)


def test_the_network_computes_what_segmentation_models_does(fill, grey):
    model = pspnet((96, 96, 3), 2, backbone="resnet50", resize="half_pixel")
    fill(model, 0.7, {"^level": "psp_level"})
    found = model.predict_on_batch(grey(96))[:, ::2, ::2, :1]
    with np.load(DATA / "pspnet.npz") as expected:
        np.testing.assert_allclose(found, expected["half_pixel"], atol=1e-5)


@pytest.mark.parametrize("sides", [(12, 18), (6, 30)])
def test_means_over_a_grid_are_poolings_of_its_cells(sides):
    x = np.random.default_rng(0).standard_normal((2, *sides, 3)).astype("float32")
    cell = sides[0] // 6, sides[1] // 6
    expected = keras.layers.AveragePooling2D(cell)(x)
    np.testing.assert_allclose(GridMean(6)(x), expected, atol=1e-6)


def test_half_pixel_resizing_is_that_of_keras_and_legacy_starts_at_the_first_centre():
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 2)).astype("float32")
    fine = np.zeros((2, 12, 20, 1), "float32")
    expected = keras.layers.UpSampling2D(4, interpolation="bilinear")(x)
    np.testing.assert_allclose(ResizeBilinear("half_pixel")(x, fine), expected, atol=1e-5)

    legacy = np.asarray(ResizeBilinear("first_pixel")(x, fine))
    np.testing.assert_allclose(legacy[:, ::4, ::4], x, atol=1e-6)
    np.testing.assert_allclose(legacy[:, 2, ::4], (x[:, 0] + x[:, 1]) / 2, atol=1e-6)
    np.testing.assert_allclose(legacy[:, 8:, ::4], np.repeat(x[:, 2:], 4, axis=1), atol=1e-6)


def test_a_saved_network_is_read_back_and_takes_other_sides(tmp_path, fill):
    """Sides may differ from each other and from slice to slice."""
    model = pspnet((None, None, 1), 1, backbone="inception_v3", downsample_factor=4, filters=2)
    fill(model, 1.0)
    model.save(tmp_path / "pspnet.keras")
    again = keras.models.load_model(tmp_path / "pspnet.keras")
    image = np.random.default_rng(0).standard_normal((1, 24, 48, 1)).astype("float32")
    expected = model.predict_on_batch(image)
    np.testing.assert_array_equal(again.predict_on_batch(image), expected)
    turned = np.zeros((1, 72, 24, 1), "float32")
    assert model.predict_on_batch(turned).shape == turned.shape
    with pytest.raises(
        ValueError, match=r"7 features cannot be cut into [236]; pad .* multiple of 6"
    ):
        model(np.zeros((1, 28, 24, 1), "float32"))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_probabilities_stay_float32_in_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = pspnet(
            (24, 24, 1), 2, backbone="inception_v3", downsample_factor=4, resize="half_pixel"
        )
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("pyramid").compute_dtype == policy.removeprefix("mixed_")
    probabilities = model(np.ones((1, 24, 24, 1), "float32"))
    assert model.output.dtype == "float32"
    np.testing.assert_allclose(np.asarray(probabilities).sum(axis=-1), 1, atol=1e-6)


def test_dropout_is_of_whole_channels_before_the_head():
    options = {"backbone": "inception_v3", "downsample_factor": 4, "filters": 2}
    model = pspnet((24, 24, 1), 1, dropout=0.3, **options)
    layer = model.get_layer("aggregation_dropout")
    assert isinstance(layer, keras.layers.SpatialDropout2D)
    assert layer.rate == 0.3
    assert model.get_layer("final_conv").input is layer.output


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((96, 100, 1), {}, "side 100 .* no multiple of 48, .* use 144 or None"),
        ((96, 96, 1), {"downsample_factor": 16, "num_classes": 0}, "num_classes must be at least"),
        ((96, 120, 1), {"downsample_factor": 16}, "side 120 .* no multiple of 96, .* use 192"),
        ((96, 96), {}, r"input_shape must be \(Y, X, channels\)"),
        ((96, 96, 1), {"downsample_factor": 32}, "downsample_factor 32 is none of 4, 8, 16"),
        ((96, 96, 1), {"backbone": "vgg16"}, "backbone 'vgg16' is none of resnet18"),
        ((96, 96, 1), {"resize": "cubic"}, "resize 'cubic' is none of published, half_pixel"),
        ((96, 96, 1), {"filters": 0}, "filters must be 1 to 4096, got 0"),
        ((96, 96, 1), {"dropout": 1.5}, "dropout must be from 0 to below 1, got 1.5"),
    ],
)
def test_what_cannot_be_built_is_named(shape, options, message):
    with pytest.raises(ValueError, match=message):
        pspnet(shape, **{"num_classes": 1, **options})


def test_another_backend_computes_the_same():
    pytest.importorskip("torch")
    code = """
import numpy as np
from tomoseg_tf.models.pspnet import GridMean
from tomoseg_tf.models.resizing import ResizeBilinear
x = np.arange(72, dtype="float32").reshape(1, 6, 12, 1)
coarse = GridMean(3)(x)
print(float(coarse[0, 2, 1, 0]), float(ResizeBilinear("half_pixel")(coarse, x)[0, 4, 7, 0]))
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=True,
    )
    # The means are linear, 24 a row and 4 a column: on a grid of 3 that is seen at 1.75, 1.375.
    assert result.stdout.split() == [str(24 * 2 + 4 * 1 + 7.5), str(24 * 1.75 + 4 * 1.375 + 7.5)]
