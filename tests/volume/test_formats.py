import os

import numpy as np
import pytest

from tomoseg_tf.volume import add_to_name, as_volume, check_output, create_volume, open_volume

ARRAY = np.random.default_rng(0).integers(0, 250, (6, 5, 4)).astype(np.uint8)
NAMES = ["a.tif", "a.TIFF", "a.ome.tif", "a.npy", "folder"]


def write_some(path, starts, error=None):
    with create_volume(path, ARRAY.shape, "uint8") as writer:
        for start in starts:
            writer.write(start, ARRAY[start : start + 2])
        if error:
            raise error


def write(path, array=ARRAY, **options):
    with create_volume(path, array.shape, array.dtype, **options) as writer:
        writer.write(0, array)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", [1, 4, 6])
def test_round_trip_by_slabs(tmp_path, name, depth):
    with create_volume(str(tmp_path / name), ARRAY.shape, "uint8") as writer:
        for start in reversed(range(0, 6, depth)):
            writer.write(start, ARRAY[start : start + depth])
    volume = as_volume(str(tmp_path / name))
    assert (volume.shape, volume.dtype) == (ARRAY.shape, np.uint8)
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)
    np.testing.assert_array_equal(volume.read_box(((2, 5), (1, 3), (1, 4))), ARRAY[2:5, 1:3, 1:4])
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_slices_that_were_not_written_are_an_error(tmp_path, name):
    with pytest.raises(ValueError, match="2 of 6 slices were not written, the first is slice 2"):
        write_some(tmp_path / name, (0, 4))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_of_an_interrupted_output(tmp_path, name):
    with pytest.raises(KeyboardInterrupt):
        write_some(tmp_path / name, (0, 2), KeyboardInterrupt)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_existing_output_is_refused_unless_overwritten(tmp_path, name):
    write(tmp_path / name)
    with pytest.raises(ValueError, match=f"{name} already exists"):
        check_output(tmp_path / name)
    with pytest.raises(ValueError, match=f"{name} already exists"):
        write(tmp_path / name)
    write(tmp_path / name, ARRAY[:3] + 1, overwrite=True)
    np.testing.assert_array_equal(open_volume(tmp_path / name).read(0, 3), ARRAY[:3] + 1)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    ("slab", "start", "message"),
    [
        (ARRAY[:2].astype("u2"), 0, "slab of type uint16 for a volume of type uint8"),
        (ARRAY[:2, :4], 0, "does not fit a volume"),
        (ARRAY[0], 0, "does not fit a volume"),
        (ARRAY[:2], 5, "slices 5:7 are outside"),
        (ARRAY[:2], -1, "slices -1:1 are outside"),
    ],
)
def test_slabs_that_do_not_fit_are_refused(tmp_path, slab, start, message):
    with (
        pytest.raises(ValueError, match=message),
        create_volume(tmp_path / "a.tif", ARRAY.shape, "uint8") as writer,
    ):
        writer.write(start, slab)


def test_bool_has_to_be_converted(tmp_path):
    with pytest.raises(ValueError, match="convert them to uint8"):
        create_volume(tmp_path / "a.tif", ARRAY.shape, bool).__enter__()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", [".jpg", ".65um"])
def test_unknown_suffix_is_refused(tmp_path, suffix):
    with pytest.raises(ValueError, match=rf"no format has the suffix \{suffix}; use OME-TIFF"):
        check_output(tmp_path / f"scan{suffix}")


def test_missing_parent_is_refused(tmp_path):
    with pytest.raises(ValueError, match="does not exist; create it first"):
        check_output(tmp_path / "missing" / "a.tif")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="does not exist; create it first"):
        check_output(tmp_path / "file" / "a.tif")


def test_missing_and_unknown_inputs_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"a\.tif does not exist; check the path"):
        open_volume(tmp_path / "a.tif")
    (tmp_path / "a.jpg").write_text("")
    with pytest.raises(ValueError, match=r"a\.jpg: its format is not known; volumes are"):
        open_volume(tmp_path / "a.jpg")


def test_input_can_be_replaced_by_the_output_made_from_it(tmp_path):
    path = tmp_path / "a.tif"
    write(path)
    source = open_volume(path)
    with create_volume(path, ARRAY.shape, "uint8", overwrite=True) as writer:
        for start, slab in source.slabs(2):
            writer.write(start, 255 - slab)
    np.testing.assert_array_equal(open_volume(path).read(0, 6), 255 - ARRAY)


def test_full_disk_is_reported_and_leaves_nothing(tmp_path, monkeypatch):
    def pwrite(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "a.tif")
    assert os.listdir(tmp_path) == []


def test_given_spacing_takes_the_place_of_the_stored_one(tmp_path):
    write(tmp_path / "a.tif", spacing=(1, 2, 3))
    assert open_volume(tmp_path / "a.tif", spacing=(4, 5, 6)).spacing == (4.0, 5.0, 6.0)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("p.tif", "p_pore.tif"),
        ("p.OME.tif", "p_pore.OME.tif"),
        ("scan.1.zarr", "scan.1_pore.zarr"),
        ("p.h5::/entry/data", "p_pore.h5::/entry/data"),
        ("folder", "folder_pore"),
    ],
)
def test_a_name_is_added_to_before_the_suffix_of_the_format(path, named):
    assert str(add_to_name(path, "_pore")) == named
