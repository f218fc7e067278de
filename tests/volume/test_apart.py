"""Outputs that would spoil an input: the same place by any name, a folder around it, a slice."""

import numpy as np
import pytest
import tifffile

from tomoseg_tf.phantom import insert_objects
from tomoseg_tf.volume import (
    ArrayVolume,
    FilteredVolume,
    check_apart,
    create_volume,
    draft_file,
    filter_file,
    merge_truth,
    open_truth,
    smooth_file,
    write_truth,
)

CLASSES = np.zeros((4, 8, 9), np.uint8)


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tifffile.imwrite("scan.tif", CLASSES, photometric="minisblack")
    (tmp_path / "link.tif").symlink_to("scan.tif")
    for name in ("slices", "pair.nhdr"):
        with create_volume(name, CLASSES.shape, "uint8") as writer:
            writer.write(0, CLASSES)
    return tmp_path


@pytest.mark.parametrize(
    ("output", "source", "message"),
    [
        ("scan.tif", "scan.tif", r"scan\.tif is named twice"),
        ("link.tif", "scan.tif", "named twice"),
        ("scan.tif", "slices/../link.tif", "named twice"),
        ("slices/f.tif", "slices", r"f\.tif lies among the slices of slices and would be read"),
        ("slices", "slices/slice_0000.tif", "holds the input slices/slice_0000.tif; name another"),
        ("pair.raw", "pair.nhdr", "named twice"),
        ("pair.nhdr", "pair.raw", "named twice"),
    ],
)
def test_what_would_spoil_an_input_is_refused(places, output, source, message):
    with pytest.raises(ValueError, match=message):
        check_apart([None, output], [None, source])


@pytest.mark.parametrize(
    ("output", "source"),
    [
        ("other.tif", "scan.tif"),
        ("slices/f.npy", "slices"),
        ("slices/filtered", "slices"),
        ("auto", "auto"),  # of a mask, no file
        ("array", ArrayVolume(CLASSES)),
        ("scan.tif", ArrayVolume(CLASSES, name="scan.tif")),
        ("scan.tif", FilteredVolume(ArrayVolume(CLASSES, name="scan.tif"), "median:1")),
        ("array", CLASSES),
    ],
)
def test_other_places_and_arrays_pass(places, output, source):
    check_apart([output], [source])


@pytest.mark.parametrize(
    "write",
    [
        lambda scan, output: filter_file(scan, output, ["median:1"], overwrite=True),
        lambda scan, output: draft_file(scan, output, overwrite=True),
        lambda scan, output: draft_file(CLASSES, output, mask=scan, overwrite=True),
        lambda scan, output: smooth_file(scan, output, overwrite=True),
        lambda scan, output: smooth_file(open_truth(scan), output, overwrite=True),
        lambda scan, output: write_truth(output, scan, overwrite=True),
        lambda scan, output: write_truth(output, merge_truth([CLASSES, scan]), overwrite=True),
        lambda scan, output: write_truth(
            output, merge_truth([CLASSES], ignore=[scan]), overwrite=True
        ),
        lambda scan, output: insert_objects(scan, output, "t.tif", overwrite=True),
        lambda scan, output: insert_objects(scan, "o.tif", output, overwrite=True),
        lambda scan, output: insert_objects(CLASSES, output, "t.tif", mask=scan, overwrite=True),
    ],
)
@pytest.mark.parametrize(("scan", "output"), [("scan.tif", "link.tif"), ("slices", "slices/f.tif")])
def test_every_writer_of_volumes_refuses(places, write, scan, output):
    before = sorted(places.rglob("*"))
    with pytest.raises(ValueError, match=r"named twice|lies among the slices"):
        write(scan, output)
    assert sorted(places.rglob("*")) == before
    assert (places / "link.tif").is_symlink()


@pytest.mark.parametrize("write", [draft_file, smooth_file])
def test_an_output_that_exists_is_refused_before_the_input_is_read(places, write):
    with pytest.raises(ValueError, match=r"scan\.tif already exists"):
        write("missing.tif", "scan.tif")


def test_two_outputs_need_two_names(tmp_path):
    with pytest.raises(ValueError, match=r"b\.tif is named twice"):
        check_apart([tmp_path / "a.tif", tmp_path / "b.tif", tmp_path / "." / "b.tif"], [])
    check_apart([tmp_path / "a.tif", None, tmp_path / "b.tif", None], [])
