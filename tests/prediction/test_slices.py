"""Whole slices by 2D networks equal Keras' own prediction of the padded slices."""

import keras
import numpy as np
import pytest

from tomoseg_tf import models
from tomoseg_tf.models.backbones import xception
from tomoseg_tf.prediction import predict_volume
from tomoseg_tf.prediction.engine import Engine
from tomoseg_tf.prediction.networks import open_network
from tomoseg_tf.prediction.slice_graph import slice_graph
from tomoseg_tf.volume import Normalisation

OPEN = (None, None, 1)
LITTLE = 0.6e6  # bytes, too few for a slice of 128 x 130
NETWORKS = {  # builder, its options, multiples in which it takes sides
    "unet_2d": ({"levels": 3, "base_features": 2, "batch_norm": True}, 4),
    "unet_plus_plus": ({"widths": (2, 3, 4)}, 4),
    "unet_plus_plus on a backbone": ({"backbone": "resnet18", "widths": (2, 2, 2, 2, 2)}, 32),
    "pspnet": ({"backbone": "resnet18", "downsample_factor": 4, "filters": 3}, 24),
    "pspnet, half pixel": (
        {"backbone": "resnet18", "downsample_factor": 4, "filters": 3, "resize": "half_pixel"},
        24,
    ),
    "deeplab_v3_plus": ({"backbone": "xception_41"}, 1),
    "segnet_2d": ({"widths": (2, 3)}, 1),
    "fcdense_2d": ({"blocks": (1, 1, 2), "growth_rate": 2, "base_features": 3}, 1),
}


@pytest.fixture(scope="module")
def build(randomise):
    """A function that builds a network of slices, every weight of it random."""

    def network(label, num_classes=1, input_shape=OPEN, **more):
        options, _ = NETWORKS[label]
        builder = getattr(models, label.split(",")[0].split(" on ")[0])
        return randomise(builder(input_shape, num_classes, **options, **more), gain=1.2)

    return network


def whole(model, volume, stride):
    """Keras' prediction of the slices, padded with zeros at the high ends and cropped."""
    height, width = volume.shape[1:]
    pads = (0, 0), (0, -height % stride), (0, -width % stride)
    slices = np.pad(volume, pads).astype("float32")[..., None]
    slices = np.repeat(slices, model.input_shape[-1], axis=-1)
    return keras.ops.convert_to_numpy(model(slices, training=False))[:, :height, :width]


@pytest.fixture(autouse=True)
def small_backbones(monkeypatch):
    """Make Xception narrow in the entry flow, with one middle unit."""
    blocks = ((8, 2), (8, 2), (728, 2))
    monkeypatch.setitem(xception.VARIANTS, "xception_41", (blocks, 1, 2))


@pytest.mark.parametrize("label", NETWORKS)
def test_whole_slices_equal_keras_on_the_padded_slices(label, build):
    model, stride = build(label, num_classes=3), NETWORKS[label][1]
    assert slice_graph(model).stride == stride
    volume = np.random.default_rng(1).standard_normal((3, 29, 38)).astype("float32")
    result = predict_volume(model, volume)
    np.testing.assert_allclose(result, whole(model, volume, stride), atol=1e-5)
    assert result.std(axis=(1, 2)).min() > 1e-4


@pytest.mark.parametrize("label", ["pspnet", "pspnet, half pixel", "unet_2d"])
def test_a_network_of_fixed_sides_predicts_slices_of_any_size(label, build):
    stride = NETWORKS[label][1]
    fixed, free = build(label, input_shape=(24, 24, 1)), build(label)
    volume = np.random.default_rng(2).standard_normal((2, 30, 50)).astype("float32")
    result = predict_volume(fixed, volume)
    np.testing.assert_allclose(result, whole(free, volume, stride), atol=1e-5)
    assert fixed.input_shape == (None, 24, 24, 1)


def test_three_channels_see_the_grey_value_three_times(build):
    model = build("unet_2d", input_shape=(None, None, 3))
    volume = np.random.default_rng(3).standard_normal((2, 9, 10)).astype("float32")
    np.testing.assert_allclose(predict_volume(model, volume), whole(model, volume, 4), atol=1e-6)
    tiled = predict_volume(model, volume, tile=(1, 4, 4))
    np.testing.assert_allclose(tiled, whole(model, volume, 4), atol=1e-5)


def test_a_part_keeps_statistics_and_surroundings_and_a_mask_is_zero(build):
    model = build("unet_2d", num_classes=2)
    volume = np.random.default_rng(4).integers(0, 255, (5, 13, 18), dtype=np.uint8)
    mask = np.random.default_rng(5).random(volume.shape) < 0.8
    normalised = np.where(mask, (volume - volume[mask].mean()) / volume[mask].std(), 0)
    expected = whole(model, normalised, 4) * mask[..., None]
    settings = {"normalisation": Normalisation("zscore"), "mask": mask}
    np.testing.assert_allclose(predict_volume(model, volume, **settings), expected, atol=1e-5)
    roi = ((1, 4), (2, 13), (0, 5))
    part = predict_volume(model, volume, roi=roi, **settings)
    np.testing.assert_allclose(part, expected[1:4, 2:13, 0:5], atol=1e-5)


@pytest.mark.parametrize("label", ["unet_2d", "unet_plus_plus"])
def test_a_slice_that_does_not_fit_is_cut_exactly(label, build):
    model = build(label)
    volume = np.random.default_rng(6).standard_normal((2, 128, 130)).astype("float32")
    expected = whole(model, volume, 4)
    roi = ((0, 2), (0, 128), (0, 130))
    engine, _ = open_network(model).plan(
        volume.shape, roi=roi, voxel_bytes=(4, 4), max_memory=LITTLE
    )
    assert isinstance(engine, Engine)
    for settings in ({"max_memory": LITTLE}, {"tile": (1, 20, 36)}):
        result = predict_volume(model, volume, **settings)
        np.testing.assert_allclose(result, expected, atol=1e-5)


def test_memory_for_one_slice_is_enough_for_many(build):
    """As many slices as a quarter of the memory holds would leave too little for the network."""
    network = open_network(build("pspnet"))
    plan = {"voxel_bytes": (1, 1)}
    shape, roi = (6, 48, 48), ((0, 6), (0, 48), (0, 48))
    _, single = network.plan((1, 48, 48), roi=((0, 1), *roi[1:]), **plan, max_memory=None)
    engine, planned = network.plan(shape, roi=roi, **plan, max_memory=single.memory + 1)
    assert (engine.batch, planned.tile) == (1, (1, 48, 48))
    with pytest.raises(ValueError, match="a slice of 48 x 48 needs about"):
        network.plan(shape, roi=roi, **plan, max_memory=single.memory - 100)


@pytest.mark.parametrize(
    ("label", "reason"),
    [("pspnet", "layer conv0_pad is a ZeroPadding2D"), ("segnet_2d", "IndexPooling")],
)
def test_a_slice_that_cannot_be_cut_says_what_it_needs(label, reason, build):
    volume = np.zeros((1, 400, 400), "float32")
    with pytest.raises(ValueError, match=rf"400 x 400 needs about .* GB .*{reason}") as caught:
        predict_volume(build(label), volume, max_memory=5e6)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="leave the tile out"):
        predict_volume(build(label), volume, tile=(1, 100, 100))


def test_lower_precision_changes_little_but_something(build):
    model = build("unet_2d")
    volume = np.random.default_rng(7).standard_normal((2, 16, 16)).astype("float32")
    exact = predict_volume(model, volume)
    rounded = predict_volume(model, volume, precision="bfloat16")
    assert rounded.dtype == np.float32
    assert 0 < abs(exact - rounded).max() < 0.05


def test_progress_counts_every_voxel_once(build):
    seen = []
    volume = np.zeros((70, 8, 12), "float32")
    predict_volume(build("unet_2d"), volume, progress=lambda *pair: seen.append(pair))
    assert seen == sorted(seen)
    assert seen[-1] == (70 * 96, 70 * 96)
    assert len(set(seen)) > 1


def test_what_is_no_segmentation_of_grey_slices_is_named(build):
    image = keras.Input((None, None, 2))
    two = keras.Model(image, keras.layers.Conv2D(1, 1)(image), name="two")
    deep = models.unet_plus_plus(OPEN, 1, widths=(2, 3, 4), heads="all")
    narrow = models.unet_2d(OPEN, 1, levels=2, base_features=2, padding="valid")
    volume = np.zeros((2, 8, 8), "float32")
    for model, settings, message in (
        (two, {}, "two takes 2 channels"),
        (deep, {}, "has 2 outputs, .* heads='fast'"),
        (narrow, {}, "fewer pixels than it sees, .* padding='same'"),
        (build("unet_2d"), {"axes": "XYZ"}, "axes XYZ are for networks of volumes"),
        (build("unet_2d"), {"step": 4}, "step 4 is for networks of one patch size"),
        (build("unet_2d"), {"precision": "float16"}, "float16 is for GPUs"),
        (build("unet_2d"), {"device": "gpu:7"}, "no device gpu:7"),
    ):
        with pytest.raises(ValueError, match=message):
            predict_volume(model, volume, **settings)
