"""Pins of fepegar/unet as James et al. used it: its counts, and the outputs of a PyTorch port."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models import residual_unet_2d, residual_unet_3d
from tomoseg_tf.weights.importers import residual_unet as names

keras = load_keras()
REFERENCES = Path(__file__).parent / "data" / "residual_unet.npz"
ANY = (None, None, None, 1)
TINY = {"levels": 2, "base_features": 2}

COUNTS = np.loadtxt(REFERENCES.with_name("residual_unet_counts.csv"), int, delimiter=",").tolist()


def options(rank, channels, classes, levels, base, **changes):
    """Arguments whose names and shapes the importer lists."""
    return {
        "input_shape": [*[None] * rank, channels],
        "num_classes": classes,
        "levels": levels,
        "base_features": base,
        "upsampling": "transposed",
        "residual": True,
        "batch_norm": True,
        "activation": "relu",
        "preactivation": False,
        **changes,
    }


def count(rank, *numbers, **changes):
    """Trainable parameters and moving averages, from names and shapes alone."""
    shapes = names.list_arrays(rank, options(rank, *numbers, **changes))
    sizes = [(name, int(np.prod(shape))) for name, shape, _ in shapes]
    moving = sum(size for name, size in sizes if "running_" in name)
    return sum(size for _, size in sizes) - moving, moving


@pytest.mark.parametrize("row", COUNTS)
def test_names_and_shapes_have_the_published_counts(row):
    (rank, *numbers), published = row[:3], row[3:]
    linear, plain = {"upsampling": "linear"}, {"residual": False}
    bare = {"batch_norm": False}
    found = [
        count(rank, 1, 1, *numbers)[0],
        count(rank, 3, 3, *numbers)[0],
        count(rank, 1, 1, *numbers, **linear)[0],
        count(rank, 3, 3, *numbers, **linear)[0],
        count(rank, 1, 1, *numbers)[1],
    ]
    for changes in (bare, {**plain, **bare}, plain):
        found += [count(rank, 1, 2, *numbers, **changes, **up)[0] for up in ({}, linear)]
    assert found == published


@pytest.mark.parametrize(
    ("builder", "arguments", "trained", "moving"),
    [
        (residual_unet_3d, {"base_features": 8}, 293_778, 512),
        (residual_unet_3d, {"base_features": 8, "upsampling": "linear"}, 252_722, 512),
        (residual_unet_3d, {"base_features": 8, "preactivation": True}, 294_114, 592),
        (residual_unet_3d, {"levels": 4, "residual": False}, 19_071_362, 4_608),
        (residual_unet_2d, {"base_features": 8, "activation": "prelu"}, 36_644, 304),
        (
            residual_unet_2d,
            {"levels": 5, "residual": False, "batch_norm": False},
            36_950_338,
            0,
        ),
    ],
)
def test_networks_have_the_published_counts(builder, arguments, trained, moving):
    shape = (None, None, 1) if builder is residual_unet_2d else ANY
    network = builder(shape, 2, **arguments)
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == trained
    assert network.count_params() == trained + moving


def value(name, shape):
    """Weights that the name alone decides, here and in the port."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("running_var") or ("norm_layer" in name and name.endswith("weight")):
        return rng.uniform(0.5, 1.5, shape).astype("f4")
    if "activation_layer" in name:
        return rng.uniform(0.1, 0.4, shape).astype("f4")
    if len(shape) == 1:
        return (0.1 * rng.standard_normal(shape)).astype("f4")
    return (rng.standard_normal(shape) * np.sqrt(1.4 / np.prod(shape[1:]))).astype("f4")


def port(case):
    """State_dict of a case of the port, its output (logits, channels first), and what went in."""
    stored = np.load(REFERENCES)
    shapes = json.loads(str(stored[f"{case}/names"]))
    state = {name: value(name, shape) for name, shape in shapes}
    output = stored[f"{case}/output"]
    rank = int(case[0])
    channels = state[names.FIRST].shape[1]
    side = 20 if "valid" in case else 16 if rank == 2 else 8
    image = np.random.default_rng(7).standard_normal((1, channels) + (side,) * rank)
    return state, np.moveaxis(image.astype("f4"), 1, -1), np.moveaxis(output, 1, -1)


def probabilities(logits):
    if logits.shape[-1] == 1:
        return 1 / (1 + np.exp(-logits))
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize(
    ("case", "more"),
    [
        ("3d_transposed", {}),
        ("3d_linear", {}),
        ("3d_preactivation", {}),
        ("2d_linear", {}),
        ("2d_prelu", {}),
        ("2d_dilated", {"dilation": 1}),
        ("3d_plain_valid", {"padding": "valid"}),
    ],
)
def test_the_port_gives_the_same(case, more):
    state, image, logits = port(case)
    rank, arguments = names.guess_arguments(state, "file")
    builder = residual_unet_2d if rank == 2 else residual_unet_3d
    names.check_state(state, rank, arguments, "file")
    network = builder(**arguments, **more)
    names.load_state(network, state, rank, arguments)
    found = keras.ops.convert_to_numpy(network(image, training=False))
    np.testing.assert_allclose(found, probabilities(logits), atol=1e-5)
    assert found.std() > 0.05


def test_z_is_pooled_only_as_far_as_it_reaches():
    network = residual_unet_3d((4, 456, 456, 1), 2, levels=4, base_features=2)
    sides = {layer.name: layer.output.shape[1:4] for layer in network.layers}
    assert sides["encoder1_pool"] == (1, 114, 114)
    assert sides["encoder2_pool"] == sides["bottom_sum"] == (1, 57, 57)
    assert network.output.shape == (None, 4, 456, 456, 2)
    same = residual_unet_3d(ANY, 2, levels=4, base_features=2, z_poolings=2)
    assert [w.shape for w in same.weights] == [w.shape for w in network.weights]
    deep = residual_unet_3d(ANY, 2, levels=4, base_features=2)
    assert deep.get_layer("decoder2_up_conv").kernel.shape[:3] == (2, 2, 2)
    default = residual_unet_3d((4, 8, 8, 1), 1)
    assert default.get_layer("bottom_sum").output.shape[1:4] == (1, 2, 2)


def test_published_valid_sides():
    """From the readme of the package: 572 to 388 pixels, 132 to 44 voxels."""
    valid = {"residual": False, "padding": "valid", "base_features": 1}
    flat = residual_unet_2d((572, 572, 1), 2, levels=5, **valid)
    assert flat.output.shape == (None, 388, 388, 2)
    deep = residual_unet_3d((132, 132, 132, 1), 2, levels=4, **valid)
    assert deep.output.shape == (None, 44, 44, 44, 2)


def test_linear_up_sampling_is_that_of_keras():
    """Keras' own bilinear layer has half-pixel centres, too."""
    from tomoseg_tf.models.layers.linear_up_sampling import LinearUpSampling

    image = np.random.default_rng(0).standard_normal((2, 5, 1, 3)).astype("f4")
    expected = keras.layers.UpSampling2D(2, interpolation="bilinear")(image)
    np.testing.assert_allclose(LinearUpSampling((2, 2))(image), expected, atol=1e-6)
    volume = np.repeat(image[:, None], 3, axis=1)
    found = keras.ops.convert_to_numpy(LinearUpSampling((1, 2, 2))(volume))
    np.testing.assert_allclose(found[:, 1], expected, atol=1e-6)
    ramp = np.arange(4, dtype="f4").reshape(1, 4, 1, 1, 1)
    found = keras.ops.convert_to_numpy(LinearUpSampling((2, 1, 1))(ramp)).ravel()
    np.testing.assert_allclose(found, [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3])
    with pytest.raises(ValueError, match="must be 1 or 2 along each axis"):
        LinearUpSampling((3, 1, 1))


def test_a_network_learns_in_half_precision_and_survives_as_json():
    policy = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        network = residual_unet_3d(ANY, 1, **TINY, upsampling="linear", activation="prelu")
    finally:
        keras.config.set_dtype_policy(policy)
    assert network.output.dtype == "float32"
    again = keras.models.model_from_json(network.to_json())
    again.compile("sgd", "binary_crossentropy")
    volume = np.random.default_rng(0).standard_normal((2, 4, 6, 8, 1)).astype("f4")
    assert np.isfinite(again.train_on_batch(volume, (volume > 0).astype("f4")))


@pytest.mark.parametrize(
    ("builder", "shape", "options", "message"),
    [
        (residual_unet_2d, ANY, {}, r"input_shape must be \(Y, X, channels\)"),
        (residual_unet_3d, (None, None, 1), {}, r"input_shape must be \(Z, Y, X, channels\)"),
        (residual_unet_2d, (10, None, 1), {}, "side 10 .* 2 poolings .* use 12 or None"),
        (residual_unet_3d, (4, 8, 8, 1), {"z_poolings": 3}, "z_poolings must be 0 to 2"),
        (residual_unet_3d, (6, 8, 8, 1), {"z_poolings": 2}, "side 6 .* use 8 or None"),
        (residual_unet_3d, (None, None, None, 0), {}, "channels of input_shape must be at least 1"),
        (residual_unet_3d, ANY, {"levels": 0}, "levels must be at least 1"),
        (residual_unet_3d, ANY, {"levels": 9}, "more than 4096 channels"),
        (residual_unet_3d, ANY, {"base_features": 0}, "base_features must be at least 1"),
        (residual_unet_3d, ANY, {"dilation": 0}, "dilation must be at least 1"),
        (residual_unet_3d, ANY, {"upsampling": "conv"}, "upsampling must be transposed or linear"),
        (residual_unet_3d, ANY, {"activation": "elu"}, "activation must be relu or prelu"),
        (residual_unet_3d, ANY, {"padding": "valid"}, "padding 'valid' is for nets without"),
        (residual_unet_3d, ANY, {"dropout": 1}, "dropout must be at least 0 and below 1"),
    ],
)
def test_what_cannot_be_built_is_named(builder, shape, options, message):
    with pytest.raises(ValueError, match=message):
        builder(shape, 1, **options)
