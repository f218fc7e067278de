import os

import numpy as np
import pytest
import zarr

from tomoseg_tf.volume import check_output, create_volume, open_volume
from tomoseg_tf.volume.zarr.pyramid import halve, plan_levels
from tomoseg_tf.volume.zarr.writer import ZarrWriter

RNG = np.random.default_rng(0)


def store(path, array, order=None, **options):
    starts = range(0, len(array), 3) if order is None else order
    with create_volume(path, array.shape, array.dtype, **options) as writer:
        for start in starts:
            writer.write(start, array[start : start + 3])
    return zarr.open_group(path, mode="r")


def test_levels_end_where_no_side_is_longer_than_256():
    assert [level.shape for level in plan_levels((256, 256, 256))] == [(256, 256, 256)]
    levels = plan_levels((40, 1025, 600))
    assert [level.shape for level in levels] == [
        (40, 1025, 600),
        (20, 513, 300),
        (10, 257, 150),
        (5, 129, 75),
    ]
    assert [level.factor for level in levels] == [(1,) * 3, (2,) * 3, (4,) * 3, (8,) * 3]


def test_thick_slices_wait_until_the_voxels_are_cubes():
    levels = plan_levels((100, 1000, 1000), (4.0, 1.0, 1.0))
    assert [level.factor for level in levels] == [(1, 1, 1), (1, 2, 2), (1, 4, 4)]
    assert [level.factor for level in plan_levels((9, 600, 600), (1, 0.5, 0.5))] == [
        (1, 1, 1),
        (1, 2, 2),
        (2, 4, 4),
    ]


def test_the_mean_rounds_and_the_most_frequent_class_is_one_that_is_there():
    grey = np.array([[[0, 1], [0, 1]], [[1, 1], [0, 0]]], np.uint8)
    assert halve(grey, (2, 2, 2), labels=False).item() == 1  # 0.5 rounded up
    assert halve(grey * 2, (1, 2, 2), labels=False).ravel().tolist() == [1, 1]
    classes = np.array([[[0, 7], [3, 7]], [[7, 3], [0, 9]]], np.uint8)
    assert halve(classes, (2, 2, 2), labels=True).item() == 7
    pairs = np.array([[[0, 0, 4, 4, 5]]], np.uint8)
    assert halve(pairs, (1, 1, 2), labels=True).ravel().tolist() == [0, 4, 5]
    assert halve(np.array([[[0, 6]]], np.uint8), (1, 1, 2), labels=True).item() == 6


@pytest.mark.parametrize("step", [(2, 2, 2), (1, 2, 2), (2, 1, 1)])
def test_the_most_frequent_value_is_that_of_a_count(step):
    array = RNG.integers(0, 4, (4, 6, 8), dtype=np.uint16)
    result = halve(array, step, labels=True)
    for z, y, x in np.ndindex(result.shape):
        cut = tuple(slice(i * s, (i + 1) * s) for i, s in zip((z, y, x), step, strict=True))
        counts = np.bincount(array[cut].ravel(), minlength=4)
        assert result[z, y, x] == max(range(4), key=lambda value: (counts[value], value))


def test_levels_state_where_their_voxels_lie(tmp_path):
    array = RNG.integers(0, 255, (5, 300, 520), dtype=np.uint8)
    group = store(tmp_path / "a.ome.zarr", array, spacing=(0.5, 0.25, 0.25))
    (image,) = group.attrs["ome"]["multiscales"]
    assert image["type"] == "mean"
    assert [item["path"] for item in image["datasets"]] == ["0", "1", "2"]
    assert [item["coordinateTransformations"] for item in image["datasets"]] == [
        [{"type": "scale", "scale": [0.5, 0.25, 0.25]}],
        [
            {"type": "scale", "scale": [0.5, 0.5, 0.5]},
            {"type": "translation", "translation": [0.0, 0.125, 0.125]},
        ],
        [
            {"type": "scale", "scale": [1.0, 1.0, 1.0]},
            {"type": "translation", "translation": [0.25, 0.375, 0.375]},
        ],
    ]
    for name in "012":
        assert group[name].metadata.dimension_names == ("z", "y", "x")


@pytest.mark.parametrize("order", [None, [3, 0, 9, 6, 12]])
@pytest.mark.parametrize(("dtype", "labels"), [("u1", False), ("f4", False), ("u4", True)])
def test_streamed_levels_are_those_of_the_whole_volume(tmp_path, monkeypatch, order, dtype, labels):
    monkeypatch.setattr("tomoseg_tf.volume.zarr.writer.MAX_DEPTH", 4)
    array = RNG.integers(0, 3, (15, 20, 600)).astype(dtype)
    group = store(tmp_path / "a.zarr", array, order)
    for level in "12":
        array = halve(array, (2, 2, 2), labels=labels)
        np.testing.assert_array_equal(group[level][:], array)
    assert sorted(group.array_keys()) == ["0", "1", "2"]
    assert os.listdir(tmp_path) == ["a.zarr"]


def test_chunks_of_one_slice_are_halved_too(tmp_path, monkeypatch):
    monkeypatch.setattr("tomoseg_tf.volume.zarr.writer.LAYER_BYTES", 20 * 300)
    array = RNG.integers(0, 2, (5, 20, 300), dtype=np.uint8)
    group = store(tmp_path / "a.zarr", array, classes=True)
    assert group["0"].chunks == (1, 20, 256)
    np.testing.assert_array_equal(group["1"][:], halve(array, (2, 2, 2), labels=True))


def test_slices_written_again_reach_all_levels(tmp_path):
    array = RNG.integers(0, 255, (9, 20, 600), dtype=np.uint8)
    with create_volume(tmp_path / "a.zarr", array.shape, "u1") as writer:
        writer.write(0, np.zeros_like(array))
        writer.write(0, array[:4])
        writer.write(4, array[4:])
        writer.write(2, array[2:3])
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    np.testing.assert_array_equal(group["0"][:], array)
    once = halve(array, (2, 2, 2), labels=False)
    np.testing.assert_array_equal(group["1"][:], once)
    np.testing.assert_array_equal(group["2"][:], halve(once, (2, 2, 2), labels=False))


def test_our_own_levels_are_read_and_replaced_without_a_word(tmp_path):
    path = tmp_path / "a.zarr"
    array = RNG.integers(0, 255, (4, 300, 30), dtype=np.uint8)
    store(path, array, spacing=(1, 1, 1))
    volume = open_volume(path)
    np.testing.assert_array_equal(volume.read(0, 4), array)
    assert volume.notices == ()
    half = open_volume(f"{path}::1")
    assert (half.shape, half.spacing) == ((2, 150, 15), (2.0, 2.0, 2.0))
    check_output(path, overwrite=True)
    zarr.open_group(path)["1"].attrs["dose"] = 3
    with pytest.raises(ValueError, match="holds /1@dose: the whole store would be replaced"):
        check_output(path, overwrite=True)


def test_an_interrupted_level_is_refused(tmp_path):
    writer = ZarrWriter(tmp_path / "a.zarr", (4, 300, 30), "u1")
    writer.write(0, np.zeros((4, 300, 30), np.uint8))
    writer.close()
    with pytest.raises(ValueError, match="its writing was interrupted; write it again"):
        open_volume(f"{tmp_path / 'a.zarr'}::1")
