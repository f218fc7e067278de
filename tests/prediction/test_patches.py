"""A network of one patch size: overlapping patches, averaged by exact counts."""

import numpy as np
import pytest

from tomoseg_tf.models import xlearn_unet
from tomoseg_tf.prediction import predict_volume
from tomoseg_tf.prediction.patches import overlap_counts, patch_starts

RNG = np.random.default_rng(0)


def network(num_classes=1, side=16, **options):
    """A small net of random weights whose output may exceed 1, if it has one class."""
    activation = "relu" if num_classes == 1 else None
    options = {"base_features": 2, "activation": activation, **options}
    model = xlearn_unet((side, side, 1), num_classes, **options)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0.1, 0.3, weight.shape) for weight in model.weights])
    return model


def published(model, image, step):
    """The published procedure, patch by patch, with counts that are right for any step."""
    height, width = model.input_shape[1:3]
    sums = np.zeros((*image.shape, model.output_shape[-1]))
    counts = np.zeros((*image.shape, 1))
    rows = sorted({*range(0, image.shape[0] - height, step), image.shape[0] - height})
    columns = sorted({*range(0, image.shape[1] - width, step), image.shape[1] - width})
    places = [(y, x) for y in rows for x in columns]
    patches = np.stack([image[y : y + height, x : x + width] for y, x in places])
    found = np.asarray(model(patches[..., None], training=False))
    for (y, x), patch in zip(places, found, strict=True):
        sums[y : y + height, x : x + width] += patch
        counts[y : y + height, x : x + width] += 1
    return sums / counts


@pytest.mark.parametrize("step", [1, 3, 7, 16])
@pytest.mark.parametrize("num_classes", [1, 3])
def test_the_published_procedure_is_reproduced_for_any_step(step, num_classes):
    model = network(num_classes)
    volume = RNG.random((2, 21, 27)).astype("float32")
    result = predict_volume(model, volume, step=step)
    expected = np.stack([published(model, image, step) for image in volume])
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6 * expected.max())
    if num_classes == 1:
        assert result.max() > 1  # uncut


def test_the_counts_of_step_one_are_those_of_the_paper():
    side, length = 40, 8
    counts = overlap_counts(patch_starts(side, length, 1), length, (0, side))
    pixels = np.arange(side)
    np.testing.assert_array_equal(
        counts, np.minimum.reduce([pixels + 1, np.full(side, length), side - pixels])
    )


@pytest.mark.parametrize("step", [1, 5, 8])
def test_every_pixel_is_covered_and_parts_count_the_same(step):
    starts = patch_starts(29, 8, step)
    counts = overlap_counts(starts, 8, (0, 29))
    assert counts.min() >= 1
    assert starts[-1] == 21
    np.testing.assert_array_equal(overlap_counts(starts, 8, (5, 17)), counts[5:17])


def test_the_default_step_is_a_quarter_of_the_patch():
    model, volume = network(), RNG.random((1, 30, 20)).astype("float32")
    default = predict_volume(model, volume)
    np.testing.assert_array_equal(default, predict_volume(model, volume, step=4))
    assert abs(default - predict_volume(model, volume, step=5)).max() > 1e-6


def test_a_part_and_little_memory_change_nothing():
    model, volume = network(variant="transformer2"), RNG.random((2, 30, 41)).astype("float32")
    expected = predict_volume(model, volume, step=3)
    roi = ((1, 2), (9, 20), (3, 41))
    part = predict_volume(model, volume, step=3, roi=roi)
    np.testing.assert_allclose(part, expected[1:2, 9:20, 3:41], rtol=1e-5)
    little = predict_volume(model, volume, step=3, max_memory=6e5)
    np.testing.assert_allclose(little, expected, rtol=1e-5)


def test_a_slice_smaller_than_the_patch_is_padded_with_zeros():
    model, image = network(), RNG.random((9, 12)).astype("float32")
    padded = np.pad(image, ((0, 7), (0, 4)))
    expected = np.asarray(model(padded[None, ..., None], training=False))[:, :9, :12]
    np.testing.assert_allclose(predict_volume(model, image[None]), expected, rtol=1e-5)


def test_progress_reaches_the_end_row_by_row():
    seen = []
    predict_volume(
        network(),
        np.zeros((3, 60, 60), "float32"),
        step=2,
        progress=lambda *pair: seen.append(pair),
    )
    assert seen == sorted(seen)
    assert seen[-1] == (10800, 10800)
    assert len(set(seen)) > 9


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"step": 17}, "step 17 must be 1 to 16"),
        ({"step": 0}, "step 0 must be 1 to 16"),
        ({"tile": (1, 8, 8)}, "patches of 16 x 16, which overlap, instead of tiles"),
        ({"max_memory": 10}, "needs about .* GB, more than the 1e-08 GB allowed"),
        ({"max_memory": 1e4}, "needs about .* GB, more than the 1e-05 GB allowed"),
    ],
)
def test_what_cannot_be_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        predict_volume(network(), np.zeros((1, 32, 32), "float32"), **settings)
