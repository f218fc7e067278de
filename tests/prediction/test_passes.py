"""Orthogonal passes: the mean of what the network says along z, y and x."""

import os
import tracemalloc
from collections import namedtuple

import numpy as np
import pytest

from tomoseg_tf.models import unet_2d, unet_3d
from tomoseg_tf.prediction import passes as orthogonal
from tomoseg_tf.prediction import predict_volume, segment_file, sums
from tomoseg_tf.volume import ArrayVolume, Normalisation, open_volume
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

ARGUMENTS = {"input_shape": [None, None, 1], "num_classes": 3, "levels": 2, "base_features": 2}
NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def model():
    network = unet_2d(**ARGUMENTS)
    rng = np.random.default_rng(0)
    network.set_weights([rng.normal(0, 0.5, weight.shape) for weight in network.weights])
    return network


@pytest.fixture(scope="module")
def volume():
    return np.random.default_rng(1).integers(0, 200, (9, 18, 21), dtype=np.uint8)


@pytest.fixture
def weights(model, tmp_path):
    config = WeightsConfig(
        model="unet_2d",
        arguments=ARGUMENTS,
        classes=class_entries(NAMES),
        normalisation=Normalisation("minmax"),
    )
    save_weights(tmp_path / "weights", model, config, card="# Random\n")
    return tmp_path / "weights"


def along(model, volume, axis, keep=True):
    """One pass, by NumPy: the slices along an axis, padded, predicted by Keras, cropped."""
    slices = np.moveaxis(volume * keep, axis, 0)
    sides = slices.shape[1:]
    padded = np.pad(slices, ((0, 0), *((0, -side % 2) for side in sides)))
    found = np.asarray(model(padded[..., None].astype("float32"), training=False))
    found = np.moveaxis(found[:, : sides[0], : sides[1]], 0, axis)
    return found * np.broadcast_to(keep, volume.shape)[..., None]


@pytest.mark.parametrize("passes", ["zyx", "y", "xz"])
def test_the_mean_of_the_passes_is_that_of_numpy(model, volume, passes):
    grey = (volume - volume.min()) / np.ptp(volume)
    expected = np.mean([along(model, grey, "zyx".index(name)) for name in passes], axis=0)
    settings = {"normalisation": Normalisation("minmax"), "passes": passes}
    result = predict_volume(model, volume, **settings)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    roi = ((2, 8), (0, 17), (5, 6))
    part = predict_volume(model, volume, roi=roi, **settings)
    np.testing.assert_allclose(part, expected[2:8, 0:17, 5:6], atol=1e-6)


def test_the_file_has_the_mean_and_a_mask_is_the_same_along_each_axis(
    model, volume, weights, tmp_path
):
    mask = np.random.default_rng(2).random(volume.shape) < 0.7
    np.save(tmp_path / "mask.npy", mask)
    inside = volume[mask].astype(float)
    grey = (volume - inside.min()) / np.ptp(inside)
    expected = np.mean([along(model, grey, axis, mask) for axis in range(3)], axis=0)
    source = ArrayVolume(volume, (0.2, 0.1, 0.1))
    progress = []
    before = {*os.listdir(tmp_path)}
    summary = segment_file(
        source,
        tmp_path / "s.npy",
        weights=weights,
        probabilities=tmp_path / "p.npy",
        mask=tmp_path / "mask.npy",
        passes="zyx",
        progress=lambda *pair: progress.append(pair),
    )
    result = np.stack([np.load(tmp_path / f"p_{name}.npy") for name in NAMES], axis=-1)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), result.argmax(axis=-1))
    cubes = [text for text in summary["notices"] if "voxels for cubes" in text]
    assert [text.endswith("but they are 0.2 x 0.1 x 0.1 µm") for text in cubes] == [True]
    assert progress == sorted(progress)
    assert progress[-1][0] == progress[-1][1] == volume.size // 20 + 3 * volume.size
    written = {"s.npy", "p_a.npy", "p_b.npy", "p_c.npy"}
    assert {*os.listdir(tmp_path)} - before == written


def test_sums_on_the_disk_are_those_in_memory(tmp_path):
    rng = np.random.default_rng(3)
    shape = (35, 20, 17, 2)
    with sums.open_sums(None, shape) as memory, sums.open_sums(tmp_path, shape) as disk:
        for box in (((0, 35), (3, 20), (0, 5)), ((30, 31), (0, 20), (2, 17)), ((5, 33),) * 3):
            box = tuple(
                (low, min(high, side)) for (low, high), side in zip(box, shape, strict=False)
            )
            values = rng.random((*(high - low for low, high in box), 2), dtype="float32")
            memory.add(box, values)
            disk.add(box, values)
        np.testing.assert_array_equal(disk.read(0, 35), memory.read(0, 35))
        np.testing.assert_array_equal(disk.read(14, 19), memory.read(14, 19))
        assert disk.nbytes == 4 * 2 * 16**3 * 3 * 2 * 2
    assert os.listdir(tmp_path) == []


def test_means_of_large_planes_are_read_few_at_a_time(monkeypatch):
    held = sums.MemorySums((9, 100, 100, 2))
    held.add(((0, 9), (0, 100), (0, 100)), np.random.default_rng(0).random((9, 100, 100, 2)))
    expected = held.read(2, 9) / np.float32(3)
    plane = 100 * 100 * 2 * 4
    for planes, depth in ((1, 1), (7, 2), (100, 7)):
        monkeypatch.setattr(sums, "MEAN", planes * plane)
        tracemalloc.start()
        parts = [(start, len(mean)) for start, mean in sums.read_means(held, (2, 9), 3)]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert parts[0] == (2, depth)
        assert sum(length for _, length in parts) == 7
        assert peak < 2 * depth * plane + 10_000
        means = [mean for _, mean in sums.read_means(held, (2, 9), 3)]
        np.testing.assert_array_equal(np.concatenate(means), expected)


def test_slabs_of_a_pass_count_as_what_is_added_to_the_sums(volume, weights, tmp_path, monkeypatch):
    def stop(*_, plan, **__):
        raise RuntimeError(plan["voxel_bytes"])

    monkeypatch.setattr(orthogonal, "predict_fitting", stop)
    with pytest.raises(RuntimeError, match=r"\(1, 12\)"):  # uint8 in, three float32 out
        segment_file(volume, tmp_path / "s.npy", weights=weights, passes="zx")


def test_too_little_room_is_said_before_anything_is_computed(
    volume, weights, tmp_path, monkeypatch
):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(sums.shutil, "disk_usage", lambda _: usage(1, 1, 1000))
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OSError, match="but 1e-06 GB are free; make room, or use a single pass"):
        segment_file(volume, tmp_path / "s.npy", weights=weights, passes="zy")
    assert sorted(os.listdir(tmp_path)) == before


def test_a_failure_in_a_later_pass_leaves_nothing(volume, weights, tmp_path):
    class Broken(ArrayVolume):
        reads = 0

        def _read_box(self, box):
            raise ValueError("the disk is gone")

    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ValueError, match="the disk is gone"):
        segment_file(Broken(volume), tmp_path / "s.npy", weights=weights, passes="zx")
    assert sorted(os.listdir(tmp_path)) == before


def test_passes_belong_to_networks_of_slices(model, volume):
    deep = unet_3d((None, None, None, 1), 1, levels=1, base_features=2)
    with pytest.raises(ValueError, match=r"passes z,y are for networks of slices, but unet_3d"):
        predict_volume(deep, volume, passes="zy")
    for passes in ("", "zz", "zt"):
        with pytest.raises(ValueError, match="passes must be z, y or x"):
            predict_volume(model, volume, passes=passes)


def test_cubes_give_no_notice(volume, weights, tmp_path):
    source = ArrayVolume(volume, (0.1, 0.1, 0.1))
    summary = segment_file(source, tmp_path / "s.tif", weights=weights, passes="y")
    assert summary["notices"] == []
    assert open_volume(tmp_path / "s.tif").spacing == pytest.approx((0.1, 0.1, 0.1))
