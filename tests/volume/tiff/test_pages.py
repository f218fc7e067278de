import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import open_volume

ARRAY = np.random.default_rng(0).integers(0, 60000, (5, 21, 19)).astype(np.uint16)
FLAVOURS = {
    "imagej": {"imagej": True, "metadata": {"axes": "ZYX"}},
    "ome": {"ome": True, "metadata": {"axes": "ZYX"}},
    "shaped": {},
    "plain": {"metadata": None},
    "lzw": {"compression": "lzw"},
    "tiles": {"tile": (16, 16), "compression": "zlib", "metadata": None},
    "big": {"bigtiff": True},
}


def write(path, array=ARRAY, **options):
    tifffile.imwrite(path, array, **{"photometric": "minisblack"} | options)
    return path


def read(path):
    volume = open_volume(path)
    return volume.read(0, volume.shape[0])


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.8])
def test_truncated_file_is_one_line_with_its_name(tmp_path, flavour, share):
    path = write(tmp_path / "a.tif", **FLAVOURS[flavour])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ValueError, match=r"^\S*a\.tif: [^\n]*$"):
        read(path)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_damaged_file_is_an_error_or_read_but_nothing_else(tmp_path, flavour):
    generator = np.random.default_rng(1)
    path = write(tmp_path / "a.tif", **FLAVOURS[flavour])
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    refused = 0
    for _ in range(40):
        damaged = whole.copy()
        places = generator.integers(0, min(600, len(whole)), 3)
        damaged[places] = generator.integers(0, 256, 3)
        path.write_bytes(damaged.tobytes())
        message = refusal(path)
        refused += bool(message)
        assert not message or message.startswith(f"{path}: ")
        assert "\n" not in message
    assert refused > 0


def refusal(path):
    try:
        read(path)
    except ValueError as error:
        return str(error)
    return ""


def test_empty_and_foreign_files_are_named(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"a\.tif: is empty \(0 bytes\)"):
        open_volume(path)
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ValueError, match=r"a\.tif: is not a TIFF file"):
        open_volume(path)
    path.write_bytes(b"II*\0")
    with pytest.raises(ValueError, match=r"a\.tif: is damaged"):
        open_volume(path)


def test_tifffile_prints_nothing(tmp_path, capfd):
    path = write(tmp_path / "a.tif", compression="lzw")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match="damaged"):
        open_volume(path)
    assert capfd.readouterr() == ("", "")


COLOURS = {
    "shaped": {},
    "strips": {"rowsperstrip": 8, "compression": "zlib"},
    "tiles": {"tile": (16, 16)},
    "plain": {"metadata": None},
    "imagej": {"imagej": True, "metadata": {"axes": "ZYXS"}},
    "ome": {"ome": True, "metadata": {"axes": "ZYXS"}},
    "little": {"byteorder": "<"},
    "big": {"byteorder": ">"},
    "planar": {"planarconfig": "separate"},
    "planar strips": {"planarconfig": "separate", "rowsperstrip": 8, "compression": "zlib"},
    "planar tiles": {"planarconfig": "separate", "tile": (16, 16), "compression": "zlib"},
}


def write_colours(path, colours, **options):
    planar = options.get("planarconfig") == "separate"
    array = np.moveaxis(colours, -1, 1) if planar else colours
    return write(path, array, photometric="rgb", **options)


KINDS = [(flavour, "u1") for flavour in COLOURS]
KINDS += [(flavour, "u2") for flavour in COLOURS if flavour != "imagej"]  # which has no such ones


@pytest.mark.parametrize(("flavour", "dtype"), KINDS)
@pytest.mark.parametrize("channels", [3, 4])
def test_grey_that_is_stored_as_colours_is_read(tmp_path, flavour, dtype, channels):
    grey = ARRAY.astype(dtype)
    colours = np.repeat(grey[..., None], channels, axis=-1)
    colours[..., 3:] = 77
    path = write_colours(tmp_path / "a.tif", colours, **COLOURS[flavour])
    volume = open_volume(path)
    assert (volume.shape, volume.dtype) == (grey.shape, grey.dtype)
    np.testing.assert_array_equal(volume.read(0, 5), grey)
    box = (1, 4), (3, 18), (2, 19)
    np.testing.assert_array_equal(volume.read_box(box), grey[1:4, 3:18, 2:19])
    assert "stored as colours: read as grey" in volume.notices[0]
    assert ("alpha is left out" in volume.notices[0]) == (channels == 4)


@pytest.mark.parametrize("flavour", COLOURS)
def test_the_first_voxel_that_is_not_grey_is_named(tmp_path, flavour):
    colours = np.repeat(ARRAY.astype("u1")[..., None], 3, axis=-1)
    colours[3, 17, 5], colours[3, 19, 2], colours[4, 0, 0] = (1, 1, 2), (9, 1, 1), (3, 4, 3)
    path = write_colours(tmp_path / "a.tif", colours, **COLOURS[flavour])
    volume = open_volume(path)
    np.testing.assert_array_equal(volume.read(0, 3), ARRAY[:3].astype("u1"))
    message = r"a\.tif: slice 3, y 17, x 5 has the colour \(1, 1, 2\), .* with --palette$"
    with pytest.raises(ValueError, match=message):
        volume.read(0, 5)


def test_grey_colours_written_one_at_a_time_and_in_folders(tmp_path):
    colours = np.repeat(ARRAY.astype("u1")[..., None], 4, axis=-1)
    (tmp_path / "slices").mkdir()
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for index, image in enumerate(colours):
            writer.write(image, photometric="rgb", compression="zlib" if index % 2 else None)
            write(tmp_path / "slices" / f"{index}.tif", image, photometric="rgb")
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), ARRAY.astype("u1"))
    np.testing.assert_array_equal(read(tmp_path / "slices"), ARRAY.astype("u1"))
    assert len(open_volume(tmp_path / "slices").notices) == 1


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("flavour", COLOURS)
def test_truncated_colours_are_one_line(tmp_path, flavour, share):
    colours = np.repeat(ARRAY.astype("u1")[..., None], 3, axis=-1)
    path = write_colours(tmp_path / "a.tif", colours, **COLOURS[flavour])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ValueError, match=r"^\S*a\.tif: [^\n]*$"):
        read(path)


@pytest.mark.parametrize("options", [{"photometric": "cielab"}, {"extrasamples": [0, 0]}])
def test_other_channels_are_refused(tmp_path, options):
    path = write(tmp_path / "a.tif", np.zeros((21, 19, 3), np.uint8), **options)
    with pytest.raises(ValueError, match=r"has 3 channels .* label file with --palette"):
        open_volume(path)


def test_colours_of_floats_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", np.zeros((21, 19, 3), np.float32), photometric="rgb")
    with pytest.raises(ValueError, match="has 3 channels"):
        open_volume(path)


def test_channels_are_refused(tmp_path):
    stack = np.zeros((6, 3, 21, 19), np.uint8)
    path = write(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
    with pytest.raises(ValueError, match="save one grey channel"):
        open_volume(path)


def test_four_dimensions_are_refused(tmp_path):
    stack = np.zeros((6, 3, 21, 19), np.uint8)
    path = write(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "TZYX"})
    with pytest.raises(ValueError, match=r"has the axes TZYX \(6, 3, 21, 19\)"):
        open_volume(path)


def test_other_axis_orders_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", metadata={"axes": "XYZ"})
    with pytest.raises(ValueError, match="a volume has the axes ZYX"):
        open_volume(path)


def test_complex_voxels_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", ARRAY.astype(np.complex64))
    with pytest.raises(ValueError, match="voxels of type complex64 cannot be read"):
        open_volume(path)


@pytest.mark.parametrize("other", [ARRAY[:2, :9], ARRAY[:2].astype(np.uint8)])
def test_unequal_pages_are_refused(tmp_path, other):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for part in (ARRAY[:2], other, ARRAY[2:]):
            writer.write(part, metadata=None, photometric="minisblack")
    with pytest.raises(ValueError, match="its pages are unequal"):
        open_volume(tmp_path / "a.tif")


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}])
def test_slices_written_one_at_a_time_are_one_stack(tmp_path, options):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for image in ARRAY:
            writer.write(image, photometric="minisblack", **options)
    volume = open_volume(tmp_path / "a.tif")
    np.testing.assert_array_equal(volume.read(0, 5), ARRAY)
    assert volume.notices == ()


def test_unequal_slices_written_one_at_a_time_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for image in (ARRAY[0], ARRAY[1], ARRAY[2, :9]):
            writer.write(image, photometric="minisblack")
    with pytest.raises(ValueError, match=r"unequal, \(21, 19\) uint16 and \(9, 19\)"):
        open_volume(tmp_path / "a.tif")


def test_unequal_pages_behind_a_declared_stack_are_refused(tmp_path):
    text = "ImageJ=1.53t\nimages=3\nslices=3\n"
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for height in (21, 21, 9):
            image = ARRAY[0, :height]
            writer.write(
                image,
                description=text,
                metadata=None,
                contiguous=False,
                photometric="minisblack",
                compression="lzw",
                rowsperstrip=21,
            )
    with pytest.raises(ValueError, match=r"unequal|damaged"):
        open_volume(tmp_path / "a.tif")


DECLARED = "ImageJ=1.53t\nimages=3\nslices=3\nloop=false\n"


@pytest.mark.parametrize("compression", [None, "lzw"])
def test_pages_that_imagej_does_not_count_are_slices(tmp_path, compression):
    options = {"photometric": "minisblack", "metadata": None, "compression": compression}
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:  # as tiffcp puts files together
        writer.write(ARRAY[:3], description=DECLARED, **options)
        writer.write(ARRAY[3:], **options)
        if not compression:  # else tifffile refuses unequal pages
            writer.write(ARRAY[0, ::2, ::2], subfiletype=1, **options)
    volume = open_volume(tmp_path / "a.tif")
    np.testing.assert_array_equal(volume.read(0, 5), ARRAY)
    assert volume.notices == (
        "it declares 3 slices, but has 5 equal pages: all are read as slices",
    )


def test_unequal_pages_that_imagej_does_not_count_are_left_out_with_a_notice(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(ARRAY[:3], description=DECLARED, metadata=None, photometric="minisblack")
        writer.write(ARRAY[3:, :9], metadata=None, photometric="minisblack")
    volume = open_volume(tmp_path / "a.tif")
    np.testing.assert_array_equal(volume.read(0, 3), ARRAY[:3])
    assert volume.notices == (
        "its pages after the 3 slices that it declares are unequal and left out",
    )


@pytest.mark.parametrize("noted", ['{"shape": [5, 40, 40]}', "shape=(5,42,38)"])
@pytest.mark.parametrize("compression", [None, "lzw"])
def test_wrong_shape_metadata_are_left_aside(tmp_path, noted, compression):
    options = {"metadata": None, "resolution": (1, 1), "compression": compression}
    path = write(tmp_path / "a.tif", description=noted, **options)
    volume = open_volume(path)
    np.testing.assert_array_equal(volume.read(0, 5), ARRAY)
    assert ("contradict its pages" in volume.notices[0], volume.spacing) == (True, None)
    assert open_volume(path, spacing=(1, 2, 3)).spacing == (1, 2, 3)


def test_wrong_shape_metadata_of_single_slices_are_left_aside(tmp_path):
    for index, image in enumerate(ARRAY):
        write(tmp_path / f"{index}.tif", image, description='{"shape": [40, 40]}', metadata=None)
    np.testing.assert_array_equal(read(tmp_path), ARRAY)
    np.testing.assert_array_equal(read(tmp_path / "2.tif"), ARRAY[2:3])


def test_one_page_does_not_stand_for_a_stack_of_another_shape(tmp_path):
    path = write(tmp_path / "a.tif", truncate=True)
    path.write_bytes(path.read_bytes().replace(b"[5, 21, 19]", b"[5, 21, 91]"))
    with pytest.raises(ValueError, match=r"a\.tif: is damaged"):
        open_volume(path)


def test_declared_slices_that_the_file_lacks_are_missed(tmp_path):
    text = "ImageJ=1.53t\nimages=4000000000\nslices=4000000000\n"
    path = write(tmp_path / "a.tif", ARRAY[0], description=text, metadata=None)
    with pytest.raises(ValueError, match=r"a\.tif: "):
        open_volume(path)


def test_file_cut_after_opening_is_an_error(tmp_path):
    path = write(tmp_path / "a.tif")
    volume = open_volume(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="the file was cut or has changed"):
        volume.read(0, 5)


def test_damaged_strip_names_its_slice(tmp_path):
    path = write(tmp_path / "a.tif", compression="zlib")
    volume = open_volume(path)
    with tifffile.TiffFile(path) as tif:
        offset = tif.pages[3].dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[offset : offset + 40] = bytes(40)
    path.write_bytes(data)
    np.testing.assert_array_equal(volume.read(0, 3), ARRAY[:3])
    with pytest.raises(ValueError, match=r"a\.tif: slice 3 cannot be decoded"):
        volume.read(3, 4)
