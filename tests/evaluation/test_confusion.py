import numpy as np
import pytest

from tomoseg_tf.evaluation import confusion_matrix
from tomoseg_tf.volume import ArrayVolume


class SlabVolume(ArrayVolume):
    """An array that comes in slabs of a given depth and remembers what was read."""

    def __init__(self, array, depth):
        super().__init__(array)
        self.depth, self.reads = depth, []

    def read(self, start, stop):
        self.reads.append((start, stop))
        return super().read(start, stop)

    def slabs(self, depth=None):
        return super().slabs(self.depth)


@pytest.fixture
def classes():
    """Three classes that agree on most voxels, some of the truth ignored."""
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 3, (11, 6, 5)).astype(np.uint8)
    change = rng.random(truth.shape) < 0.3
    segmentation = np.where(change, rng.integers(0, 3, truth.shape), truth).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.1] = 255
    return truth, segmentation


def plain(truth, segmentation, num_classes):
    """The definition: one count per pair."""
    return [
        [int(((truth == row) & (segmentation == column)).sum()) for column in range(num_classes)]
        for row in range(num_classes)
    ]


def test_hand_counted_volume():
    truth = np.array([[[0, 0, 0, 0], [1, 1, 1, 255]]], np.uint8)
    segmentation = np.array([[[0, 0, 0, 1], [1, 1, 0, 1]]], np.uint8)
    matrix = confusion_matrix(truth, segmentation)
    assert matrix.tolist() == [[3, 1], [1, 2]]
    assert matrix.dtype == np.int64


def test_rows_are_truth_and_columns_prediction():
    truth = np.array([[[2, 2, 2]]], np.uint8)
    segmentation = np.array([[[1, 1, 2]]], np.uint8)
    assert confusion_matrix(truth, segmentation).tolist() == [[0, 0, 0], [0, 0, 0], [0, 2, 1]]


def test_equals_the_plain_definition(classes):
    assert confusion_matrix(*classes).tolist() == plain(*classes, 3)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 10, 11])
def test_does_not_depend_on_the_slabs(classes, depth):
    truth, segmentation = (SlabVolume(array, depth) for array in classes)
    assert confusion_matrix(truth, segmentation).tolist() == plain(*classes, 3)
    assert max(stop - start for start, stop in segmentation.reads) == depth
    assert sum(stop - start for start, stop in segmentation.reads) == 11


def test_relabelling_classes_permutes_rows_and_columns(classes):
    truth, segmentation = classes
    order = np.array([2, 0, 1])
    relabel = np.full(256, 255, np.uint8)
    relabel[order] = [0, 1, 2]
    permuted = confusion_matrix(relabel[truth], relabel[segmentation])
    np.testing.assert_array_equal(permuted, confusion_matrix(*classes)[np.ix_(order, order)])


def test_moving_voxels_of_both_changes_nothing(classes):
    matrix = confusion_matrix(*classes)
    flipped = confusion_matrix(*(array[::-1, :, ::-1].swapaxes(1, 2) for array in classes))
    np.testing.assert_array_equal(flipped, matrix)


def test_swapping_the_roles_transposes(classes):
    truth, segmentation = (np.where(array == 255, 0, array) for array in classes)
    matrix = confusion_matrix(truth, segmentation)
    np.testing.assert_array_equal(confusion_matrix(segmentation, truth), matrix.T)


def test_ignored_voxels_are_left_out(classes):
    truth, segmentation = classes
    assert confusion_matrix(truth, segmentation).sum() == np.count_nonzero(truth != 255)


def test_number_of_classes_pads_with_zeros(classes):
    matrix = confusion_matrix(*classes, num_classes=5)
    assert matrix.shape == (5, 5)
    assert matrix[:3, :3].tolist() == plain(*classes, 3)
    assert not matrix[3:].any()
    assert not matrix[:, 3:].any()


def test_background_alone_still_has_two_classes():
    zeros = np.zeros((2, 3, 4), np.uint8)
    assert confusion_matrix(zeros, zeros).tolist() == [[24, 0], [0, 0]]


def test_truth_ignored_everywhere_counts_nothing():
    zeros = np.zeros((2, 3, 4), np.uint8)
    assert confusion_matrix(zeros + 255, zeros).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", ">i4", "int64", "uint64"])
def test_any_integer_dtype_may_hold_classes(dtype):
    truth = np.array([[[0, 1], [1, 0]]], dtype)
    segmentation = np.array([[[0, 1], [0, 0]]], np.uint8)
    assert confusion_matrix(truth, segmentation).tolist() == [[2, 0], [1, 1]]
    assert confusion_matrix(segmentation, truth).tolist() == [[2, 1], [0, 1]]


def test_progress_counts_slices(classes):
    truth, segmentation = (SlabVolume(array, 4) for array in classes)
    seen = []
    confusion_matrix(truth, segmentation, progress=lambda *step: seen.append(step))
    assert seen == [(4, 11), (8, 11), (11, 11)]


def test_paths_are_opened_as_classes(tmp_path, classes):
    truth, segmentation = classes
    np.save(tmp_path / "truth.npy", truth)
    np.save(tmp_path / "segmentation.npy", segmentation)
    matrix = confusion_matrix(tmp_path / "truth.npy", str(tmp_path / "segmentation.npy"))
    assert matrix.tolist() == plain(truth, segmentation, 3)


def test_mask_files_of_0_and_255_are_read_as_objects(tmp_path):
    truth = np.array([[[0, 0, 255, 255]]], np.uint8)
    np.save(tmp_path / "truth.npy", truth)
    segmentation = np.array([[[0, 1, 1, 1]]], np.uint8)
    assert confusion_matrix(tmp_path / "truth.npy", segmentation).tolist() == [[1, 1], [0, 2]]


ZEROS = np.zeros((4, 5, 6), np.uint8)
MARKED = ZEROS.copy()
MARKED[:, 0, :3] = 255
MARKED[0, 1, 1] = 7


@pytest.mark.parametrize(
    ("truth", "segmentation", "num_classes", "message"),
    [
        (ZEROS, ZEROS[:3], None, r"array has shape \(4, 5, 6\), segmentation array \(3, 5, 6\)"),
        (ZEROS, MARKED, 2, r"segmentation array: 7 \(1 voxels\), 255 \(12 voxels\) is none of"),
        (ZEROS, MARKED, None, r"segmentation array: 255 \(12 voxels\) is none of"),
        (MARKED, ZEROS, 3, r"truth array: 7 \(1 voxels\) is none of the classes 0 to 2"),
        (ZEROS, ZEROS + np.float32(0.5), None, "holds float32 values; class indices"),
        (ZEROS - np.int16(1), ZEROS, None, "truth array: 120 voxels of slices 0 to 3 are not"),
        (ZEROS + np.uint16(300), ZEROS, None, "are not between 0 and 255"),
        (ZEROS + 128, ZEROS, None, "truth array: its highest value 128 looks like a grey level"),
        (ZEROS, ZEROS, 1, "num_classes is 1; give 2 to 255"),
        (ZEROS, ZEROS, 256, "num_classes is 256; give 2 to 255"),
    ],
)
def test_what_cannot_be_compared_is_an_error(truth, segmentation, num_classes, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(truth, segmentation, num_classes=num_classes)


def test_long_lists_of_wrong_values_are_cut():
    segmentation = np.arange(3, 23, dtype=np.uint8).reshape(1, 4, 5)
    with pytest.raises(ValueError, match=r"10 \(1 voxels\) and 12 more is none of"):
        confusion_matrix(np.zeros((1, 4, 5), np.uint8), segmentation, num_classes=2)
