import numpy as np
import pytest

from tomoseg_tf.prediction import predict_volume
from tomoseg_tf.volume import Normalisation


def whole(model, volume, stride):
    """One pass over the whole volume, zero-padded at the high ends, cropped again."""
    pads = [(0, -side % stride) for side in volume.shape]
    padded = np.pad(volume, pads).astype("float32")[None, ..., None]
    result = model.predict_on_batch(padded)[0]
    return result[tuple(slice(side) for side in volume.shape)]


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("tile", [(7, 9, 11), (16, 8, 40), (4, 30, 5)])
def test_tiles_equal_one_pass_over_the_whole_volume(random_unet, levels, tile):
    model = random_unet(levels=levels)
    volume = np.random.default_rng(1).standard_normal((21, 24, 37)).astype("float32")
    tiled = predict_volume(model, volume, tile=tile)
    np.testing.assert_allclose(tiled, whole(model, volume, 2 ** (levels - 1)), atol=1e-5)
    assert tiled.std() > 0.01


def test_the_published_depth_is_exact_too(random_unet):
    model = random_unet(levels=4, base_features=4)
    volume = np.random.default_rng(2).standard_normal((40, 72, 33)).astype("float32")
    tiled = predict_volume(model, volume, tile=(16, 24, 33))
    np.testing.assert_allclose(tiled, whole(model, volume, 8), atol=1e-5)


def test_a_region_of_interest_is_a_cut_of_the_whole_result(random_unet):
    model = random_unet(levels=3)
    volume = np.random.default_rng(3).standard_normal((24, 32, 32)).astype("float32")
    roi = ((3, 20), (5, 6), (0, 31))
    part = predict_volume(model, volume, roi=roi, tile=(8, 8, 8))
    np.testing.assert_allclose(part, predict_volume(model, volume)[3:20, 5:6, 0:31], atol=1e-5)


def test_the_statistics_of_a_region_are_those_of_the_whole_volume(random_unet):
    model = random_unet()
    volume = np.random.default_rng(4).integers(0, 255, (16, 16, 16), dtype=np.uint8)
    normalisation = Normalisation("zscore")
    normalised = (volume - volume.mean()) / volume.std()
    part = predict_volume(model, volume, roi=((0, 8),) * 3, normalisation=normalisation)
    np.testing.assert_allclose(part, whole(model, normalised, 2)[:8, :8, :8], atol=1e-5)


def test_a_voxel_that_is_no_number_is_an_error_without_statistics_too(random_unet):
    volume = np.zeros((4, 8, 8), "float32")
    volume[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match="array: voxels are NaN or infinite"):
        predict_volume(random_unet(), volume)


def test_multi_class_probabilities_sum_to_one(random_unet):
    model = random_unet(num_classes=3)
    volume = np.random.default_rng(5).standard_normal((9, 10, 11)).astype("float32")
    probabilities = predict_volume(model, volume, tile=(4, 4, 4))
    assert probabilities.shape == (9, 10, 11, 3)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-6)


def test_weights_of_x_first_volumes_see_the_volume_transposed(random_unet):
    model = random_unet()
    volume = np.random.default_rng(6).standard_normal((8, 12, 16)).astype("float32")
    x_first = whole(model, volume.transpose(2, 1, 0), 2).transpose(2, 1, 0, 3)
    np.testing.assert_allclose(predict_volume(model, volume, axes="XYZ"), x_first, atol=1e-5)
    assert abs(predict_volume(model, volume) - x_first).max() > 1e-3


def test_bfloat16_changes_little_but_something(random_unet):
    model = random_unet()
    volume = np.random.default_rng(7).standard_normal((8, 16, 16)).astype("float32")
    exact = predict_volume(model, volume)
    rounded = predict_volume(model, volume, precision="bfloat16")
    assert rounded.dtype == np.float32
    assert 0 < abs(exact - rounded).max() < 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"roi": ((0, 9), (0, 8), (0, 8))}, "0:9 along z is not inside 0:8"),
        ({"precision": "float16"}, "float16 is for GPUs"),
        ({"precision": "int8"}, "precision must be one of"),
        ({"device": "gpu:7"}, "no device gpu:7"),
        ({"device": "tpu"}, "device must be"),
        ({"max_memory": 1e4}, "more than the 0.0 GB allowed"),
    ],
)
def test_wrong_options_are_named(random_unet, options, message):
    with pytest.raises(ValueError, match=message):
        predict_volume(random_unet(), np.zeros((8, 8, 8), "float32"), **options)


def test_progress_counts_every_voxel_once(random_unet):
    seen = []
    predict_volume(
        random_unet(),
        np.zeros((8, 8, 12), "float32"),
        tile=(4, 8, 5),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert len(seen) == 6
    assert seen[-1] == (768, 768)
    assert seen == sorted(seen)
