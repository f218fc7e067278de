"""What slices take inside a network, counted by hand."""

import keras
import pytest
from keras import layers

from tomoseg_tf.prediction.slice_graph import slice_graph
from tomoseg_tf.prediction.slice_memory import slice_memory, weights_memory

PIXELS = 64 * 48


def memory(model, value_bytes=4):
    """Bytes per pixel of a slice."""
    return slice_memory(slice_graph(model).nodes, 64, 48, value_bytes) / PIXELS


def network(*steps):
    image = x = keras.Input((None, None, 1))
    for step in steps:
        x = step(x)
    return keras.Model(image, x)


@pytest.mark.parametrize(
    ("steps", "single", "half"),
    [
        # 1 + 8 channels, and a copy of both
        ((layers.Conv2D(8, 1),), 4 * 18, 2 * 18),
        # the second convolution: 8 + 16 channels, and a copy of both; the image is gone
        ((layers.Conv2D(8, 1), layers.Conv2D(16, 1)), 4 * 48, 2 * 48),
        # in place, or with 8 + 8 channels in float32 beside its input and result
        ((layers.Conv2D(8, 1), layers.BatchNormalization()), 4 * 18, 2 * 16 + 4 * 16),
        ((layers.Conv2D(8, 1), layers.ReLU()), 4 * 18, 2 * 18),
        # a quarter of the pixels and back
        (
            (layers.MaxPooling2D(), layers.Conv2D(8, 1), layers.UpSampling2D()),
            4 * 10,
            2 * 10 + 4 * 10,
        ),
    ],
)
def test_what_is_alive_at_once_and_what_the_step_takes(steps, single, half):
    model = network(*steps)
    assert memory(model) == single
    assert memory(model, value_bytes=2) == half


def test_a_tensor_that_is_needed_later_stays():
    image = keras.Input((None, None, 1))
    skip = layers.Conv2D(8, 1)(image)
    deep = layers.Conv2D(4, 1)(skip)
    joined = keras.Model(image, layers.Concatenate()([layers.ReLU()(deep), skip]))
    assert memory(joined) == 4 * (4 + 8 + 12)
    kept = keras.Model(image, layers.Concatenate()([layers.ReLU()(skip), skip]))
    assert memory(kept) == 4 * (8 + 8 + 16)


def test_weights_are_copied_and_cast():
    model = network(layers.Conv2D(8, 3), layers.Conv2D(1, 1))
    assert weights_memory(model) == 4 * (80 + 9)
    assert weights_memory(model, value_bytes=2) == 8 * (80 + 9)
