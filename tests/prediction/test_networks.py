"""Tiles of every kind of layer equal one pass of Keras over the whole volume."""

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models import (
    cicek_unet_3d,
    fcdense_2d,
    fcdense_3d,
    residual_unet_2d,
    residual_unet_3d,
)
from tomoseg_tf.prediction import geometry, predict_volume
from tomoseg_tf.prediction.graph import inference_graph

keras = load_keras()
UNET = {"levels": 3, "base_features": 2}
DENSE = {"blocks": (1, 2, 1), "growth_rate": 2, "base_features": 3}
CASES = {  # builder, options, multiples and smallest sides that it takes
    "transposed": (residual_unet_3d, UNET, (4, 4, 4), 1),
    "linear, shallow": (
        residual_unet_3d,
        {**UNET, "upsampling": "linear", "z_poolings": 1, "activation": "prelu"},
        (2, 4, 4),
        1,
    ),
    "before": (residual_unet_3d, {**UNET, "preactivation": True, "dropout": 0.5}, (4, 4, 4), 1),
    "dilated": (residual_unet_3d, {"levels": 2, "base_features": 2, "dilation": 2}, (2, 2, 2), 1),
    "cicek": (cicek_unet_3d, UNET, (4, 4, 4), 1),
    "dense": (fcdense_3d, DENSE, (1, 1, 1), 4),
    "dense, shallow": (fcdense_3d, {**DENSE, "z_poolings": 1}, (1, 1, 1), (2, 4, 4)),
}


def whole(model, volume, multiples, smallest):
    """One pass over the volume, zero-padded at the high ends, cropped again."""
    sides = zip(volume.shape, multiples, np.broadcast_to(smallest, 3), strict=True)
    pads = [(0, -(-max(side, least) // step) * step - side) for side, step, least in sides]
    padded = np.pad(volume, pads)[None, ..., None]
    found = keras.ops.convert_to_numpy(model(padded, training=False))[0]
    return found[tuple(slice(side) for side in volume.shape)]


@pytest.mark.parametrize("case", CASES)
def test_tiles_equal_one_pass_over_the_whole_volume(case, randomise):
    builder, options, multiples, smallest = CASES[case]
    model = randomise(builder((None, None, None, 1), 2, **options))
    volume = np.random.default_rng(1).standard_normal((7, 11, 13)).astype("f4")
    expected = whole(model, volume, multiples, smallest)
    for tile in ((7, 11, 13), (3, 5, 13), (7, 4, 7)):
        np.testing.assert_allclose(predict_volume(model, volume, tile=tile), expected, atol=2e-5)
    assert expected.std() > 0.02


@pytest.mark.parametrize("case", ["linear, shallow", "dense, shallow"])
def test_weights_of_x_first_volumes_see_the_volume_transposed(case, randomise):
    builder, options, multiples, smallest = CASES[case]
    model = randomise(builder((None, None, None, 1), 1, **options))
    volume = np.random.default_rng(2).standard_normal((9, 7, 6)).astype("f4")
    x_first = whole(model, volume.transpose(2, 1, 0), multiples, smallest).transpose(2, 1, 0, 3)
    found = predict_volume(model, volume, axes="XYZ", tile=(4, 7, 3))
    np.testing.assert_allclose(found, x_first, atol=2e-5)


def test_a_dense_net_takes_sides_smaller_than_its_poolings(randomise):
    builder, options, multiples, smallest = CASES["dense"]
    model = randomise(builder((None, None, None, 1), 1, **options))
    volume = np.random.default_rng(3).standard_normal((1, 6, 3)).astype("f4")
    expected = whole(model, volume, multiples, smallest)
    np.testing.assert_allclose(predict_volume(model, volume), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("builder", "options", "stride"),
    [
        (residual_unet_2d, {**UNET, "upsampling": "linear", "activation": "prelu"}, 4),
        (residual_unet_2d, {**UNET, "preactivation": True}, 4),
        (fcdense_2d, DENSE, 1),
    ],
)
def test_slices_whole_and_in_tiles_are_the_same(builder, options, stride, randomise):
    model = randomise(builder((None, None, 1), 2, **options))
    volume = np.random.default_rng(4).standard_normal((2, 13, 10)).astype("f4")
    pads = [(0, 0), *((0, -side % stride) for side in volume.shape[1:])]
    slices = np.pad(volume, pads)[..., None]
    expected = keras.ops.convert_to_numpy(model(slices, training=False))[:, :13, :10]
    np.testing.assert_allclose(predict_volume(model, volume), expected, atol=1e-5)
    tiles = predict_volume(model, volume, tile=(1, 5, 10))
    np.testing.assert_allclose(tiles, expected, atol=1e-5)


def test_half_precision_knows_all_steps(randomise):
    for case in ("linear, shallow", "dense"):
        builder, options, *_ = CASES[case]
        model = randomise(builder((None, None, None, 1), 1, **options))
        volume = np.random.default_rng(5).standard_normal((4, 8, 8)).astype("f4")
        exact = predict_volume(model, volume)
        rounded = predict_volume(model, volume, precision="bfloat16")
        assert 0 < abs(exact - rounded).max() < 0.1


def test_what_is_cropped_needs_no_padding():
    builder, options, *_ = CASES["dense, shallow"]
    nodes = inference_graph(builder((None, None, None, 1), 1, **options))
    assert geometry.stride(nodes) == (2, 4, 4)
    assert geometry.multiples(nodes) == (1, 1, 1)
    assert geometry.padded_shape(nodes, (1, 9, 3)) == (2, 9, 4)
