"""A filtered scan is filtered once, however many slabs along other axes are seen."""

import os

import keras
import numpy as np
import pytest

from tomoseg_tf.models import unet_2d
from tomoseg_tf.prediction import segment_file
from tomoseg_tf.prediction.resuming.hidden import hidden_folder
from tomoseg_tf.volume import FilteredVolume, filter_file
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

FILTER = "median:3"


@pytest.fixture
def save(tmp_path):
    """A function that saves untrained weights behind filters."""

    def save(name="weights", filters=(FILTER,), seed=0):
        keras.utils.set_random_seed(seed)
        arguments = {"input_shape": [None, None, 1], "num_classes": 1, "base_features": 2}
        config = WeightsConfig(
            model="unet_2d",
            arguments=arguments,
            classes=class_entries(("matrix", "pore")),
            threshold=0.5,
            filters=filters,
        )
        save_weights(tmp_path / name, unet_2d(**arguments), config, card="# Untrained\n")
        return tmp_path / name

    return save


@pytest.fixture
def scan(tmp_path):
    """A scan, and the same one through the filter."""
    np.save(tmp_path / "scan.npy", np.random.default_rng(1).random((17, 12, 9), np.float32))
    filter_file(tmp_path / "scan.npy", tmp_path / "filtered.npy", [FILTER])
    return tmp_path / "scan.npy", tmp_path / "filtered.npy"


@pytest.fixture
def filtered_slices(monkeypatch):
    """Slices that go through a filter, each time that one does."""
    seen, method = [], FilteredVolume._filtered

    def count(volume, low, high):
        seen.extend(range(low, high))
        return method(volume, low, high)

    monkeypatch.setattr(FilteredVolume, "_filtered", count)
    return seen


def segmented(volume, weights, tmp_path, name, **options):
    result = tmp_path / f"{name}.npy"
    segment_file(
        volume, tmp_path / f"{name}_s.npy", weights=weights, probabilities=result, **options
    )
    return np.load(result)


def test_passes_filter_each_slice_once(save, scan, tmp_path, filtered_slices):
    raw, filtered = scan
    weights = save()
    expected = segmented(filtered, weights, tmp_path, "a", passes="zyx", apply_filters=False)
    assert filtered_slices == []
    found = segmented(raw, weights, tmp_path, "b", passes="zyx")
    np.testing.assert_array_equal(found, expected)
    assert filtered_slices == list(range(17))
    assert not any(name.startswith(".") for name in os.listdir(tmp_path))


def test_members_behind_other_filters_keep_slices_of_their_own(
    save, scan, tmp_path, filtered_slices
):
    raw, _ = scan
    both = [save("one"), save("other", ("median:5",), seed=1)]
    means = [segmented(raw, one, tmp_path, one.name, passes="zyx") for one in both]
    filtered_slices.clear()
    found = segmented(raw, both, tmp_path, "both", passes="zyx")
    np.testing.assert_allclose(found, np.mean(means, axis=0), atol=1e-5)
    assert sorted(filtered_slices) == sorted([*range(17)] * 2)


def test_upright_passes_take_no_room(save, scan, tmp_path):
    raw, _ = scan
    settings = {"weights": save(), "dry_run": True}

    def needed(**more):
        found = segment_file(raw, tmp_path / "s.npy", **settings, **more)
        return found["disks"][0]["needed"]

    assert needed() == needed(apply_filters=False)
    more = needed(passes="zyx") - needed(passes="zyx", apply_filters=False)
    assert more == 17 * 12 * 9 * 4  # the filtered scan in float32
    assert not hidden_folder(tmp_path / "s.npy").exists()
