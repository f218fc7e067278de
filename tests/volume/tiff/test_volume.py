import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import open_volume

ARRAY = np.random.default_rng(0).integers(0, 200, (12, 21, 19)).astype(np.uint16)
TYPES = ("u1", "i1", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8")
FLAVOURS = {
    "imagej": {"imagej": True, "metadata": {"axes": "ZYX"}},
    "imagej_time": {"imagej": True, "metadata": {"axes": "TYX"}},
    "imagej_no_axes": {"imagej": True},
    "imagej_compressed": {"imagej": True, "metadata": {"axes": "ZYX"}, "compression": "lzw"},
    "imagej_little": {"imagej": True, "metadata": {"axes": "ZYX"}, "byteorder": "<"},
    "ome": {"ome": True, "metadata": {"axes": "ZYX"}},
    "ome_time": {"ome": True, "metadata": {"axes": "TYX"}, "byteorder": ">"},
    "shaped": {},
    "truncated": {"metadata": {"axes": "ZYX"}, "contiguous": True},
    "plain": {"metadata": None},
    "big": {"bigtiff": True, "byteorder": ">"},
    "strips": {"rowsperstrip": 4, "metadata": None},
    "lzw": {"compression": "lzw", "predictor": True},
    "deflate": {"compression": "zlib", "metadata": None, "rowsperstrip": 5},
    "packbits": {"compression": "packbits"},
    "tiles": {"tile": (16, 16)},
    "tiles_deflate": {"tile": (16, 32), "compression": "zlib", "byteorder": ">"},
}


def write(path, array=ARRAY, **options):
    tifffile.imwrite(path, array, photometric="minisblack", **options)
    return path


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_flavour_reads_as_the_same_volume(tmp_path, flavour):
    volume = open_volume(write(tmp_path / "a.tif", **FLAVOURS[flavour]))
    assert (volume.shape, volume.dtype, volume.spacing) == (ARRAY.shape, np.uint16, None)
    np.testing.assert_array_equal(volume.read(0, 12), ARRAY)
    np.testing.assert_array_equal(volume.read(5, 7), ARRAY[5:7])
    box = volume.read_box(((3, 5), (4, 20), (17, 19)))
    np.testing.assert_array_equal(box, ARRAY[3:5, 4:20, 17:19])


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_every_type_is_read(tmp_path, dtype, compression):
    array = ARRAY.astype(dtype)
    volume = open_volume(write(tmp_path / "a.tif", array, compression=compression))
    assert volume.dtype == array.dtype
    np.testing.assert_array_equal(volume.read(0, 12), array)


def test_pages_written_one_by_one(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for image in ARRAY:
            writer.write(image, contiguous=False, metadata=None, photometric="minisblack")
    np.testing.assert_array_equal(open_volume(tmp_path / "a.tif").read(0, 12), ARRAY)


def test_bilevel_mask_is_read_as_0_and_1(tmp_path):
    volume = open_volume(write(tmp_path / "a.tif", ARRAY > 100))
    assert volume.dtype == np.uint8
    np.testing.assert_array_equal(volume.read(0, 12), (ARRAY > 100).astype(np.uint8))


def test_single_slice_is_a_volume_of_depth_1(tmp_path):
    volume = open_volume(write(tmp_path / "a.tif", ARRAY[0]))
    assert volume.shape == (1, 21, 19)


@pytest.mark.parametrize("shape", [(5, 1, 7), (5, 7, 1), (1, 1, 1), (3, 8, 9), (4, 8, 9)])
def test_thin_volumes_keep_their_shape(tmp_path, shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    volume = open_volume(write(tmp_path / "a.tif", array, ome=True, metadata={"axes": "ZYX"}))
    assert volume.shape == shape
    np.testing.assert_array_equal(volume.read(0, shape[0]), array)


def test_stack_with_one_header_for_all_slices(tmp_path):
    """ImageJ writes a large stack as one page; older versions state only the number of images."""
    text = f"ImageJ=1.53t\nimages={len(ARRAY)}\n"
    with tifffile.TiffWriter(tmp_path / "a.tif", byteorder="<") as writer:
        writer.write(ARRAY[0], description=text, metadata=None, photometric="minisblack")
    with open(tmp_path / "a.tif", "ab") as file:
        with tifffile.TiffFile(tmp_path / "a.tif") as tif:
            end = tif.pages[0].dataoffsets[0] + ARRAY[0].nbytes
        file.truncate(end)
        file.seek(0, 2)
        file.write(ARRAY[1:].astype("<u2").tobytes())
    np.testing.assert_array_equal(open_volume(tmp_path / "a.tif").read(0, 12), ARRAY)


def test_how_it_is_stored_is_told(tmp_path):
    volume = open_volume(write(tmp_path / "a.tif", byteorder=">"))
    assert volume.storage["byte_order"] == "big"
    assert volume.storage["compression"] == "none"
    volume = open_volume(write(tmp_path / "b.tif", compression="zlib"))
    assert volume.storage["compression"] == "adobe_deflate"
    assert "decoded" in volume.storage["reading"]


def test_many_images_declared_as_channels_are_slices_with_a_notice(tmp_path):
    volume = open_volume(write(tmp_path / "a.tif", imagej=True))
    assert volume.notices == ("its 12 images are declared as channels; they are read as slices",)


def test_further_series_are_told(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(ARRAY, photometric="minisblack")
        writer.write(ARRAY[:2, :5], photometric="minisblack")
    volume = open_volume(tmp_path / "a.tif")
    assert volume.notices == ("it holds 2 image series; the first one is read",)
    np.testing.assert_array_equal(volume.read(0, 12), ARRAY)
