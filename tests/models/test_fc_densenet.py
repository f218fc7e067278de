"""Pins of FC-DenseNet: published counts, and the output of a published PyTorch port."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.fc_densenet import PUBLISHED, fcdense_2d, fcdense_3d

keras = load_keras()
DATA = Path(__file__).parent / "data"
SMALL = {"blocks": (2, 2, 2, 3), "growth_rate": 4, "base_features": 8}  # of the port's run
TINY = {"blocks": (1, 2, 2), "growth_rate": 2, "base_features": 3}


COUNTS = [  # builder, depth, moving averages, trainable by (channels, classes)
    (fcdense_2d, 56, 21_168, {
        (1, 1): 1_374_001, (1, 2): 1_374_194, (1, 3): 1_374_387, (3, 1): 1_374_865,
        (3, 2): 1_375_058, (3, 3): 1_375_251, (3, 11): 1_376_795, (3, 12): 1_376_988,
    }),
    (fcdense_2d, 67, 39_680, {
        (1, 1): 3_459_489, (1, 2): 3_459_778, (1, 3): 3_460_067, (3, 1): 3_460_353,
        (3, 2): 3_460_642, (3, 3): 3_460_931, (3, 11): 3_463_243, (3, 12): 3_463_532,
    }),
    (fcdense_2d, 103, 103_072, {
        (1, 1): 9_318_657, (1, 2): 9_318_914, (1, 3): 9_319_171, (3, 1): 9_319_521,
        (3, 2): 9_319_778, (3, 3): 9_320_035, (3, 11): 9_322_091, (3, 12): 9_322_348,
    }),
    (fcdense_3d, 56, 21_168, {
        (1, 1): 3_661_009, (1, 2): 3_661_202, (1, 3): 3_661_395,
        (3, 1): 3_663_601, (3, 2): 3_663_794, (3, 3): 3_663_987,
    }),
    (fcdense_3d, 67, 39_680, {
        (1, 1): 9_335_553, (1, 2): 9_335_842, (1, 3): 9_336_131,
        (3, 1): 9_338_145, (3, 2): 9_338_434, (3, 3): 9_338_723,
    }),
    (fcdense_3d, 103, 103_072, {
        (1, 1): 26_166_369, (1, 2): 26_166_626, (1, 3): 26_166_883,
        (3, 1): 26_168_961, (3, 2): 26_169_218, (3, 3): 26_169_475,
    }),
]  # fmt: skip


def count(rank, channels, classes, blocks, growth):
    """Trainable parameters and moving averages, from the table of layers of the paper."""
    kernel, first = 3**rank, 48
    trained, normed, width, shortcuts = kernel * channels * first + first, 0, first, []

    def dense_block(layers):
        nonlocal trained, normed, width
        for _ in range(layers):
            trained += 2 * width + kernel * width * growth + growth
            normed += width
            width += growth

    for layers in blocks[:-1]:
        dense_block(layers)
        shortcuts.append(width)
        trained += 2 * width + width * width + width
        normed += width
    dense_block(blocks[-1])
    for index in reversed(range(len(shortcuts))):
        up = growth * blocks[index + 1]
        trained += kernel * up * up + up
        width = up + shortcuts[index]
        dense_block(blocks[index])
    return trained + width * classes + classes, 2 * normed


@pytest.mark.parametrize(("builder", "depth", "moving", "table"), COUNTS)
def test_counts_of_the_table_of_layers_are_the_published_ones(builder, depth, moving, table):
    rank = 2 if builder is fcdense_2d else 3
    for (channels, classes), expected in table.items():
        assert count(rank, channels, classes, *PUBLISHED[depth]) == (expected, moving)


def test_count_of_the_default_network_of_the_authors():
    trained, moving = count(2, 3, 11, [5] * 5, 12)
    assert trained == 1_459_835
    assert trained + moving == 1_482_299


@pytest.mark.parametrize(
    ("builder", "options", "trained", "moving"),
    [
        (fcdense_2d, {"depth": 103}, 9_318_914, 103_072),
        (fcdense_3d, {}, 3_661_202, 21_168),
        (fcdense_2d, {"blocks": [2, 3, 4], "growth_rate": 5}, *count(2, 1, 2, [2, 3, 4], 5)),
    ],
)
def test_networks_have_the_counts_of_the_table_of_layers(builder, options, trained, moving):
    rank = 2 if builder is fcdense_2d else 3
    network = builder((*[None] * rank, 1), 2, **options)
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == trained
    assert network.count_params() == trained + moving
    if "blocks" not in options:  # the published nets are named by their convolutions
        convolutions = [layer for layer in network.layers if layer.name.endswith("conv")]
        assert len(convolutions) == options.get("depth", 56)


def port():
    """The small network with the weights of the port, with what went in and came out."""
    down = np.load(DATA / "fc_densenet_torch_down.npz")
    up = np.load(DATA / "fc_densenet_torch_up.npz")
    network = fcdense_2d((None, None, 1), 2, **SMALL)
    flat, weights, start = np.concatenate([down["weights"], up["weights"]]), [], 0
    for weight in network.weights:
        size = int(np.prod(weight.shape))
        weights.append(flat[start : start + size].reshape(weight.shape))
        start += size
    assert start == flat.size == 22_018
    network.set_weights(weights)
    return network, down["input"][None], up["output"][None]


def test_the_published_port_gives_the_same_on_odd_sides():
    """36 x 44 pixels are pooled to 9 x 11, then to 4 x 5."""
    network, image, log_softmax = port()
    probabilities = network.predict_on_batch(image)
    np.testing.assert_allclose(np.log(probabilities), log_softmax, atol=2e-6)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not there")
def test_pytorch_as_backend_gives_the_same():
    program = (
        f"import runpy, numpy; tests = runpy.run_path({__file__!r})\n"
        "network, image, expected = tests['port']()\n"
        "found = tests['keras'].ops.convert_to_numpy(network(image))\n"
        "numpy.testing.assert_allclose(numpy.log(found), expected, atol=2e-6)\n"
        "print(tests['keras'].backend.backend())"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    assert result.stdout.strip() == "torch", result.stderr


def test_slices_and_volumes_of_odd_sides_come_back_at_their_size():
    volume = np.random.default_rng(0).standard_normal((1, 5, 7, 12, 1)).astype("float32")
    network = fcdense_3d((None, None, None, 1), 3, **TINY)
    probabilities = network.predict_on_batch(volume)
    assert probabilities.shape == (1, 5, 7, 12, 3)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-6)
    assert fcdense_3d((5, 7, 12, 1), 3, **TINY).output.shape == (None, 5, 7, 12, 3)
    sigmoid = fcdense_2d((7, 12, 1), 1, **TINY).predict_on_batch(volume[:, 0])
    assert sigmoid.shape == (1, 7, 12, 1)
    assert 0 < sigmoid.min() <= sigmoid.max() < 1


def test_z_is_pooled_only_as_far_as_it_reaches():
    network = fcdense_3d((5, 9, 8, 1), 2, blocks=(1, 1, 1, 1), growth_rate=2, base_features=3)
    sides = {layer.name: layer.output.shape[1:4] for layer in network.layers}
    pools = [sides[f"down{level}_pool"] for level in range(3)]
    assert pools == [(2, 4, 4), (1, 2, 2), (1, 1, 1)]
    assert network.output.shape == (None, 5, 9, 8, 2)


def test_up_blocks_take_only_what_is_new():
    network = fcdense_2d((None, None, 1), 2, **SMALL)
    widths = {layer.name: layer.output.shape[-1] for layer in network.layers}
    assert widths["bottleneck_new"] == widths["up2_transition_conv"] == 3 * 4
    assert widths["up2_new"] == widths["up1_transition_conv"] == 2 * 4
    up, shortcut = network.get_layer("up2_concat").input
    assert up is network.get_layer("up2_transition_crop").output
    assert shortcut is network.get_layer("down2_layer1_concat").output


def test_a_network_learns_in_half_precision_and_survives_as_json():
    policy = keras.config.dtype_policy()
    try:
        for half in ("mixed_float16", "mixed_bfloat16"):
            keras.config.set_dtype_policy(half)
            network = fcdense_2d((None, None, 1), 2, **TINY)
            assert network.output.dtype == "float32"
    finally:
        keras.config.set_dtype_policy(policy)
    again = keras.models.model_from_json(network.to_json())
    again.compile("sgd", "categorical_crossentropy")
    image = np.random.default_rng(0).standard_normal((2, 7, 9, 1)).astype("float32")
    truth = np.stack([image[..., 0] > 0, image[..., 0] <= 0], axis=-1).astype("float32")
    assert np.isfinite(again.train_on_batch(image, truth))


@pytest.mark.parametrize(
    ("builder", "shape", "options", "message"),
    [
        (fcdense_2d, (16, 16, 16, 1), {}, r"input_shape must be \(Y, X, channels\)"),
        (fcdense_3d, (16, 16, 1), {}, r"input_shape must be \(Z, Y, X, channels\)"),
        (fcdense_3d, (64, 4, 64, 1), {}, "side 4 .* too small for 5 poolings; use at least 32"),
        (fcdense_3d, (4, 64, 64, 1), {"z_poolings": 3}, "side 4 .* for 3 poolings; use at least 8"),
        (fcdense_3d, (None, None, None, 1), {"z_poolings": 6}, "z_poolings must be 0 to 5"),
        (fcdense_2d, (None, None, 0), {}, "channels of input_shape must be at least 1, got 0"),
        (fcdense_2d, (None, None, 1), {"depth": 57}, "no FC-DenseNet of depth 57; .* 56, 67, 103"),
        (fcdense_2d, (None, None, 1), {"blocks": ()}, "each of blocks must be at least 1"),
        (fcdense_2d, (None, None, 1), {"blocks": (3, 0)}, "each of blocks must be at least 1"),
        (fcdense_2d, (None, None, 1), {"growth_rate": 0}, "growth_rate must be at least 1"),
        (fcdense_2d, (None, None, 1), {"base_features": 0}, "base_features must be at least 1"),
        (fcdense_2d, (None, None, 1), {"dropout": 1}, "dropout must be at least 0 and below 1"),
    ],
)
def test_what_cannot_be_built_is_named(builder, shape, options, message):
    with pytest.raises(ValueError, match=message):
        builder(shape, 1, **options)


def test_no_class_is_refused():
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        fcdense_2d((None, None, 1), 0)
