"""Batch normalisation that the convolution before it takes upon itself."""

import keras
import numpy as np
import pytest

from tomoseg_tf.models import deeplab_v3_plus, pspnet, residual_unet_2d, segnet_2d
from tomoseg_tf.prediction.batch_norm import batch_norm_terms, find_folds
from tomoseg_tf.prediction.keras_network import KerasNetwork

L = keras.layers
SHAPE = (None, None, 1)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def network(randomise):
    """A function that makes a functional network of layers in a row, every weight of it random."""

    def join(*layers):
        x = image = keras.Input(SHAPE)
        for layer in layers:
            x = layer(x)
        return randomise(keras.Model(image, x), bias=0.3)

    return join


def kinds(model):
    """Names of the kinds of layers that are in a model."""
    return {type(layer).__name__ for layer in model.layers}


CONVOLUTIONS = {
    "plain": lambda: L.Conv2D(3, 3, padding="same"),
    "no bias": lambda: L.Conv2D(3, 3, padding="same", use_bias=False),
    "strides": lambda: L.Conv2D(3, 3, strides=2, padding="same", use_bias=False),
    "groups": lambda: L.Conv2D(4, 3, padding="same", groups=2),
    "depthwise": lambda: L.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
    "separable": lambda: L.SeparableConv2D(3, 3, padding="same", depth_multiplier=2),
    "transposed": lambda: L.Conv2DTranspose(3, 2, strides=2),
    "turned": lambda: L.Conv2DTranspose(3, 3, padding="same", use_bias=False),
}


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_a_convolution_does_what_batch_normalisation_did(kind, rng, network):
    model = network(
        L.Conv2D(2, 1), CONVOLUTIONS[kind](), L.BatchNormalization(), L.ReLU(), L.Conv2D(2, 1)
    )
    slices = rng.normal(size=(2, 12, 8)).astype("float32")
    predict = KerasNetwork(model)
    np.testing.assert_allclose(predict(slices), model(slices[..., None]), atol=1e-5)
    assert "BatchNormalization" not in kinds(predict.model)
    assert "BatchNormalization" in kinds(model)  # which is not changed


@pytest.mark.parametrize("settings", [{"scale": False}, {"center": False}, {"epsilon": 0.5}])
def test_the_terms_are_those_that_keras_computes(settings, rng, network):
    layer = L.BatchNormalization(**settings)
    network(layer)
    x = rng.normal(size=(3, 4, 5, 1)).astype("float32")
    gain, shift = batch_norm_terms(layer)
    np.testing.assert_allclose(x * gain + shift, layer(x), atol=1e-5)


def test_volumes_fold_too(randomise):
    image = keras.Input((None, None, None, 1))
    x = L.Conv3DTranspose(2, 2, strides=2)(L.Conv3D(3, 3, padding="same")(image))
    model = randomise(keras.Model(image, L.BatchNormalization()(x)), bias=0.3)
    assert list(find_folds(model)) == [model.layers[-2].name]


def test_a_result_that_is_used_elsewhere_is_kept(randomise):
    image = keras.Input(SHAPE)
    x = L.Conv2D(3, 3, padding="same")(image)
    model = randomise(keras.Model(image, L.Add()([x, L.BatchNormalization()(x)])), bias=0.3)
    assert not find_folds(model)
    last = keras.Model(image, [x, L.BatchNormalization()(x)])
    assert not find_folds(last)


def test_an_activation_or_another_axis_between_keeps_them_apart(network):
    assert not find_folds(network(L.Conv2D(3, 3, activation="relu"), L.BatchNormalization()))
    assert not find_folds(network(L.Conv2D(3, 3), L.ReLU(), L.BatchNormalization()))
    image = keras.Input((8, 8, 1))
    other = keras.Model(image, L.BatchNormalization(axis=1)(L.Conv2D(8, 3)(image)))
    assert not find_folds(other)


def test_the_head_stays_in_float32(network):
    model = network(
        L.Conv2D(4, 3, padding="same"), L.ReLU(), L.Conv2D(2, 1), L.BatchNormalization()
    )
    low = KerasNetwork(model, precision="bfloat16").model
    assert [layer.compute_dtype for layer in low.layers if layer.weights] == ["bfloat16", "float32"]


def test_in_low_precision_one_pixel_is_convolved_instead(rng, network):
    model = network(
        L.Conv2D(4, 3, padding="same"), L.ReLU(), L.BatchNormalization(), L.Conv2D(2, 1)
    )
    slices = rng.normal(size=(2, 12, 8)).astype("float32")
    low, full = KerasNetwork(model, precision="bfloat16"), KerasNetwork(model)
    assert "BatchNormalization" in kinds(full.model)
    if keras.backend.backend() == "tensorflow":
        assert "BatchNormalization" not in kinds(low.model)
    np.testing.assert_allclose(low(slices), full(slices), rtol=0.02, atol=0.05)


def test_places_of_maxima_stay_those_of_the_network():
    assert not find_folds(segnet_2d(SHAPE, num_classes=3, widths=(4, 8)))


@pytest.mark.parametrize(
    ("build", "settings", "kept"),
    [
        (deeplab_v3_plus, {"backbone": "xception_41"}, 0),
        (residual_unet_2d, {}, 0),
        (pspnet, {"backbone": "resnet18", "downsample_factor": 4, "filters": 8}, 4),
    ],
)
def test_published_networks_give_the_same(build, settings, kept, rng, randomise):
    model = randomise(build(SHAPE, num_classes=3, **settings), seed=3, bias=0.3)
    slices = rng.normal(size=(1, 96, 96)).astype("float32")
    predict = KerasNetwork(model)
    left = [layer for layer in predict.model.layers if isinstance(layer, L.BatchNormalization)]
    assert len(left) == kept  # after sums, pooling and the image
    np.testing.assert_allclose(predict(slices), model(slices[..., None]), atol=1e-5)
