"""Labels of napari become truth, and read back as they were."""

import numpy as np
import pytest

from tomoseg_tf.napari.writing import layer_spacing, write_labels
from tomoseg_tf.volume import open_truth, open_volume

CLASSES = np.random.default_rng(0).choice(np.array([0, 1, 2, 255]), (4, 5, 6))
SETTINGS = {"name": "drawn", "scale": (200, 100, 100), "units": ("nanometer",) * 3}


@pytest.mark.parametrize("name", ["truth.tif", "truth.zarr", "truth.nrrd"])
def test_classes_come_back_with_their_spacing(tmp_path, name):
    assert write_labels(str(tmp_path / name), CLASSES, SETTINGS) == [str(tmp_path / name)]
    truth = open_truth(tmp_path / name)
    np.testing.assert_array_equal(truth.read(0, 4), CLASSES)
    assert truth.spacing == pytest.approx((0.2, 0.1, 0.1))
    write_labels(str(tmp_path / name), CLASSES, SETTINGS)  # napari has asked whether to replace


def test_values_of_0_and_255_alone_stay_unknown(tmp_path):
    write_labels(str(tmp_path / "t.tif"), 255 * (CLASSES > 0), SETTINGS)
    assert set(np.unique(open_truth(tmp_path / "t.tif").read(0, 4))) == {0, 255}


def test_numbers_of_objects_keep_their_values(tmp_path):
    objects = CLASSES.astype(np.int64) * 1000
    write_labels(str(tmp_path / "objects.zarr"), objects, {"name": "objects"})
    volume = open_volume(tmp_path / "objects.zarr")
    assert (volume.dtype, volume.spacing, volume.holds_classes) == (np.uint32, None, False)
    np.testing.assert_array_equal(volume.read(0, 4), objects)


def test_of_a_pyramid_the_finest_level_is_written(tmp_path):
    levels = [CLASSES, CLASSES[:, ::2, ::2]]
    write_labels(str(tmp_path / "t.tif"), levels, SETTINGS | {"multiscale": True})
    np.testing.assert_array_equal(open_truth(tmp_path / "t.tif").read(0, 4), CLASSES)


def test_the_name_of_a_layer_is_no_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drawn").mkdir()
    write_labels("drawn/mended.tif", CLASSES, SETTINGS)
    write_labels("t.tif", CLASSES, SETTINGS | {"name": "t.tif"})
    write_labels("t.tif", CLASSES[::-1], SETTINGS | {"name": "t.tif"})
    np.testing.assert_array_equal(open_truth("t.tif").read(0, 4), CLASSES[::-1])


def test_what_is_no_truth_is_refused(tmp_path):
    with pytest.raises(ValueError, match="has 2 axes"):
        write_labels(str(tmp_path / "t.tif"), CLASSES[0], SETTINGS)
    with pytest.raises(ValueError, match="holds the label -1"):
        write_labels(str(tmp_path / "t.tif"), CLASSES - 1, SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_spacing_needs_lengths():
    assert layer_spacing((1, 1, 1), ("pixel",) * 3) is None
    assert layer_spacing((2, 2), ("um", "um")) is None
    assert layer_spacing((9, 3, 2, 1), ("s", "um", "um", "mm")) == (3, 2, 1000)
