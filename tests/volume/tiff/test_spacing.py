import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import open_volume

ARRAY = np.zeros((3, 4, 5), np.uint8)


def open_written(path, array=ARRAY, **options):
    tifffile.imwrite(path, array, photometric="minisblack", **options)
    return open_volume(path)


def imagej(path, unit, resolution, **metadata):
    metadata = {"axes": "ZYX", "unit": unit} | metadata
    return open_written(path, imagej=True, resolution=resolution, metadata=metadata)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("um", 1), ("micron", 1), ("\\u00B5m", 1), ("nm", 1e-3), ("mm", 1e3), ("inch", 25400)],
)
def test_imagej_units(tmp_path, unit, factor):
    volume = imagej(tmp_path / "a.tif", unit, (4, 2), spacing=2.5)
    np.testing.assert_allclose(volume.spacing, np.array([2.5, 0.5, 0.25]) * factor)
    assert volume.notices == ()


@pytest.mark.parametrize("unit", ["", "pixel"])
def test_imagej_numbers_without_a_length_are_told(tmp_path, unit):
    volume = imagej(tmp_path / "a.tif", unit, (0.512, 0.512), spacing=1.953125)
    assert volume.spacing is None
    assert "(1.953125, 1.953125, 1.953125) along (z, y, x) has" in volume.notices[0]


def test_imagej_without_calibration_says_nothing(tmp_path):
    volume = open_written(tmp_path / "a.tif", imagej=True, metadata={"axes": "ZYX"})
    assert (volume.spacing, volume.notices) == (None, ())


def test_imagej_without_z_spacing_is_unknown(tmp_path):
    volume = imagej(tmp_path / "a.tif", "um", (2, 2))
    assert volume.spacing is None
    assert "(unknown, 0.5, 0.5) um is not known along each axis" in volume.notices[0]


def test_imagej_leaves_out_a_z_spacing_of_1(tmp_path):
    assert imagej(tmp_path / "a.tif", "um", (1, 1)).spacing == (1, 1, 1)


def test_imagej_negative_spacing_is_a_direction(tmp_path):
    assert imagej(tmp_path / "a.tif", "um", (2, 2), spacing=-3.0).spacing == (3, 0.5, 0.5)


@pytest.mark.parametrize(("unit", "factor"), [("µm", 1), ("nm", 1e-3), ("mm", 1e3), (None, 1)])
def test_ome_units_default_to_micrometres(tmp_path, unit, factor):
    metadata = {"axes": "ZYX"}
    for axis, size in zip("ZYX", (3, 2, 1), strict=True):
        metadata[f"PhysicalSize{axis}"] = size
        metadata |= {f"PhysicalSize{axis}Unit": unit} if unit else {}
    volume = open_written(tmp_path / "a.ome.tif", ome=True, metadata=metadata)
    np.testing.assert_allclose(volume.spacing, np.array([3, 2, 1]) * factor)


def test_ome_without_z_is_unknown(tmp_path):
    metadata = {"axes": "ZYX", "PhysicalSizeX": 1.5, "PhysicalSizeY": 1.5}
    volume = open_written(tmp_path / "a.ome.tif", ome=True, metadata=metadata)
    assert volume.spacing is None
    assert "not known along each axis" in volume.notices[0]


def test_plain_resolution_gives_no_z(tmp_path):
    options = {"resolution": (1e4, 1e4), "resolutionunit": "CENTIMETER"}
    volume = open_written(tmp_path / "a.tif", metadata=None, **options)
    assert volume.spacing is None
    assert "(unknown, 0.0001, 0.0001) cm is not known along each axis" in volume.notices[0]
    volume = open_volume(tmp_path / "a.tif", spacing=(2, 1, 1))
    assert (volume.spacing, volume.notices) == ((2, 1, 1), ())


def test_resolution_of_zero_is_none(tmp_path):
    volume = open_written(tmp_path / "a.tif", metadata=None, resolution=(0, 0))
    assert (volume.spacing, volume.notices) == (None, ())


def test_fields_of_tifffile_are_read(tmp_path):
    metadata = {"axes": "ZYX", "spacing": 2.0, "unit": "um"}
    volume = open_written(tmp_path / "a.tif", resolution=(2, 4), metadata=metadata)
    assert volume.spacing == (2, 0.25, 0.5)
