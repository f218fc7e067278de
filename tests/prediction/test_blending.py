"""Blended tiles: what no tile changes stays as it is, and seams are found where there are some."""

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.prediction import predict_volume, segment_file
from tomoseg_tf.prediction.blended_tiles import BlendEngine, BlendPlan, gaussian
from tomoseg_tf.prediction.executor import Output, predict_tiles
from tomoseg_tf.prediction.networks import open_network
from tomoseg_tf.prediction.patches import patch_starts
from tomoseg_tf.prediction.seams import seam_notice, seam_score
from tomoseg_tf.volume import ArrayVolume, Normalisation
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

RNG = np.random.default_rng(0)


class Squares:
    """A network of two channels that sees voxels one by one, or the number of its tile."""

    num_classes = 2

    def __init__(self, numbered=False):
        self.calls, self.numbered = 0, numbered

    def __call__(self, grey):
        self.calls += 1
        first = np.full_like(grey, self.calls) if self.numbered else grey**2
        return np.stack([first, 1 - grey], axis=-1)


def blend(network, volume, tile, roi=None):
    """Blend tiles of a volume; give the result and the plan."""
    padded = tuple(map(max, volume.shape, tile))
    starts = tuple(
        tuple(patch_starts(length, side, side - side // 4).tolist())
        for length, side in zip(padded, tile, strict=True)
    )
    roi = roi or tuple((0, side) for side in volume.shape)
    plan = BlendPlan(volume.shape, padded, roi, tile, 0, 1.0, starts)
    slabs = []
    writer = type("Writer", (), {"write": lambda _, start, slab: slabs.append(slab)})()
    output = Output(np.asarray, writer, "float32", 2)
    intensity = Normalisation("none").intensity(None)
    predict_tiles(BlendEngine(network, plan), plan, ArrayVolume(volume), intensity, [output])
    return np.concatenate(slabs), plan


@pytest.mark.parametrize("shape", [(21, 17, 9), (8, 8, 8), (5, 30, 12)])
def test_the_mean_of_equal_values_is_that_value(shape):
    volume, network = RNG.random(shape, dtype=np.float32), Squares()
    found, plan = blend(network, volume, (8, 8, 8))
    np.testing.assert_allclose(found, np.stack([volume**2, 1 - volume], axis=-1), rtol=1e-5)
    assert network.calls == np.prod([len(each) for each in plan.starts])
    roi = ((2, shape[0]), (1, 7), (3, 8))
    part, _ = blend(Squares(), volume, (8, 8, 8), roi)
    np.testing.assert_allclose(part, found[2:, 1:7, 3:8], rtol=1e-6)


def test_the_weights_of_two_tiles_are_gaussian():
    volume = np.zeros((14, 8, 8), np.float32)
    found, plan = blend(Squares(numbered=True), volume, (8, 8, 8))
    assert plan.starts == ((0, 6), (0,), (0,))
    share = gaussian(8)
    np.testing.assert_allclose(share[[0, 3]], np.exp(-0.5 * np.array([3.5, 0.5]) ** 2), rtol=1e-6)
    second = share[0] / (share[0] + share[6])
    assert found[5, 0, 0, 0] == 1
    assert found[6, 0, 0, 0] == pytest.approx(1 + second)
    assert found[8, 0, 0, 0] == 2
    assert plan.faces() == [[6, 8], [], []]


def test_a_network_that_sees_its_tile_is_blended_and_its_seams_are_told(tmp_path):
    """The mean over a tile cannot be computed from parts of it."""
    keras = load_keras()
    image = keras.Input((None, None, None, 1))
    mean = keras.layers.GlobalAveragePooling3D(keepdims=True)(image)
    made = keras.layers.Activation("sigmoid")(keras.layers.Subtract()([image, mean]))
    model = keras.Model(image, made)
    volume = RNG.standard_normal((12, 8, 8)).astype("f4")
    with pytest.raises(ValueError, match="or blend tiles that overlap, with --blend"):
        open_network(model)
    found = predict_volume(model, volume, blend=(12, 8, 8))
    expected = 1 / (1 + np.exp(volume.mean() - volume))
    np.testing.assert_allclose(found[..., 0], expected, atol=1e-5)
    with pytest.raises(ValueError, match="three sides of at least 4"):
        open_network(model, blend=(8, 8, 2))
    flat = keras.Model(image, keras.layers.MaxPooling3D(2)(made))
    with pytest.raises(ValueError, match="gives 4 x 4 x 4 voxels for a tile of 8 x 8 x 8"):
        open_network(flat, blend=(8, 8, 8))


def test_blended_weights_from_file_to_file(random_unet, tmp_path):
    arguments = {"input_shape": [None, None, None, 1], "num_classes": 1}
    arguments |= {"levels": 2, "base_features": 2}
    classes = class_entries(("background", "object"))
    config = WeightsConfig(model="unet_3d", arguments=arguments, classes=classes)
    save_weights(tmp_path / "weights", random_unet(), config, card="# Random\n")
    np.save(tmp_path / "scan.npy", RNG.integers(0, 200, (20, 16, 24), dtype=np.uint8))
    settings = {"weights": tmp_path / "weights", "blend": (8, 8, 16)}
    planned = segment_file(tmp_path / "scan.npy", tmp_path / "s.npy", dry_run=True, **settings)
    assert "blended tiles, which are not exact" in planned["plans"][0]["reason"]
    done = segment_file(tmp_path / "scan.npy", tmp_path / "s.npy", **settings)
    assert set(done["seams"]) == {"z", "y", "x"}
    assert any("changes across the faces of tiles" in text for text in done["notices"])
    bare = segment_file(tmp_path / "scan.npy", tmp_path / "s.raw", **settings)
    assert bare["seams"] == done["seams"]
    whole = segment_file(tmp_path / "scan.npy", tmp_path / "w.npy", weights=tmp_path / "weights")
    assert whole["seams"] is None


def test_a_seam_is_found_where_it_is():
    values = RNG.random((24, 20, 16), dtype=np.float32)
    even = seam_score(ArrayVolume(values), [[8, 16], [10], []])
    assert even["z"] == pytest.approx(1, abs=0.1)
    assert even["x"] is None
    stepped = values.copy()
    stepped[8:16] += 5
    found = seam_score(ArrayVolume(stepped), [[8, 16], [10], []])
    assert found["z"] > 10
    assert found["y"] == pytest.approx(even["y"], rel=1e-3)
    classes = np.zeros((20, 20, 20), np.uint8)
    classes[:, :, ::2] = 1
    classes[:, 10:] = 1 - classes[:, 10:]
    found = seam_score(ArrayVolume(classes), [[], [10], [7]])
    assert found == {"z": None, "y": None, "x": 1.0}
    assert seam_notice("s.tif", found).endswith("z unknown, y unknown, x 1.00")
