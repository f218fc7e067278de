import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import create_volume, open_volume
from tomoseg_tf.volume.tiff.writer import TiffWriter, tiff_options

ARRAY = np.random.default_rng(0).normal(100, 30, (5, 7, 6))
TYPES = ("u1", "u2", "f4", "i1", "i2", "i4", "u4", "f8", "u8", "i8", "f2")
SPACING = (0.7, 0.02933, 1 / 3)


def write(path, dtype, spacing=SPACING):
    array = ARRAY.astype(dtype)
    with create_volume(path, array.shape, dtype, spacing=spacing) as writer:
        writer.write(2, array[2:])
        writer.write(0, array[:2])
    return array


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ["a.tif", "folder"])
def test_every_type_keeps_its_voxels_and_spacing(tmp_path, dtype, name):
    array = write(tmp_path / name, dtype)
    volume = open_volume(tmp_path / name)
    assert volume.dtype == array.dtype
    np.testing.assert_array_equal(volume.read(0, 5), array)
    np.testing.assert_allclose(volume.spacing, SPACING, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_imagej_finds_its_calibration(tmp_path, dtype):
    array = write(tmp_path / "a.tif", dtype)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        metadata, page = tif.imagej_metadata, tif.pages.first
        assert (metadata["slices"], metadata["unit"], metadata["spacing"]) == (5, "um", 0.7)
        assert tif.series[0].axes == "ZYX"
        assert not tif.is_bigtiff
        np.testing.assert_array_equal(tif.asarray(), array)
        for tag, size in (("XResolution", SPACING[2]), ("YResolution", SPACING[1])):
            numerator, denominator = page.tags[tag].value
            np.testing.assert_allclose(denominator / numerator, size, rtol=1e-6)


@pytest.mark.parametrize(("name", "dtype"), [("a.tif", "i4"), ("a.ome.tif", "u1")])
def test_ome_states_physical_sizes(tmp_path, name, dtype):
    array = write(tmp_path / name, dtype)
    with tifffile.TiffFile(tmp_path / name) as tif:
        root = ElementTree.fromstring(tif.ome_metadata)
        np.testing.assert_array_equal(tif.asarray(), array)
        dots = [value / 1e4 for value in tif.pages.first.get_resolution()]
    pixels = next(item for item in root.iter() if item.tag.endswith("Pixels"))
    sizes = [float(pixels.get(f"PhysicalSize{axis}")) for axis in "ZYX"]
    np.testing.assert_allclose(sizes, SPACING)
    assert {pixels.get(f"PhysicalSize{axis}Unit", "µm") for axis in "ZYX"} == {"µm"}
    assert (pixels.get("SizeZ"), pixels.get("SizeC"), pixels.get("SizeT")) == ("5", "1", "1")
    np.testing.assert_allclose(dots, [1 / SPACING[2], 1 / SPACING[1]], rtol=1e-6)


def test_unknown_spacing_stays_unknown(tmp_path):
    for name in ("a.tif", "a.ome.tif", "folder"):
        write(tmp_path / name, "u1", None)
        volume = open_volume(tmp_path / name)
        assert (volume.spacing, volume.notices) == (None, ())


@pytest.mark.parametrize(
    "shape", [(3, 8, 9), (4, 8, 3), (4, 8, 4), (1, 8, 9), (2, 1, 1), (5, 7, 1)]
)
@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif", "folder"])
def test_sides_of_3_and_4_are_no_colours(tmp_path, shape, name):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    with create_volume(tmp_path / name, shape, "u1", spacing=SPACING) as writer:
        writer.write(0, array)
    volume = open_volume(tmp_path / name)
    np.testing.assert_array_equal(volume.read(0, shape[0]), array)
    np.testing.assert_allclose(volume.spacing, SPACING, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["u8", "i8", "f2"])
def test_ome_cannot_hold_every_type(tmp_path, dtype):
    with pytest.raises(ValueError, match="OME-TIFF cannot hold"):
        create_volume(tmp_path / "a.ome.tif", ARRAY.shape, dtype).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_width_of_1_is_refused_where_tiff_would_lose_it(tmp_path):
    with pytest.raises(ValueError, match="cannot hold uint64 one voxel wide"):
        create_volume(tmp_path / "a.tif", (3, 4, 1), "u8").__enter__()


def test_imagej_below_4_gb_and_ome_bigtiff_above():
    small = tiff_options((4000, 1000, 1000), "u1", SPACING)
    assert (small["imagej"], small["bigtiff"]) == (True, False)
    large = tiff_options((4300, 1000, 1000), "u1", SPACING)
    assert (large["ome"], large["bigtiff"]) == (True, True)
    assert "imagej" not in large
    assert tiff_options((2200, 1000, 1000), "u2", None)["bigtiff"]


def test_file_of_more_than_4_gb_is_a_sparse_bigtiff_until_written(tmp_path):
    shape = (5, 30000, 30000)
    TiffWriter(tmp_path / "a.tif", shape, "u1", SPACING).close()
    status = (tmp_path / "a.tif").stat()
    assert status.st_size > 4_500_000_000
    assert status.st_blocks * 512 < 10_000_000
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        assert (tif.is_bigtiff, tif.is_ome, tif.series[0].shape) == (True, True, shape)
    volume = open_volume(tmp_path / "a.tif")
    assert volume.read_box(((4, 5), (29998, 30000), (29997, 30000))).shape == (1, 2, 3)
