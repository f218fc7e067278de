import json

import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import open_truth

COMMAND = ("truth",)
LABELS = np.zeros((4, 5, 6), np.uint8)
LABELS[1, :2], LABELS[2] = 1, 2


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "grey.npy", np.array([0, 127, 255], np.uint8)[LABELS])
    np.save(tmp_path / "pore.npy", LABELS == 1)
    np.save(tmp_path / "grain.npy", (LABELS == 2) * np.uint8(255))
    np.save(tmp_path / "rim.npy", np.pad(LABELS[:, 1:, 1:] * 0 + 1, ((0, 0), (1, 0), (1, 0))) == 0)
    colours = np.array([[80, 80, 80], [255, 0, 0], [0, 0, 255]], np.uint8)[LABELS]
    tifffile.imwrite(tmp_path / "overlay.tif", colours, photometric="rgb")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "palette"),
    [
        ("grey.npy", "0:0,127:1,255:2"),
        ("grey.npy", "levels"),
        ("overlay.tif", "#ff0000:1,#0000ff:2,grey:0"),
    ],
)
def test_one_file_by_its_palette(run, files, name, palette):
    out = files / "out.tif"
    code, printed, _ = run(out, "--label", files / name, "--palette", palette)
    assert code == 0
    assert "4 x 5 x 6 voxels" in printed
    np.testing.assert_array_equal(tifffile.imread(out), LABELS)


def test_masks_with_names_numbers_and_ignored_voxels(run, files):
    out = files / "out.tif"
    masks = "--label", f"{files / 'pore.npy'}=pore", "--label", f"{files / 'grain.npy'}=grain"
    options = "--ignore", files / "rim.npy", "--spacing", "3,2,1", "--json"
    code, printed, _ = run(out, *masks, *options)
    summary = json.loads(printed)
    assert code == 0
    expected = LABELS.copy()
    expected[:, 0], expected[:, :, 0] = 255, 255
    np.testing.assert_array_equal(tifffile.imread(out), expected)
    assert [(entry["class"], entry["name"]) for entry in summary["classes"]] == [
        (0, "background"),
        (1, "pore"),
        (2, "grain"),
    ]
    assert [entry["voxels"] for entry in summary["classes"]] == [
        (expected == number).sum() for number in range(3)
    ]
    assert (summary["spacing"], summary["ignored"]) == ([3, 2, 1], (expected == 255).sum())
    masks = "--label", f"{files / 'pore.npy'}=1", "--label", f"{files / 'grain.npy'}=g"
    named = "--classes", "background,p,g", "--overwrite"
    assert run(out, *masks, *named)[0] == 0
    np.testing.assert_array_equal(tifffile.imread(out), LABELS)


def test_labelled_slices(run, files):
    labels = "--label", files / "grey.npy", "--palette", "levels", "--labelled-slices", "0,2:3"
    code, _, err = run(files / "out.npy", *labels)
    assert code == 0
    assert "2 of its 4 slices are labelled" in err
    assert "1 slice holds labels without being named as labelled, and is ignored: 1" in err
    np.testing.assert_array_equal(np.load(files / "out.npy")[[0, 2]], LABELS[[0, 2]])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["grey.npy"], "give a palette that maps them, such as"),
        (["overlay.tif"], "holds colours"),
        (["none.tif"], "does not exist"),
        (["pore.npy=1", "pore.npy=2"], "1 and 2: 12; mend the label files"),
        (["pore.npy=a", "grain.npy=2"], "name all classes with --classes"),
        (["pore.npy=", "grain.npy=2"], "must be FILE or FILE=CLASS"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(run, files, labels, message):
    options = [word for label in labels for word in ("--label", files / label)]
    code, out, err = run(files / "out.tif", *options)
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert message in err
    assert not (files / "out.tif").exists()


def test_priority_and_unknown_class(run, files):
    both = "--label", f"{files / 'pore.npy'}=1", "--label", f"{files / 'pore.npy'}=2"
    assert run(files / "out.npy", *both, "--priority", "last")[0] == 0
    np.testing.assert_array_equal(np.load(files / "out.npy"), (LABELS == 1) * 2)
    one = "--label", f"{files / 'pore.npy'}=grain", "--classes", "background,pore"
    assert "class grain is not among --classes" in run(files / "b.npy", *one)[2]


@pytest.fixture
def sparse(run, files):
    """Write the truth of a mask, of which only slices without objects are labelled."""

    def write(name):
        label = "--label", f"{files / 'pore.npy'}=1", "--labelled-slices", "0,3"
        code, _, err = run(files / name, *label)
        assert code == 0
        return err

    return write


def test_a_truth_of_0_and_255_tells_how_to_read_it(sparse, files):
    told = f"{files / 'sparse.npy'}: holds only 0 and 255 (ignored); read it with --palette classes"
    assert told in sparse("sparse.npy")
    assert "holds only 0 and 255" not in sparse("sparse.h5")  # which states that it holds classes


@pytest.mark.parametrize("name", ["sparse.tif", "sparse.ome.tif", "sparse.zarr", "slices"])
def test_a_sparse_truth_is_read_as_it_was_written(run, sparse, files, name):
    sparse(name)
    expected = np.where(np.isin(np.arange(4), [0, 3])[:, None, None], 0, 255) + 0 * LABELS
    np.testing.assert_array_equal(open_truth(files / name).read(0, 4), expected)
    for number in ("=7", ""):
        label = "--label", f"{files / name}{number}", "--overwrite"
        code, _, err = run(files / "again.npy", *label)
        assert (code, "read as a mask" in err) == (0, False)
        np.testing.assert_array_equal(np.load(files / "again.npy"), expected)


def test_classes_that_are_given_as_a_mask(run, files):
    np.save(files / "classes.npy", np.where(LABELS == 2, 255, LABELS + LABELS[::-1]))
    code, _, err = run(files / "out.tif", "--label", f"{files / 'classes.npy'}=1")
    assert code == 1
    assert "holds classes (class: voxels)" in err
    assert "is not a mask; give it without =CLASS" in err
    assert "such as" not in err


def test_every_notice_names_its_file(run, files):
    np.save(files / "edge.npy", (LABELS == 0) * np.uint8(255))
    tifffile.imwrite(
        files / "a.tif", LABELS, imagej=True, resolution=(2, 2), metadata={"axes": "ZYX"}
    )
    labels = "--label", files / "grain.npy", "--label", f"{files / 'a.tif'}=2"
    masks = "--ignore", files / "edge.npy", "--priority", "first"
    options = "--palette", "0:0,1:1,2:1,255:1", "--labelled-slices", "0,2", "--spacing", "1,1,1"
    code, _, err = run(files / "out.npy", *labels, *masks, *options)
    assert code == 0
    names = [line.partition(": ")[0] for line in err.splitlines()]
    both = f"{files / 'grain.npy'} + {files / 'a.tif'}"
    assert names == [f"{files / 'a.tif'}", both, both, f"{files / 'out.npy'}"]
    assert "the format cannot carry the voxel size" in err
    code, _, err = run(files / "b.tif", "--label", files / "grain.npy")
    assert err.startswith(f"{files / 'grain.npy'}: its values are 0 and 255")


def test_notices_of_masks_to_ignore_are_told(run, files):
    tifffile.imwrite(
        files / "rim.tif", LABELS // 2, imagej=True, resolution=(2, 2), metadata={"axes": "ZYX"}
    )
    label = "--label", f"{files / 'pore.npy'}=1"
    code, _, err = run(files / "out.npy", *label, "--ignore", files / "rim.tif")
    assert code == 0
    assert f"{files / 'rim.tif'}: its voxel size" in err


@pytest.mark.parametrize("name", ["pore.npy", "grain.npy", "rim.npy"])
def test_no_input_is_replaced(run, files, name):
    before = (files / name).read_bytes()
    masks = "--label", f"{files / 'pore.npy'}=pore", "--label", f"{files / 'grain.npy'}=grain"
    options = "--ignore", files / "rim.npy", "--overwrite"
    code, _, err = run(files / name, *masks, *options)
    assert (code, "is named twice; each input and output needs its own name" in err) == (1, True)
    assert (files / name).read_bytes() == before
