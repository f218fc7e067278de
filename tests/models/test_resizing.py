"""Bilinear resizing against linear interpolation by NumPy and against Keras."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.resizing import ResizeBilinear

keras = load_keras()


def resized(x, sides, **options):
    reference = np.zeros((len(x), *sides, 1), "float32")
    return np.asarray(ResizeBilinear(**options)(x, reference))


def noise(*shape):
    return np.random.default_rng(7).standard_normal(shape).astype("float32")


@pytest.mark.parametrize(
    ("sides", "new_sides"),
    [((6, 5), (24, 20)), ((7, 9), (13, 10)), ((13, 8), (5, 8)), ((1, 4), (6, 1)), ((3, 1), (3, 7))],
)
def test_aligned_corners_are_linear_interpolation_between_the_corner_pixels(sides, new_sides):
    x = noise(2, *sides, 3)
    expected = x.astype("float64")
    for axis in (1, 2):
        side = x.shape[axis]
        places = np.linspace(0, side - 1, new_sides[axis - 1])
        expected = np.apply_along_axis(
            lambda line, places=places, side=side: np.interp(places, np.arange(side), line),
            axis,
            expected,
        )
    np.testing.assert_allclose(resized(x, new_sides), expected, atol=1e-6)


def test_a_new_pixel_on_an_old_one_takes_exactly_its_value():
    x = noise(1, 33, 9, 2)
    np.testing.assert_array_equal(resized(x, (129, 33))[:, ::4, ::4], x)
    np.testing.assert_array_equal(resized(x, (33, 9)), x)
    np.testing.assert_array_equal(resized(x, (33, 9), grid="half_pixel"), x)


@pytest.mark.parametrize(
    ("sides", "new_sides"), [((6, 5), (24, 20)), ((7, 9), (13, 10)), ((1, 4), (6, 4))]
)
def test_half_pixel_centres_are_those_of_keras(sides, new_sides):
    x = noise(2, *sides, 3)
    expected = np.asarray(keras.ops.image.resize(x, new_sides, data_format="channels_last"))
    found = resized(x, new_sides, grid="half_pixel")
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_two_grids_differ_by_more_than_a_rounding():
    x = noise(1, 6, 6, 3)
    aligned, half_pixel = resized(x, (24, 24)), resized(x, (24, 24), grid="half_pixel")
    assert np.abs(aligned - half_pixel).max() > 0.5


def test_open_sides_are_read_from_the_tensors_and_the_network_learns_through_them():
    image = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(2, 3, strides=4, padding="same")(image)
    x = ResizeBilinear(grid="half_pixel", name="resize")(x, image)
    assert x.shape == (None, None, None, 2)
    network = keras.Model(image, x)
    network.compile("sgd", "mse")
    before = network.get_weights()[0]
    for sides in ((9, 14), (16, 5)):
        slices = noise(2, *sides, 1)
        assert network.predict_on_batch(slices).shape == (2, *sides, 2)
        network.train_on_batch(slices, np.concatenate([slices, slices], axis=-1))
    assert np.abs(network.get_weights()[0] - before).max() > 1e-6
    again = keras.models.model_from_json(network.to_json())
    assert again.get_layer("resize").grid == "half_pixel"


def test_half_precision_stays_half_precision():
    x = keras.ops.convert_to_tensor(noise(1, 5, 5, 1))
    found = ResizeBilinear(dtype="mixed_float16")(x, np.zeros((1, 17, 17, 1), "float32"))
    assert keras.backend.standardize_dtype(found.dtype) == "float16"
    expected = resized(noise(1, 5, 5, 1), (17, 17))
    np.testing.assert_allclose(np.asarray(found, "float32"), expected, atol=5e-3)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not there")
def test_pytorch_as_backend_gives_what_its_own_resizing_gives():
    program = """
import torch
from tomoseg_tf.models.resizing import ResizeBilinear
x = torch.randn(2, 7, 9, 3, generator=torch.Generator().manual_seed(0))
for align in (True, False):
    found = ResizeBilinear("corners" if align else "half_pixel")(x, torch.zeros(2, 13, 21, 1)).cpu()
    expected = torch.nn.functional.interpolate(
        x.permute(0, 3, 1, 2), (13, 21), mode="bilinear", align_corners=align
    )
    print((found.permute(0, 3, 1, 2) - expected).abs().max().item() < 1e-5)
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    assert result.stdout.split() == ["True", "True"], result.stderr


def test_an_unknown_grid_is_named():
    with pytest.raises(ValueError, match="grid 'edges' is none of corners, half_pixel, first_pix"):
        ResizeBilinear("edges")
