"""The order of its layers, its options, and what it refuses.

Parameters are counted in test_unet_plus_plus_counts.py, outputs are pinned in
test_unet_plus_plus_outputs.py.
"""

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.unet_plus_plus import unet_plus_plus

keras = load_keras()

pytestmark = pytest.mark.usefixtures("no_random_start")


def test_what_is_up_sampled_comes_before_the_nodes_on_its_left():
    """The order of the concatenation decides where published weights land."""
    model = unet_plus_plus((None, None, 1), 1, widths=(2, 3, 4))
    up, *left = model.get_layer("merge13").input
    assert up is model.get_layer("up13").output
    names = [tensor._keras_history.operation.name for tensor in left]
    assert names == ["conv11_dropout2", "conv12_dropout2"]


def test_classes_sum_to_one_unless_each_is_scored_on_its_own(fill, grey):
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


def test_kernels_are_penalised_and_features_dropped_as_published(fill):
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
