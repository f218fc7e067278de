"""TIFF files as other programs write them, and how those that are no grey volume are refused."""

import struct

import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import open_volume

ARRAY = np.random.default_rng(0).integers(0, 100, (3, 37, 45))
COMPRESSIONS = ["none", "lzw", "zlib", "adobe_deflate", "zstd", "packbits", "lzma"]
LAYOUTS = {
    "strips": {"rowsperstrip": 8},
    "tiles": {"tile": (16, 32)},
    "big": {"bigtiff": True, "rowsperstrip": 64},
}


def write(path, array, **options):
    tifffile.imwrite(path, array, **({"photometric": "minisblack", "metadata": None} | options))
    return path


def assert_read(path, array):
    volume = open_volume(path)
    assert (volume.shape, volume.dtype) == (array.shape, array.dtype)
    np.testing.assert_array_equal(volume.read(0, len(array)), array)
    for (y0, y1), (x0, x1) in [((0, 37), (44, 45)), ((9, 17), (30, 34)), ((33, 37), (0, 7))]:
        box = volume.read_box(((1, 3), (y0, y1), (x0, x1)))
        np.testing.assert_array_equal(box, array[1:3, y0:y1, x0:x1])
    return volume


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_compression_is_read(tmp_path, compression, layout, byteorder):
    options = LAYOUTS[layout] | {"byteorder": byteorder, "compression": compression}
    volume = assert_read(
        write(tmp_path / "a.tif", ARRAY.astype("u2"), **options), ARRAY.astype("u2")
    )
    assert volume.storage["byte_order"] == {"<": "little", ">": "big"}[byteorder]
    assert volume.storage["compression"] == compression.replace("zlib", "adobe_deflate")


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i4", "u4", "f2", "f4", "f8"])
@pytest.mark.parametrize("layout", ["strips", "tiles"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_every_type_is_read_with_its_predictor(tmp_path, dtype, layout, byteorder):
    array = ARRAY.astype(dtype)
    options = LAYOUTS[layout] | {"byteorder": byteorder, "compression": "zlib", "predictor": True}
    assert_read(write(tmp_path / "a.tif", array, **options), array)


def test_only_the_tiles_that_a_box_needs_are_read(tmp_path):
    path = write(tmp_path / "a.tif", ARRAY.astype("u1"), tile=(16, 16), compression="zlib")
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[0]  # 3 × 3 tiles
        damaged = page.dataoffsets[8], page.databytecounts[8]
    data = bytearray(path.read_bytes())
    data[damaged[0] : sum(damaged)] = b"\xff" * damaged[1]
    path.write_bytes(data)
    volume = open_volume(path)
    box = volume.read_box(((0, 1), (0, 37), (0, 32)))
    np.testing.assert_array_equal(box, ARRAY[:1, :, :32])
    with pytest.raises(
        ValueError, match=r"a\.tif: slice 0 cannot be decoded .* the file is damaged"
    ):
        volume.read(0, 1)


@pytest.mark.parametrize("levels", [1, 2])
def test_pyramid_in_sub_files_opens_at_full_size(tmp_path, levels):
    array = ARRAY.astype("u1")
    with tifffile.TiffWriter(tmp_path / "a.tif", ome=True) as writer:
        options = {"photometric": "minisblack", "tile": (16, 16)}
        writer.write(array, subifds=levels, metadata={"axes": "ZYX"}, **options)
        for level in range(1, levels + 1):
            writer.write(array[:, :: 2**level, :: 2**level], subfiletype=1, **options)
    assert_read(tmp_path / "a.tif", array)


OME = """<?xml version="1.0"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{uuid}">
<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="45" SizeY="37"
SizeZ="2" SizeC="1" SizeT="1">
<TiffData IFD="0" PlaneCount="1" FirstZ="0"><UUID FileName="a.tif">urn:uuid:a</UUID></TiffData>
<TiffData IFD="0" PlaneCount="1" FirstZ="1"><UUID FileName="{other}">urn:uuid:b</UUID></TiffData>
</Pixels></Image></OME>"""


def test_ome_units_are_read_axis_by_axis(tmp_path):
    options = {"ome": True, "metadata": {"axes": "ZYX", "PhysicalSizeZ": 700}}
    options["metadata"] |= {"PhysicalSizeZUnit": "nm", "PhysicalSizeY": 0.5, "PhysicalSizeX": 5e-4}
    options["metadata"] |= {"PhysicalSizeXUnit": "mm"}
    path = write(tmp_path / "a.tif", ARRAY.astype("u1"), **options)
    assert open_volume(path).spacing == pytest.approx((0.7, 0.5, 0.5))


@pytest.mark.parametrize("other", ["b.tif", "../b.tif", "missing.tif"])
def test_ome_over_several_files_is_refused(tmp_path, other):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, uuid in (("a.tif", "a"), ("b.tif", "b"), ("../b.tif", "b")):
        text = OME.format(uuid=uuid, other=other)
        write(folder / name, ARRAY[:1].astype("u1"), description=text)
    with pytest.raises(ValueError, match=r"a\.tif: .*several files|a\.tif: declares 2 slices"):
        open_volume(folder / "a.tif")


@pytest.mark.parametrize(
    ("shape", "axes"), [((3, 2, 9, 8), "ZCYX"), ((2, 3, 9, 8), "TZYX"), ((2, 3, 2, 9, 8), "TZCYX")]
)
def test_hyperstacks_are_refused(tmp_path, shape, axes):
    array = np.zeros(shape, "u1")
    path = write(tmp_path / "a.tif", array, imagej=True, metadata={"axes": axes})
    with pytest.raises(ValueError, match=r"a\.tif: has (channels|the axes)"):
        open_volume(path)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colours_are_grey_or_refused(tmp_path, planar):
    shape = (5, 9, 8, 3) if planar == "contig" else (5, 3, 9, 8)
    options = {"photometric": "rgb", "planarconfig": planar}
    colours = np.zeros(shape, "u1")
    path = write(tmp_path / "a.tif", colours, **options)
    assert not open_volume(path).read(0, 5).any()
    colours[2, 1, 1] = np.arange(colours.shape[-1])
    path = write(tmp_path / "b.tif", colours, **options)
    with pytest.raises(ValueError, match=r"b\.tif: slice 2, y .* which is not grey"):
        open_volume(path).read(0, 5)


def directories(path):
    """Offsets of the directories, and of the place where each names the next one."""
    with tifffile.TiffFile(path) as tif:
        offsets = [page.offset for page in tif.pages]
    data = path.read_bytes()
    ends = [offset + 2 + 12 * struct.unpack_from("<H", data, offset)[0] for offset in offsets]
    return offsets, ends


@pytest.mark.parametrize("target", [0, 1, 2])
def test_loops_of_pages_end(tmp_path, target):
    path = write(tmp_path / "a.tif", ARRAY.astype("u1"), compression="zlib", byteorder="<")
    offsets, ends = directories(path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, ends[2], offsets[target])
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.tif: "):
        open_volume(path).read(0, 3)


@pytest.mark.parametrize("name", ["ImageWidth", "ImageLength"])
@pytest.mark.parametrize("compression", ["none", "zlib"])
def test_giant_declared_sides_take_nothing(tmp_path, name, compression):
    path = write(tmp_path / "a.tif", ARRAY.astype("u1"), compression=compression, byteorder="<")
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        for page in tif.pages:
            struct.pack_into("<HIi", data, page.tags[name].offset + 2, 4, 1, 2**31 - 1)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.tif: "):
        open_volume(path).read(0, 1)


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 20, 100, 200, -200, -100, -20])
@pytest.mark.parametrize("compression", ["none", "lzw"])
def test_cut_anywhere_is_one_line(tmp_path, cut, compression):
    path = write(tmp_path / "a.tif", ARRAY.astype("u1"), compression=compression)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"^[^\n]*a\.tif[^\n]*$"):
        open_volume(path).read(0, 3)


@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "rowsperstrip": 8}])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("one_by_one", [False, True])
def test_masks_of_one_bit_are_1_where_they_are_white(tmp_path, options, photometric, one_by_one):
    mask = ARRAY > 50
    stored = ~mask if photometric == "miniswhite" else mask
    options = options | {"photometric": photometric, "software": "a scanner"}
    path = tmp_path / ("a" if one_by_one else "a.tif")
    if one_by_one:
        path.mkdir()
        for z, image in enumerate(stored):
            write(path / f"{z}.tif", image, **options)
    else:
        write(path, stored, **options)
    volume = open_volume(path)
    np.testing.assert_array_equal(volume.read(0, 3), mask)
    assert volume.notices == ()


def test_masks_of_one_bit_by_tifffile_are_read_as_they_were_given(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", ARRAY > 50)  # marked with 0 is white, bits unchanged
    np.testing.assert_array_equal(open_volume(tmp_path / "a.tif").read(0, 3), ARRAY > 50)


def test_grey_in_which_0_is_white_is_told(tmp_path):
    path = write(tmp_path / "a.tif", ARRAY.astype("u1"), photometric="miniswhite")
    volume = open_volume(path)
    np.testing.assert_array_equal(volume.read(0, 3), ARRAY)
    assert [notice.split(":")[0] for notice in volume.notices] == ["it says that 0 is white"]
