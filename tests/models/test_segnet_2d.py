"""Pins of SegNet: counts of the published nets, Caffe's unpooling, agreement of the backends."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.layers.index_pooling import IndexPooling2D, IndexUnpooling2D
from tomoseg_tf.models.layers.local_response import LocalResponseNormalization
from tomoseg_tf.models.segnet_2d import segnet_2d

keras = load_keras()
ANY = (None, None, 1)
DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("variant", "kernel", "averages", "counts"),
    [
        (
            "vgg16",
            3,
            15_872,
            {
                (3, 11): 29_449_355,
                (3, 1): 29_443_585,
                (3, 2): 29_444_162,
                (3, 3): 29_444_739,
                (1, 1): 29_442_433,
                (1, 2): 29_443_010,
                (1, 3): 29_443_587,
            },
        ),
        (
            "basic",
            7,
            1_024,
            {
                (3, 11): 1_416_587,
                (3, 1): 1_415_937,
                (3, 2): 1_416_002,
                (3, 3): 1_416_067,
                (1, 1): 1_409_665,
                (1, 2): 1_409_730,
                (1, 3): 1_409_795,
            },
        ),
    ],
)
def test_parameter_counts_are_those_of_the_published_nets(variant, kernel, averages, counts):
    """Built once, as it takes long; only the first and the last convolution depend on the row."""
    with keras.StatelessScope(initialize_variables=False):
        model = segnet_2d((None, None, 3), 11, variant=variant)
    trainable = sum(np.prod(weight.shape) for weight in model.trainable_weights)
    assert model.count_params() == trainable + averages
    a_channel = kernel**2 * 64
    a_class = model.get_layer("head_conv").count_params() // 11
    assert model.get_layer("encoder0_conv0").kernel.shape == (kernel, kernel, 3, 64)
    for (channels, num_classes), count in counts.items():
        assert count == trainable + a_channel * (channels - 3) + a_class * (num_classes - 11)


@pytest.mark.parametrize(("channels", "num_classes"), [(1, 1), (2, 3)])
def test_channels_and_classes_change_only_the_outer_convolutions(channels, num_classes):
    with keras.StatelessScope(initialize_variables=False):
        model = segnet_2d((None, None, channels), num_classes, widths=(64, 1))
    shapes = [tuple(weight.shape) for weight in model.weights if weight.name == "kernel"]
    assert shapes[0] == (3, 3, channels, 64)
    assert shapes[-1] == (3, 3, 64, num_classes)
    assert shapes[1:-1] == [
        (3, 3, *pair) for pair in ((64, 64), (64, 1), (1, 1), (1, 1), (1, 64), (64, 64))
    ]


def reference(epsilon=1e-9):
    """Build a narrow SegNet with weights drawn by name; give the stored file too."""
    model = segnet_2d((None, None, 3), 2, widths=[4, 6, 8, 10, 10], epsilon=epsilon)
    for layer in model.layers:
        for weight in layer.weights:
            weight.assign(draw(f"{layer.name}/{weight.name}", tuple(weight.shape)))
    return model, np.load(DATA / "segnet_2d_reference.npz")


def draw(name, shape):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith(("gamma", "variance")):
        return rng.uniform(0.5, 1.5, shape)
    if name.endswith("kernel"):
        return rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1]))
    return 0.1 * rng.standard_normal(shape)


def test_the_output_is_that_of_a_torch_reference_on_odd_sides():
    """45 by 60 pixels: sides 45, 23, 12, 6, 3 and the indices of PyTorch's unpooling."""
    model, stored = reference()
    np.testing.assert_allclose(
        model.predict_on_batch(stored["input"]), stored["probabilities"], atol=2e-6
    )


def test_the_published_epsilon_is_an_option():
    assert segnet_2d(ANY, 1, widths=(2,)).get_layer("encoder0_norm0").epsilon == 1e-3
    narrow = segnet_2d(ANY, 1, widths=(2,), epsilon=1e-9)
    assert narrow.get_layer("decoder0_norm0").epsilon == 1e-9


@pytest.mark.parametrize("sides", [(4, 6), (5, 7), (1, 1), (2, 3)])
def test_unpooling_puts_the_maxima_back_where_they_stood(sides):
    grey = np.random.default_rng(0).standard_normal((2, *sides, 3)).astype("float32")
    maxima, index = IndexPooling2D()(grey)
    found = keras.ops.convert_to_numpy(IndexUnpooling2D()([maxima, index, grey]))
    expected = np.zeros_like(grey)
    for y in range(0, sides[0], 2):
        for x in range(0, sides[1], 2):
            window = grey[:, y : y + 2, x : x + 2]
            top = window.max(axis=(1, 2), keepdims=True)
            expected[:, y : y + 2, x : x + 2] = np.where(window == top, window, 0)
    np.testing.assert_array_equal(found, expected)


def test_the_first_of_equal_maxima_is_taken():
    grey = np.zeros((1, 3, 4, 1), "float32")
    maxima, index = IndexPooling2D()(grey)
    ones = keras.ops.ones_like(maxima)
    found = keras.ops.convert_to_numpy(IndexUnpooling2D()([ones, index, grey]))[0, ..., 0]
    np.testing.assert_array_equal(found, [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0]])


@pytest.mark.parametrize("channels", [1, 3, 7])
def test_the_response_is_normalised_over_five_channels(channels):
    x = 200 * np.random.default_rng(0).random((1, 2, 3, channels)).astype("float32")
    near = np.abs(np.subtract.outer(np.arange(channels), np.arange(channels))) <= 2
    expected = x / (1 + 1e-4 / 5 * (x**2 @ near)) ** 0.75
    np.testing.assert_allclose(LocalResponseNormalization()(x), expected, rtol=1e-5)


def test_the_basic_net_has_no_rectifiers_in_its_decoder():
    with keras.StatelessScope(initialize_variables=False):
        model = segnet_2d((45, 60, 1), 3, variant="basic", widths=(2, 3, 4), dropout=0.5)
    names = [layer.name for layer in model.layers]
    assert [name for name in names if "relu" in name] == [f"encoder{i}_relu0" for i in range(3)]
    assert [name for name in names if "dropout" in name] == ["encoder2_dropout", "decoder2_dropout"]
    assert names[1] == "input_norm"
    assert model.get_layer("encoder0_conv0").kernel.shape == (7, 7, 1, 2)
    assert model.output.shape == (None, 45, 60, 3)


def test_dropout_of_bayesian_segnet_stands_from_the_third_resolution_on():
    with keras.StatelessScope(initialize_variables=False):
        model = segnet_2d(ANY, 1, widths=(1,) * 5, dropout=0.5)
    names = {layer.name for layer in model.layers if isinstance(layer, keras.layers.Dropout)}
    assert names == {
        f"{half}{level}_dropout" for half in ("encoder", "decoder") for level in (2, 3, 4)
    }


def test_a_saved_model_loads_with_its_layers(tmp_path):
    model = segnet_2d(ANY, 3, variant="basic", widths=(2, 2))
    model.save(tmp_path / "segnet.keras")
    grey = np.random.default_rng(0).random((1, 9, 11, 1)).astype("float32")
    loaded = keras.models.load_model(tmp_path / "segnet.keras")
    np.testing.assert_array_equal(loaded.predict_on_batch(grey), model.predict_on_batch(grey))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_keeps_indices_and_gives_float32(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = segnet_2d(ANY, 1, widths=(2, 2))
    finally:
        keras.config.set_dtype_policy("float32")
    grey = np.random.default_rng(0).random((1, 9, 10, 1)).astype("float32")
    found = model.predict_on_batch(grey)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_the_encoder_learns_through_the_unpooling():
    model = segnet_2d((6, 7, 1), 1, widths=(3,))
    before = model.get_layer("encoder0_conv0").get_weights()[0]
    rng = np.random.default_rng(0)
    model.compile("adam", "mse")
    model.train_on_batch(rng.random((2, 6, 7, 1)), rng.random((2, 6, 7, 1)))
    after = model.get_layer("encoder0_conv0").get_weights()[0]
    assert np.isfinite(after).all()
    assert np.abs(after - before).max() > 1e-4


def test_on_torch_the_layers_agree_with_those_of_torch():
    pytest.importorskip("torch")
    program = """
import torch
from tomoseg_tf.models.layers.index_pooling import IndexPooling2D, IndexUnpooling2D
grey = torch.randn(2, 3, 5, 8)
pooled, index = torch.nn.functional.max_pool2d(grey, 2, ceil_mode=True, return_indices=True)
back = torch.nn.functional.max_unpool2d(pooled, index, 2, output_size=grey.shape)
last = grey.permute(0, 2, 3, 1)
maxima, where = IndexPooling2D()(last)
assert torch.equal(maxima.permute(0, 3, 1, 2), pooled)
assert torch.equal(IndexUnpooling2D()([maxima, where, last]).permute(0, 3, 1, 2), back)
"""
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((64, 64), {}, "input_shape must be"),
        (ANY, {"variant": "resnet"}, "variant must be vgg16 or basic, got 'resnet'"),
        (ANY, {"widths": ()}, "widths must be numbers of channels, at least one"),
        (ANY, {"widths": (4, 0)}, "widths must be numbers of channels"),
        (ANY, {"dropout": -0.5}, "dropout must be from 0 to below 1"),
        (ANY, {"epsilon": 0}, "epsilon must be above 0"),
    ],
)
def test_what_cannot_be_built_is_named(shape, options, message):
    with pytest.raises(ValueError, match=message):
        segnet_2d(shape, 1, **options)
