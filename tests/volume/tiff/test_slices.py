import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import check_output, create_volume, open_volume
from tomoseg_tf.volume.tiff.slices import natural_key

ARRAY = np.random.default_rng(0).integers(0, 60000, (12, 6, 5)).astype(np.uint16)


def write(folder, array=ARRAY, name="scan{}.tif", **options):
    folder.mkdir(exist_ok=True)
    for z, image in enumerate(array):
        tifffile.imwrite(folder / name.format(z), image, photometric="minisblack", **options)
    return folder


def written(folder, dtype="uint16", array=ARRAY, **options):
    with create_volume(folder, array.shape, dtype, **options) as writer:
        writer.write(0, array.astype(dtype))
    return folder


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"imagej": True}, {"ome": True}])
def test_slices_are_read_in_natural_order(tmp_path, options):
    volume = open_volume(write(tmp_path / "scan", **options))
    assert (volume.shape, volume.dtype) == (ARRAY.shape, np.uint16)
    np.testing.assert_array_equal(volume.read(0, 12), ARRAY)
    np.testing.assert_array_equal(volume.read_box(((9, 11), (2, 5), (1, 3))), ARRAY[9:11, 2:5, 1:3])


def test_natural_order_of_names():
    names = ["a10.tif", "a9.tif", "a009b.tif", "b1.tif", "A2.tif", "10.tif"]
    expected = ["10.tif", "A2.tif", "a9.tif", "a009b.tif", "a10.tif", "b1.tif"]
    assert sorted(names, key=natural_key) == expected


def test_hidden_files_are_ignored_and_others_told(tmp_path):
    folder = write(tmp_path / "scan")
    for name in (".DS_Store", "._scan3.tif", "log.txt", "b.csv"):
        (folder / name).write_text("")
    (folder / "sub").mkdir()
    volume = open_volume(folder)
    assert volume.shape[0] == 12
    assert volume.notices == ("2 files that are no TIFF are ignored: b.csv, log.txt",)


@pytest.mark.parametrize("suffix", [".TIF", ".tiff"])
def test_suffixes(tmp_path, suffix):
    assert open_volume(write(tmp_path / "scan", name="s{}" + suffix)).shape == ARRAY.shape


def test_slice_of_another_shape_is_named_with_both(tmp_path):
    folder = write(tmp_path / "scan")
    tifffile.imwrite(folder / "scan7.tif", ARRAY[0, :4])
    message = r"scan7\.tif: shape \(4, 5\) differs from \(6, 5\) of scan0\.tif"
    with pytest.raises(ValueError, match=message):
        open_volume(folder)


def test_slice_of_another_type_is_named_with_both(tmp_path):
    folder = write(tmp_path / "scan")
    tifffile.imwrite(folder / "scan7.tif", ARRAY[0].astype(np.uint8))
    with pytest.raises(ValueError, match=r"scan7\.tif: dtype uint8 differs from uint16 of scan0"):
        open_volume(folder)


def test_several_pages_in_a_slice_are_refused(tmp_path):
    folder = write(tmp_path / "scan")
    tifffile.imwrite(folder / "scan7.tif", ARRAY[:2], photometric="minisblack")
    with pytest.raises(ValueError, match=r"scan7\.tif: holds 2 pages in a folder of slices"):
        open_volume(folder)


def test_damaged_slice_is_named(tmp_path):
    folder = write(tmp_path / "scan")
    (folder / "scan7.tif").write_bytes((folder / "scan7.tif").read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"scan7\.tif: slice 0 should have 60 bytes"):
        open_volume(folder)


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no TIFF slices"):
        open_volume(tmp_path)


def test_slice_changed_after_opening_is_an_error(tmp_path):
    folder = write(tmp_path / "scan")
    volume = open_volume(folder)
    tifffile.imwrite(folder / "scan3.tif", ARRAY[0, :4])
    with pytest.raises(ValueError, match=r"scan3\.tif: has changed"):
        volume.read(0, 12)


def test_series_over_several_files_is_read_as_slices(tmp_path):
    """Bio-Formats writes the description of the whole stack into each slice."""
    text = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="5" SizeY="6" SizeZ="12" '
        'SizeC="1" SizeT="1" PhysicalSizeX="2" PhysicalSizeY="3" PhysicalSizeZ="4"><TiffData/>'
        "</Pixels></Image></OME>"
    )
    folder = write(tmp_path / "scan", description=text, metadata=None)
    volume = open_volume(folder)
    assert volume.spacing == (4, 3, 2)
    np.testing.assert_array_equal(volume.read(0, 12), ARRAY)


def test_different_spacings_are_unknown(tmp_path):
    folder = tmp_path / "scan"
    for z, spacing in enumerate([(1, 1, 1), (1, 1, 2)]):
        with create_volume(tmp_path / f"{z}", (1, 6, 5), "u2", spacing=spacing) as writer:
            writer.write(0, ARRAY[:1])
        folder.mkdir(exist_ok=True)
        (tmp_path / f"{z}" / "slice_0000.tif").rename(folder / f"{z}.tif")
    volume = open_volume(folder)
    assert volume.spacing is None
    assert "different voxel sizes" in volume.notices[0]


def test_names_have_digits_for_all_slices(tmp_path):
    with create_volume(tmp_path / "a", (10_001, 1, 1), "u1") as writer:
        writer._written[:] = True
        writer.write(9999, np.zeros((2, 1, 1), np.uint8))
    names = sorted(item.name for item in (tmp_path / "a").iterdir())
    assert names == ["slice_09999.tif", "slice_10000.tif"]


def test_folder_of_anything_else_is_not_overwritten(tmp_path):
    folder = written(tmp_path / "result")
    (folder / ".DS_Store").write_text("")
    assert check_output(folder, overwrite=True).name == "folder of slices"
    (folder / ".git").mkdir()
    with pytest.raises(ValueError, match=r"more than slices that tomoseg-tf wrote \(\.git\)"):
        check_output(folder, overwrite=True)
    (folder / ".git").rmdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match=r"more than slices that tomoseg-tf wrote \(thesis\.txt\)"):
        check_output(folder, overwrite=True)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float64", "int64"])
def test_own_slices_are_overwritten(tmp_path, dtype):
    folder = written(tmp_path / "result", dtype)
    written(folder, dtype, ARRAY[:2], overwrite=True)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("name", ["scan{}.tif", "slice_{:04d}.tif", "slice_{:04d}.tiff"])
def test_slices_of_other_programs_are_not_overwritten(tmp_path, name):
    folder = write(tmp_path / "scan", name=name)
    first = name.format(0).replace(".", r"\.")
    with pytest.raises(ValueError, match=rf"wrote \({first}.*\); choose another name"):
        check_output(folder, overwrite=True)


def test_own_slices_that_were_saved_again_are_not_overwritten(tmp_path):
    folder = written(tmp_path / "result")
    tifffile.imwrite(folder / "slice_0000.tif", ARRAY[0], photometric="minisblack")
    with pytest.raises(ValueError, match=r"wrote \(slice_0000\.tif\); choose another name"):
        check_output(folder, overwrite=True)
    (folder / "slice_0000.tif").write_bytes(b"")
    with pytest.raises(ValueError, match=r"wrote \(slice_0000\.tif\); choose another name"):
        check_output(folder, overwrite=True)


@pytest.mark.parametrize("name", ["scan5.tif", "scan99.TIFF"])
def test_a_link_to_nothing_is_no_missing_slice(tmp_path, name):
    folder = write(tmp_path / "scan")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / "gone.tif")
    with pytest.raises(ValueError, match=rf"{name}: is a link to nothing; copy the file"):
        open_volume(folder)
    write(tmp_path, ARRAY[:1], "gone.tif")
    assert open_volume(folder).shape[0] == 12 + (name == "scan99.TIFF")


def numbered(folder, numbers, name="s_{:05d}.tif"):
    folder.mkdir()
    for number in numbers:
        tifffile.imwrite(folder / name.format(number), ARRAY[0])
    return open_volume(folder)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((0, 50, 100, 200), "slices 00000 to 00050: 49 numbers are missing"),
        ((7, 8, 9, 11, 12), "slices 00009 to 00011: 1 number is missing"),
        ((1, 2, 3, 99_999, 100_003), "slices 00003 to 99999: 99995 numbers are missing"),
    ],
)
def test_missing_numbers_are_told(tmp_path, numbers, told):
    volume = numbered(tmp_path / "scan", numbers)
    (notice,) = volume.notices
    assert notice.startswith(f"{told}; they are read as neighbours")
    assert "\n" not in notice
    assert volume.shape[0] == len(numbers)


@pytest.mark.parametrize(
    ("numbers", "name"),
    [
        (range(3, 9), "s_{:05d}.tif"),
        (range(8, 12), "scan2_{}.tif"),
        ((0, 50), "s_{}.tif"),
        ((3, 10, 29, 64, 65), "s_{}.tif"),  # no sequence at all
        ((0, 1, 3), "run{0}_{0}.tif"),  # two numbers that count
    ],
)
def test_sequences_without_gaps_and_other_names_are_not_told(tmp_path, numbers, name):
    assert numbered(tmp_path / "scan", numbers, name).notices == ()


def test_names_of_several_kinds_are_not_a_sequence(tmp_path):
    folder = write(tmp_path / "scan", ARRAY[:3], "a{}.tif")
    for index in (7, 9):
        tifffile.imwrite(folder / f"b{index}.tif", ARRAY[0])
    assert open_volume(folder).notices == ()
