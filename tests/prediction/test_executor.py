import numpy as np
import pytest

from tomoseg_tf.prediction import predict_volume
from tomoseg_tf.volume import Normalisation

RNG = np.random.default_rng(0)
LEFT_OUT = Normalisation("zscore", outside="left_out")


def circle(side):
    middle = (side - 1) / 2
    rows, columns = np.ogrid[:side, :side]
    return np.hypot(rows - middle, columns - middle) > side / 2


def scan(fill):
    """A scan of 9 x 24 x 24 voxels with a fill outside its reconstruction circle."""
    volume = RNG.normal(100, 20, (9, 24, 24)).astype("float32")
    volume[:, circle(24)] = fill
    return volume


def by_hand(model, volume, inside):
    """One pass over the volume, normalised by its sample, 0 outside."""
    values = volume[inside].astype(float)
    normalised = np.where(inside, (volume - values.mean()) / values.std(), 0)
    padded = np.pad(normalised, [(0, -side % 2) for side in volume.shape])
    result = model.predict_on_batch(padded.astype("float32")[None, ..., None])[0]
    return result[tuple(slice(side) for side in volume.shape)] * inside[..., None]


@pytest.mark.parametrize("fill", [34, np.nan])
@pytest.mark.parametrize("num_classes", [1, 3])
def test_the_outside_is_zero_to_the_network_and_in_the_result(random_unet, fill, num_classes):
    model, volume = random_unet(num_classes=num_classes), scan(fill)
    inside = np.broadcast_to(~circle(24), volume.shape)
    result = predict_volume(model, volume, normalisation=LEFT_OUT, tile=(5, 9, 10))
    np.testing.assert_allclose(result, by_hand(model, volume, inside), atol=1e-5)
    assert not result[~inside].any()
    assert result[inside].all()


def test_a_mask_may_change_from_slice_to_slice(random_unet):
    model, volume = random_unet(), RNG.normal(100, 20, (9, 10, 11)).astype("float32")
    mask = RNG.random(volume.shape) < 0.7
    volume[~mask] = np.inf
    kept = Normalisation("zscore")
    result = predict_volume(model, volume, normalisation=kept, mask=mask, tile=(4, 4, 4))
    np.testing.assert_allclose(result, by_hand(model, volume, mask), atol=1e-5)
    roi = ((2, 7), (3, 9), (1, 11))
    part = predict_volume(model, volume, normalisation=kept, mask=mask, roi=roi)
    np.testing.assert_allclose(part, result[2:7, 3:9, 1:11], atol=1e-5)


def test_kept_sees_the_fill_as_it_is(random_unet):
    model, volume = random_unet(), scan(34)
    result = predict_volume(model, volume, normalisation=Normalisation("zscore"))
    everything = np.ones(volume.shape, bool)
    np.testing.assert_allclose(result, by_hand(model, volume, everything), atol=1e-5)
    other = predict_volume(model, volume, normalisation=LEFT_OUT, mask="none")
    np.testing.assert_array_equal(other, result)


def test_nan_is_an_error_where_it_counts(random_unet):
    model, volume = random_unet(), scan(np.nan)
    outside = 9 * int(circle(24).sum())
    with pytest.raises(ValueError, match=rf"array: {outside} voxels are NaN .* \(0, 0, 0\)"):
        predict_volume(model, volume, normalisation=Normalisation("zscore"))
    volume[4, 12, 13] = np.nan
    with pytest.raises(ValueError, match=r"1 voxels are NaN .* inside the sample.* \(4, 12, 13\)"):
        predict_volume(model, volume, normalisation=LEFT_OUT)
