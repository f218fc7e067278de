import h5py
import numpy as np
import pytest

from tomoseg_tf.volume import open_volume


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as opened:
        opened["exchange/data"] = np.ones((3, 4, 5), "u1")
        yield opened


def add(file, path, value, units=None):
    file[path] = value
    if units is not None:
        file[path].attrs["units"] = units


def spacing_of(file):
    file.flush()
    volume = open_volume(file.filename)
    return volume.spacing, " ".join(volume.notices)


def test_element_size_of_ilastik_comes_first(file):
    file["exchange/data"].attrs["element_size_um"] = [0.7, 0.6, 0.5]
    add(file, "pixel_size", 3.0, "um")
    assert spacing_of(file) == ((0.7, 0.6, 0.5), "")


@pytest.mark.parametrize("value", [[0.7, 0.6], [0.7, 0.6, 0.0], [np.nan] * 3, "text"])
def test_element_size_that_is_none_is_passed_over(file, value):
    file["exchange/data"].attrs["element_size_um"] = value
    assert spacing_of(file) == (None, "")


@pytest.mark.parametrize(
    ("path", "value", "units", "expected"),
    [
        ("measurement/instrument/detector/pixel_size", 0.65, "um", 0.65),
        ("measurement/instrument/detection_system/objective/resolution", 650.0, "nm", 0.65),
        ("entry/reconstruction/voxel_size", [6.5e-7] * 3, "m", 0.65),
        ("entry/reconstruction/configuration/pixel_size", 6.5e-4, "mm", 0.65),
        ("entry/reconstruction/configuration/voxel_size_cm", [6.5e-5] * 3, None, 0.65),
        ("process/sample_pixel_size", 6500.0, "Å", 0.65),
    ],
)
def test_fields_of_beamlines(file, path, value, units, expected):
    add(file, path, value, units)
    spacing, notice = spacing_of(file)
    assert spacing == pytest.approx((expected,) * 3)
    assert notice.startswith(f"the voxel size is that of /{path} = ")


def test_attributes_of_the_volume(file):
    file["exchange/data"].attrs["voxel_size"] = 2.0
    assert spacing_of(file)[1].startswith("its voxel size (@voxel_size = 2) has no unit of length")
    file["exchange/data"].attrs["voxel_size_units"] = "nm"
    assert spacing_of(file)[0] == pytest.approx((0.002,) * 3)


def test_fields_that_agree(file):
    add(file, "a/x_pixel_size", 1.5, "um")
    add(file, "a/y_pixel_size", 1500.0, "nm")
    assert spacing_of(file)[0] == pytest.approx((1.5,) * 3)


def test_fields_that_differ_are_reported(file):
    add(file, "a/x_pixel_size", 1.5, "um")
    add(file, "a/y_pixel_size", 2.5, "um")
    spacing, notice = spacing_of(file)
    assert spacing is None
    assert "(/a/x_pixel_size = 1.5 um, /a/y_pixel_size = 2.5 um) do not agree" in notice


def test_detector_behind_a_lens_is_not_the_voxel_size(file):
    add(file, "instrument/detector/pixel_size", 6.5, "um")
    add(file, "instrument/objective/magnification", 10.0)
    spacing, notice = spacing_of(file)
    assert spacing is None
    assert "is that of a detector behind a lens; state it with --spacing" in notice
    add(file, "instrument/objective/resolution", 0.65, "um")
    assert spacing_of(file)[0] == pytest.approx((0.65,) * 3)


@pytest.mark.parametrize("units", ["counts", "", None])
def test_unknown_units_are_reported(file, units):
    add(file, "pixel_size", 3.0, units)
    spacing, notice = spacing_of(file)
    assert spacing is None
    assert "has no unit of length; state it with --spacing" in notice


@pytest.mark.parametrize("value", [0.0, np.inf, -np.inf])
def test_sizes_that_are_none_are_reported(file, value):
    add(file, "pixel_size", value, "um")
    assert spacing_of(file)[0] is None
    assert "do not agree" in spacing_of(file)[1]


def test_given_spacing_takes_the_place_of_all(file):
    add(file, "pixel_size", 3.0, "furlong")
    file.flush()
    volume = open_volume(file.filename, spacing=(1, 2, 3))
    assert (volume.spacing, volume.notices) == ((1.0, 2.0, 3.0), ())
