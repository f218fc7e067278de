"""Files state that they hold classes, so that 0 and 255 alone are not taken for a mask."""

import json

import h5py
import nrrd
import numpy as np
import pytest
import tifffile
import zarr

from tomoseg_tf.volume import (
    IGNORE,
    create_volume,
    keeps_notes,
    lost_spacing,
    merge_truth,
    open_truth,
    open_volume,
    write_truth,
)

CLASSES = np.zeros((6, 4, 5), np.uint8)
CLASSES[[0, 2, 5]] = IGNORE
NAMES = ["t.tif", "t.ome.tif", "t.h5", "t.h5::/a/b", "t.zarr", "t.ome.zarr", "t.nrrd", "t.nhdr"]
NAMES += ["slices"]


def grey(path):
    with create_volume(path, CLASSES.shape, "uint8") as writer:
        writer.write(0, CLASSES)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_0_and_255_are_read_as_classes_where_the_file_says_so(tmp_path, name):
    path = f"{tmp_path / name}"
    found = write_truth(path, open_truth(CLASSES, "classes"), spacing=(3, 2, 1))
    assert found["notices"] == []
    truth = open_truth(path)
    np.testing.assert_array_equal(truth.read(0, 6), CLASSES)
    assert (truth.spacing, truth.notices) == ((3, 2, 1), ())
    np.testing.assert_array_equal(open_truth(path, "mask").read(0, 6), CLASSES > 0)
    assert open_volume(path).holds_classes
    write_truth(path, truth.read(0, 6), overwrite=True)  # the mark is none of a stranger


@pytest.mark.parametrize("name", NAMES)
def test_files_of_grey_levels_state_nothing(tmp_path, name):
    path = grey(f"{tmp_path / name}")
    assert not open_volume(path).holds_classes
    truth = open_truth(path)
    np.testing.assert_array_equal(truth.read(0, 6), CLASSES > 0)
    assert "read as a mask" in truth.notices[0]


@pytest.mark.parametrize("name", ["t.npy", "t.raw", "t.vol"])
def test_files_that_cannot_state_it_are_told_of(tmp_path, name):
    path = tmp_path / name
    found = write_truth(path, open_truth(CLASSES, "classes"), spacing=(3, 2, 1))
    first, second = found["notices"]
    assert first.startswith(f"{path}: holds only 0 and 255 (ignored); read it with --palette")
    assert (
        second == f"{path}: the format cannot carry the voxel size; pass --spacing where it is read"
    )


@pytest.mark.parametrize(
    ("name", "kept"), [(name, True) for name in NAMES] + [("a.npy", False), ("a.RAW", False)]
)
def test_formats_that_lose_the_spacing(tmp_path, name, kept):
    path = tmp_path / name
    assert keeps_notes(path) == kept
    assert lost_spacing(path, None) == []
    assert [notice.startswith(f"{path}: ") for notice in lost_spacing(path, (1, 1, 1))] == (
        [] if kept else [True]
    )


def test_other_libraries_see_the_mark_and_the_voxels(tmp_path):
    for name in {*NAMES} - {"t.h5::/a/b"}:
        write_truth(f"{tmp_path / name}", open_truth(CLASSES, "classes"), spacing=(3, 2, 1))
    with tifffile.TiffFile(tmp_path / "t.tif") as tif:
        assert tif.imagej_metadata["content"] == "classes"
        np.testing.assert_array_equal(tif.asarray(), CLASSES)
    with tifffile.TiffFile(tmp_path / "t.ome.tif") as tif:
        assert "<Description>content=classes</Description>" in tif.ome_metadata
        np.testing.assert_array_equal(tif.asarray(), CLASSES)
    with tifffile.TiffFile(tmp_path / "slices" / "slice_0000.tif") as tif:
        assert tif.imagej_metadata["content"] == "classes"
    with h5py.File(tmp_path / "t.h5") as file:
        assert file["entry/data/data"].attrs["content"] == "classes"
    array = zarr.open_group(tmp_path / "t.zarr", mode="r")["0"]
    assert array.attrs["tomoseg-tf"] == {"complete": True, "content": "classes"}
    np.testing.assert_array_equal(array[:], CLASSES)
    for name in ("t.nrrd", "t.nhdr"):
        data, header = nrrd.read(str(tmp_path / name))
        assert header["content"] == "classes"
        np.testing.assert_array_equal(data.T, CLASSES)


def test_slices_must_all_state_it(tmp_path):
    write_truth(tmp_path / "slices", open_truth(CLASSES, "classes"))
    tifffile.imwrite(tmp_path / "slices" / "slice_0003.tif", CLASSES[3], photometric="minisblack")
    assert not open_volume(tmp_path / "slices").holds_classes


@pytest.mark.parametrize("name", ["t.ome.tif", "t.h5", "t.zarr", "t.nrrd"])
def test_ignored_voxels_of_a_marked_mask_stay_ignored(tmp_path, name):
    mask = CLASSES.copy()
    mask[1] = 1
    write_truth(tmp_path / name, mask)
    merged = merge_truth([(tmp_path / name, 7)])
    np.testing.assert_array_equal(merged.read(0, 6), np.where(mask == 1, 7, mask))


def test_marks_of_another_meaning_are_left_alone(tmp_path):
    path = grey(tmp_path / "t.zarr")
    metadata = json.loads((path / "0" / "zarr.json").read_text())
    metadata["attributes"]["tomoseg-tf"]["content"] = "grey"
    (path / "0" / "zarr.json").write_text(json.dumps(metadata))
    assert not open_volume(path).holds_classes
    nrrd.write(str(tmp_path / "t.nrrd"), CLASSES.T, {"content": "MRI of a head"})
    assert not open_volume(tmp_path / "t.nrrd").holds_classes
