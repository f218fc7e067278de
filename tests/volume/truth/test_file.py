import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import IGNORE, label_slices, open_truth, parse_slices, write_truth

CLASSES = np.zeros((6, 4, 5), np.uint8)
CLASSES[1, 1], CLASSES[4, 2] = 1, 3


@pytest.mark.parametrize(
    ("text", "slices"), [("3", [3]), ("3,10:12", [3, 10, 11]), ("2:4, 1,3", [1, 2, 3])]
)
def test_slices_are_read(text, slices):
    assert parse_slices(text) == slices


@pytest.mark.parametrize("text", ["", "a", "3:", "5:3", "-1", "1:2:3", "0:99999999999"])
def test_what_is_no_slice_is_refused(text):
    with pytest.raises(ValueError, match="must be numbers and ranges such as 3,10:20"):
        parse_slices(text)


def test_unlabelled_slices_are_ignored():
    truth = label_slices(open_truth(CLASSES), [1, 2])
    expected = CLASSES.copy()
    expected[[0, 3, 4, 5]] = IGNORE
    np.testing.assert_array_equal(truth.read(0, 6), expected)
    box = (0, 3), (1, 3), (2, 5)
    np.testing.assert_array_equal(truth.read_box(box), expected[:3, 1:3, 2:5])
    assert truth.notices == ("2 of its 6 slices are labelled; the others are ignored",)
    assert open_truth(truth) is truth


def test_labelled_slices_are_inside():
    with pytest.raises(ValueError, match="slice 6 is outside; it has the slices 0 to 5"):
        label_slices(open_truth(CLASSES), [6])
    with pytest.raises(ValueError, match="no labelled slice is named"):
        label_slices(open_truth(CLASSES), [])


def test_truth_is_written_and_counted(tmp_path):
    calls = []
    path = tmp_path / "t.tif"
    mask = np.where(CLASSES > 0, 255, 0)
    found = write_truth(path, mask, spacing=(3, 2, 1), progress=lambda *call: calls.append(call))
    np.testing.assert_array_equal(tifffile.imread(path), CLASSES > 0)
    assert found["voxels"] == {0: 110, 1: 10}
    assert (found["ignored"], found["shape"], found["spacing"]) == (0, [6, 4, 5], [3, 2, 1])
    assert calls[-1] == (6, 6)
    assert open_truth(path).spacing == (3, 2, 1)


def test_labels_that_are_lost_are_told(tmp_path):
    found = write_truth(tmp_path / "t.npy", CLASSES, labelled_slices=[1, 2])
    assert found["voxels"] == {0: 35, 1: 5}
    assert found["ignored"] == 80
    assert found["notices"][-1].endswith(
        "labels without being named as labelled, and is ignored: 4"
    )
    assert (np.load(tmp_path / "t.npy")[4] == IGNORE).all()


def test_nothing_is_left_after_an_error(tmp_path):
    with pytest.raises(ValueError, match="values without a class"):
        write_truth(tmp_path / "t.tif", CLASSES * 90)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "t.tif").write_bytes(b"kept")
    with pytest.raises(ValueError, match="already exists"):
        write_truth(tmp_path / "t.tif", CLASSES)
    assert (tmp_path / "t.tif").read_bytes() == b"kept"


@pytest.mark.parametrize("name", ["t.tif", "t.ome.tif", "t.h5", "slices"])
def test_files_of_classes_are_read_again(tmp_path, name):
    classes = CLASSES.copy()
    classes[0] = IGNORE
    write_truth(tmp_path / name, classes, spacing=(3, 2, 1))
    again = open_truth(tmp_path / name)
    np.testing.assert_array_equal(again.read(0, 6), classes)
    assert (again.spacing, again.notices) == ((3, 2, 1), ())


@pytest.mark.parametrize("shape", [(6, 4, 5), (1, 4, 5), (6, 1, 1)])
def test_0_and_255_in_a_marked_file_are_classes(tmp_path, shape):
    classes = np.zeros(shape, np.uint8)
    classes.ravel()[::2] = IGNORE
    path = tmp_path / "t.tif"
    write_truth(path, open_truth(classes, "classes"), spacing=(3, 2, 1))
    truth = open_truth(path)
    np.testing.assert_array_equal(truth.read(0, shape[0]), classes)
    assert (truth.spacing, truth.notices) == ((3, 2, 1), ())
    assert tifffile.imread(path).size == classes.size
    np.testing.assert_array_equal(open_truth(path, "mask").read(0, shape[0]), classes > 0)
    tifffile.imwrite(tmp_path / "own.tif", classes, photometric="minisblack")
    assert "read as a mask" in open_truth(tmp_path / "own.tif").notices[0]
