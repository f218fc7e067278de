"""Blocks of slices, each predicted as a volume of its own."""

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models import residual_unet_2d, residual_unet_3d
from tomoseg_tf.prediction import predict_volume, segment_file
from tomoseg_tf.prediction.networks import open_network
from tomoseg_tf.volume import ArrayVolume, Normalisation
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

keras = load_keras()
ARGUMENTS = {"input_shape": [None, None, None, 1], "num_classes": 1, "levels": 3}
ARGUMENTS["base_features"] = 2


@pytest.fixture(scope="module")
def model():
    network = residual_unet_3d(**ARGUMENTS)
    rng = np.random.default_rng(0)
    values = [rng.normal(0, 0.3, weight.shape) for weight in network.weights]
    spread = [weight.path.endswith("moving_variance") for weight in network.weights]
    pairs = zip(values, spread, strict=True)
    network.set_weights([1 + abs(value) if wide else value for value, wide in pairs])
    return network


@pytest.fixture(scope="module")
def volume():
    return np.random.default_rng(1).standard_normal((10, 11, 9)).astype("f4")


def block(model, slices):
    """Slices as a volume, padded to multiples of 4 and cropped again."""
    pads = [(0, -side % 4) for side in slices.shape]
    found = keras.ops.convert_to_numpy(model(np.pad(slices, pads)[None, ..., None], training=False))
    return found[0][tuple(slice(side) for side in slices.shape)]


def by_hand(model, volume, depth):
    """Blocks one after the other; the last one ends with the volume."""
    result = np.empty((*volume.shape, 1), "f4")
    for start in range(0, len(volume), depth):
        first = max(0, min(start, len(volume) - depth))
        found = block(model, volume[first : first + depth])
        stop = min(start + depth, len(volume))
        result[start:stop] = found[start - first : stop - first]
    return result


@pytest.mark.parametrize("depth", [4, 3, 16])
def test_each_block_is_a_volume_of_its_own(model, volume, depth):
    expected = by_hand(model, volume, depth)
    np.testing.assert_allclose(predict_volume(model, volume, z_blocks=depth), expected, atol=1e-5)
    tiles = predict_volume(model, volume, z_blocks=depth, tile=(9, 4, 5))
    np.testing.assert_allclose(tiles, expected, atol=1e-5)
    roi = ((3, 10), (2, 11), (0, 5))
    part = predict_volume(model, volume, z_blocks=depth, roi=roi)
    np.testing.assert_allclose(part, expected[3:10, 2:11, 0:5], atol=1e-5)
    if depth < 16:
        assert abs(expected - predict_volume(model, volume)).max() > 1e-3


def test_no_more_than_a_block_is_read_at_a_time(model, volume, tmp_path):
    class Watched(ArrayVolume):
        reads = []  # noqa: RUF012

        def _read_box(self, box):
            self.reads.append(box[0])
            return super()._read_box(box)

    config = WeightsConfig(
        model="residual_unet_3d",
        arguments=ARGUMENTS,
        classes=class_entries(("a", "b")),
        normalisation=Normalisation("none"),
    )
    save_weights(tmp_path / "weights", model, config, card="# Random\n")
    watched = Watched(volume)
    seen = []
    summary = segment_file(
        watched,
        tmp_path / "s.npy",
        weights=tmp_path / "weights",
        probabilities=tmp_path / "p.npy",
        z_blocks=4,
        progress=lambda *pair: seen.append(pair),
    )
    blocks = [
        (low, high) for low, high in Watched.reads if high > low + 1
    ]  # others: for the guards
    assert blocks == [(0, 4), (4, 8), (6, 10)]
    assert (summary["tiles"], summary["tile"]) == (3, [4, 11, 9])
    assert seen[-1][0] == seen[-1][1]
    expected = by_hand(model, volume, 4)[..., 0]
    np.testing.assert_allclose(np.load(tmp_path / "p.npy"), expected, atol=1e-5)
    np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), np.load(tmp_path / "p.npy") > 0.5)


def test_less_memory_cuts_the_plane_but_not_the_block(model):
    volume = np.random.default_rng(2).standard_normal((4, 24, 96)).astype("f4")
    network = open_network(model, z_blocks=4)
    settings = {"roi": tuple((0, side) for side in volume.shape), "voxel_bytes": (4, 4)}
    _, plan = network.plan(volume.shape, **settings)
    _, smaller = network.plan(volume.shape, max_memory=0.9 * plan.memory, **settings)
    assert plan.tile == volume.shape
    assert smaller.tile[0] == 4
    assert smaller.num_tiles > 1
    whole = predict_volume(model, volume, z_blocks=4)
    cut = predict_volume(model, volume, z_blocks=4, max_memory=0.9 * plan.memory)
    np.testing.assert_allclose(cut, whole, atol=1e-5)


def test_blocks_are_for_networks_of_volumes(model, volume):
    with pytest.raises(ValueError, match="z_blocks 0 must be at least 1"):
        predict_volume(model, volume, z_blocks=0)
    flat = residual_unet_2d((None, None, 1), 1, levels=1, base_features=1)
    with pytest.raises(ValueError, match="z_blocks 4 are for networks of volumes, but residual_u"):
        predict_volume(flat, volume, z_blocks=4)
