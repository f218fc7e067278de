"""Pins of the first 3D U-Net: Çiçek et al. (2016), section 2."""

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models import cicek_unet_3d

keras = load_keras()
ANY = (None, None, None, 1)


def test_parameter_count_is_the_one_in_the_paper():
    """19 069 955, without batch normalisation; its gains and offsets are 4 672 more."""
    network = cicek_unet_3d((None, None, None, 3), 3)
    convolutions = [layer for layer in network.layers if "conv" in layer.name]
    assert len(convolutions) == 14 + 3 + 1
    assert sum(layer.count_params() for layer in convolutions) == 19_069_955
    trained = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert trained == 19_069_955 + 4_672
    bias = sum(layer.filters for layer in convolutions if "up_conv" in layer.name)
    assert trained + bias == 19_075_523


def test_sides_of_the_figure():
    network = cicek_unet_3d((116, 132, 132, 3), 3, base_features=1, padding="valid")
    assert network.output.shape == (None, 28, 44, 44, 3)
    same = cicek_unet_3d((16, 24, 8, 1), 1, base_features=1)
    assert same.output.shape == (None, 16, 24, 8, 1)


def test_channels_double_before_each_pooling():
    network = cicek_unet_3d(ANY, 2)
    widths = {layer.name: layer.output.shape[-1] for layer in network.layers}
    assert [widths[f"analysis{level}_pool"] for level in range(3)] == [64, 128, 256]
    assert widths["bottom_relu1"] == widths["synthesis2_up_conv"] == 512
    shortcut, up = network.get_layer("synthesis2_concat").input
    assert (shortcut.shape[-1], up.shape[-1]) == (256, 512)


def test_valid_is_the_middle_of_same():
    """Where no zeros of the padding reach, both compute the same."""
    rng = np.random.default_rng(0)
    volume = rng.standard_normal((1, 44, 44, 44, 1)).astype("f4")
    same = cicek_unet_3d(ANY, 1, levels=2, base_features=2)
    valid = cicek_unet_3d(ANY, 1, levels=2, base_features=2, padding="valid")
    same.set_weights([rng.normal(0.1, 0.3, weight.shape) ** 2 for weight in same.weights])
    valid.set_weights(same.get_weights())
    small = keras.ops.convert_to_numpy(valid(volume, training=False))
    large = keras.ops.convert_to_numpy(same(volume, training=False))
    assert small.shape[1:4] == (28, 28, 28)
    np.testing.assert_allclose(small, large[:, 8:36, 8:36, 8:36], atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((20, 16, 16, 1), {}, "side 20 .* 3 poolings of padding 'same' .* use 24 or None"),
        ((132, 100, 84, 1), {"padding": "valid"}, "side 84 .* padding 'valid' .* use 92 or None"),
        ((16, 16, 1), {}, "input_shape must be"),
        (ANY, {"padding": "reflect"}, "padding must be same or valid"),
        (ANY, {"levels": 0}, "levels must be at least 1"),
        (ANY, {"levels": 8}, "more than 4096 channels"),
        (ANY, {"levels": 10**9}, "more than 4096 channels"),
    ],
)
def test_what_cannot_be_built_is_named(shape, options, message):
    with pytest.raises(ValueError, match=message):
        cicek_unet_3d(shape, 1, **options)
