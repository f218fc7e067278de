"""Files become the layers that they are: images, labels and points, in µm."""

import h5py
import numpy as np
import pytest
import tifffile

from tomoseg_tf.class_colours import IGNORED
from tomoseg_tf.napari import layers
from tomoseg_tf.napari.lazy_array import LazyArray
from tomoseg_tf.napari.reading import get_reader, read_example
from tomoseg_tf.objects.table_file import write_table
from tomoseg_tf.volume import create_volume

SPACING = (0.2, 0.1, 0.1)
GREY = np.random.default_rng(0).integers(0, 4000, (6, 8, 10)).astype(np.uint16)
CLASSES = (GREY > 3000).astype(np.uint8)
FORMATS = ["scan.tif", "scan.ome.tif", "scan", "scan.h5", "scan.zarr", "scan.nrrd", "scan.nhdr"]


def write(path, array, *, spacing=SPACING, classes=False):
    with create_volume(path, array.shape, array.dtype, spacing=spacing, classes=classes) as writer:
        writer.write(0, array)
    return str(path)


def read(path):
    return get_reader(str(path))(str(path))


@pytest.mark.parametrize("name", FORMATS)
def test_a_scan_of_each_format_is_an_image_in_micrometres(tmp_path, name):
    ((data, settings, kind),) = read(write(tmp_path / name, GREY))
    assert kind == "image"
    assert isinstance(data, LazyArray)
    np.testing.assert_array_equal(data[2:4, :, 3], GREY[2:4, :, 3])
    assert settings["scale"] == pytest.approx(SPACING)
    assert settings["units"] == ("um", "um", "um")
    assert settings["name"] == "scan"
    low, high = settings["contrast_limits"]
    assert 0 <= low < 100 < 3900 < high < 4000


def test_voxels_of_unknown_size_are_pixels(tmp_path):
    ((_, settings, kind),) = read(write(tmp_path / "scan.npy", GREY.astype(np.float32)))
    assert (settings["scale"], settings["units"], kind) == ((1, 1, 1), ("pixel",) * 3, "image")


@pytest.mark.parametrize("name", ["truth.tif", "truth.h5", "truth.zarr"])
def test_a_file_of_classes_is_labels_in_the_colours_of_figures(tmp_path, name):
    classes = CLASSES + 254 * (GREY < 100).astype(np.uint8) * (CLASSES == 0)
    ((data, settings, kind),) = read(write(tmp_path / name, classes, classes=True))
    assert kind == "labels"
    np.testing.assert_array_equal(data, classes)
    data[0, 0, 0] = 1  # it can be drawn on
    colours = settings["colormap"]
    assert (colours[0], colours[1], colours[255]) == ("transparent", "#e69f00", IGNORED)


def test_a_mask_is_a_class_and_numbers_of_objects_stay(tmp_path):
    tifffile.imwrite(tmp_path / "mask.tif", 255 * CLASSES, photometric="minisblack")
    ((data, settings, kind),) = read(tmp_path / "mask.tif")
    assert kind == "labels"
    np.testing.assert_array_equal(data, CLASSES)
    assert "read as a mask" in settings["metadata"]["tomoseg_tf"]["notices"][0]
    objects = 70_000 * CLASSES.astype(np.uint32)
    ((data, settings, kind),) = read(write(tmp_path / "objects.zarr", objects))
    assert (kind, data.max(), "colormap" in settings) == ("labels", 70_000, False)


def test_more_objects_than_classes_are_numbers_and_a_dark_scan_is_an_image(tmp_path):
    grains = np.repeat(np.arange(60, dtype=np.uint16), 8 * 10).reshape(60, 8, 10)
    grains[[15, 30, 45], :, :5] = 31  # of the slices that are looked at
    grains[[15, 30, 45], :, 5:] = 0
    ((data, settings, kind),) = read(write(tmp_path / "grains.tif", grains))
    assert (kind, "colormap" in settings) == ("labels", False)
    np.testing.assert_array_equal(data, grains)
    assert "numbers of objects" in settings["metadata"]["tomoseg_tf"]["notices"][-1]
    dark = (GREY % 32).astype(np.uint8)
    dark[0] = 100
    ((data, settings, kind),) = read(write(tmp_path / "dark.tif", dark))
    assert (kind, type(data), "contrast_limits" in settings) == ("image", LazyArray, True)
    with pytest.raises(ValueError, match="values without a class"):
        read(write(tmp_path / "marked.tif", GREY, classes=True))


def test_labels_larger_than_the_limit_are_read_as_they_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(layers, "IN_MEMORY", CLASSES.nbytes - 1)
    ((data, _, kind),) = read(write(tmp_path / "truth.tif", CLASSES, classes=True))
    assert (type(data), kind) == (LazyArray, "labels")


def test_a_pyramid_keeps_its_levels(tmp_path):
    array = np.random.default_rng(1).integers(0, 255, (8, 300, 16)).astype(np.uint8)
    ((data, settings, _),) = read(write(tmp_path / "scan.zarr", array))
    assert settings["multiscale"] is True
    assert [level.shape[1] for level in data] == [300, 150]
    np.testing.assert_array_equal(data[0][3], array[3])


def test_each_volume_of_a_file_is_a_layer(tmp_path):
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["entry/scan"] = GREY
        file["labels"] = CLASSES
        file["angles"] = np.zeros(3)
    found = read(tmp_path / "two.h5")
    assert [(settings["name"], kind) for _, settings, kind in found] == [
        ("two.h5::/entry/scan", "image"),
        ("two.h5::/labels", "labels"),
    ]
    assert [settings.get("visible", True) for _, settings, _ in found] == [True, False]


def test_what_others_show_is_left_to_them(tmp_path):
    tifffile.imwrite(tmp_path / "photo.tif", np.zeros((5, 6, 3), np.uint8), photometric="rgb")
    tifffile.imwrite(tmp_path / "series.tif", np.zeros((2, 3, 4, 5), np.uint8), photometric=1)
    (tmp_path / "empty").mkdir()
    (tmp_path / "points.csv").write_text("index,axis-0,axis-1\n0,1,2\n")
    for name in ("photo.tif", "series.tif", "empty", "points.csv", "picture.png", "missing.tif"):
        assert get_reader(str(tmp_path / name)) is None, name
    assert get_reader([str(tmp_path / "a.tif")]) is None


def test_a_file_that_only_this_plugin_reads_says_what_is_wrong(tmp_path):
    (tmp_path / "scan.nrrd").write_text("no header")
    GREY.tofile(tmp_path / "scan.raw")
    with pytest.raises(ValueError, match=r"scan\.nrrd"):
        read(tmp_path / "scan.nrrd")
    with pytest.raises(ValueError, match="describe it once in an NRRD header"):
        read(tmp_path / "scan.raw")


def test_objects_are_points_of_their_size_in_micrometres(tmp_path):
    columns = {
        "label": np.array([1, 2]),
        "class": np.array([1, 1]),
        **{f"centroid_{axis}": np.array([1.5, 4.0]) for axis in "zyx"},
        "equivalent_diameter_voxels": np.array([3.0, 6.0]),
        **{f"centroid_{axis}_um": np.array([1.5, 4.0]) / 10 for axis in "zyx"},
        "equivalent_diameter_um": np.array([0.3, 0.6]),
        "axis_long_um": np.array([0.4, np.nan]),
        **{f"direction_{axis}": np.array([0.0 + (axis == "y"), np.nan]) for axis in "zyx"},
    }
    write_table(columns, tmp_path / "objects.csv")
    (points, settings, kind), (vectors, along, other) = read(tmp_path / "objects.csv")
    assert (kind, other) == ("points", "vectors")
    np.testing.assert_allclose(points, [[0.15] * 3, [0.4] * 3])
    np.testing.assert_allclose(settings["size"], [0.3, 0.6])
    assert settings["border_color"] == "equivalent_diameter_um"
    assert list(settings["features"]) == list(columns)
    np.testing.assert_allclose(vectors, [[[0.15, -0.05, 0.15], [0, 0.4, 0]]], atol=1e-12)
    assert along["visible"] is False
    del columns["equivalent_diameter_voxels"], columns["equivalent_diameter_um"]
    write_table(columns, tmp_path / "objects.csv", overwrite=True)
    with pytest.raises(ValueError, match="lacks the column equivalent_diameter_um"):
        read(tmp_path / "objects.csv")


def test_the_example_is_a_scan_and_its_truth():
    (scan, of_scan, first), (truth, of_truth, second) = read_example()
    assert (first, second) == ("image", "labels")
    assert scan.shape == truth.shape
    assert of_scan["scale"] == of_truth["scale"] != (1, 1, 1)
