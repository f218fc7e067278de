import csv
import json

import numpy as np
import pytest
import tifffile

from tomoseg_tf.evaluation import confusion_matrix, scores
from tomoseg_tf.prediction import segment_file
from tomoseg_tf.records import write_records
from tomoseg_tf.studies.correction import merge_slices, write_slices
from tomoseg_tf.studies.correction.doubt import choose_slices, sum_doubt
from tomoseg_tf.training import read_recipe, train
from tomoseg_tf.volume import as_volume, open_truth

SHAPE = (24, 48, 48)
LABELLED = (2, 20)
SETTINGS = (
    "model.arguments.levels=2",
    "model.arguments.base_features=4",
    "batches.batch_size=2",
    "batches.crop=[8,24,24]",
    "schedule.epochs=2",
    "schedule.warm_up=0",
    "schedule.steps_per_epoch=25",
    "optimiser.learning_rate=0.01",
    "augmentation.zoom=[1,1]",
    "augmentation.rotation=0",
)


@pytest.fixture(scope="module")
def scan():
    """Bright balls on both sides, dark ones, which are background, only in the middle."""
    rng = np.random.default_rng(0)
    z, y, x = np.ogrid[:24, :48, :48]
    grey, truth = rng.normal(100, 6, SHAPE), np.zeros(SHAPE, np.uint8)
    for place in rng.uniform((0, 4, 4), (24, 44, 44), (40, 3)):
        ball = (z - place[0]) ** 2 + (y - place[1]) ** 2 + (x - place[2]) ** 2 < 12
        bright = not 6 < place[0] < 18 or rng.random() < 0.5
        grey[ball], truth[ball] = (150 if bright else 200) + rng.normal(0, 6), bright
    return grey.astype(np.float32), truth


def fit(grey, labels, folder, *, weights=None):
    """Train on labels, on those of some slices as on the others; return the best weights."""
    pairs = [(grey, labels), (grey, labels)]
    options = {"patch": (24, 48, 48), "validation_samples": [1], "fractions": (0.5, 0.5, 0)}
    write_records(folder / "records", pairs, palette="classes", **options)
    changes = SETTINGS if weights is None else (*SETTINGS, f"model.weights={weights}")
    train(read_recipe("few_labels", changes), folder / "records", folder / "run")
    return folder / "run" / "best_loss"


def dice(grey, truth, weights, folder):
    segment_file(as_volume(grey), folder / "found.npy", weights=weights)
    return scores(confusion_matrix(truth, folder / "found.npy")).classes[1].dice


def test_correcting_the_worst_slices_raises_the_score(scan, tmp_path):
    grey, truth = scan
    sparse = np.full(SHAPE, 255, np.uint8)
    sparse[list(LABELLED)] = truth[list(LABELLED)]
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    weights = fit(grey, sparse, first)
    before = dice(grey, truth, weights, first)

    folder = tmp_path / "mend"
    labels = open_truth(sparse, "classes")
    found = write_slices(grey, labels, folder, weights=weights, count=4)
    assert sorted(path.name for path in folder.iterdir()) == [
        "correction.json",
        "labels.tif",
        "scan.tif",
        "slices.csv",
    ]
    chosen = [row["slice"] for row in found["slices"]]
    assert not set(chosen) & set(LABELLED)
    doubt = [row["doubt"] for row in found["slices"]]
    assert doubt == sorted(doubt, reverse=True)
    np.testing.assert_array_equal(tifffile.imread(folder / "scan.tif"), grey[chosen])

    mended = np.stack([truth[z] for z in chosen])  # as by hand, without an error
    tifffile.imwrite(folder / "labels.tif", mended, photometric="minisblack")
    merged = merge_slices(folder, labels, tmp_path / "merged.npy")
    expected = sparse.copy()
    expected[chosen] = truth[chosen]
    np.testing.assert_array_equal(np.load(tmp_path / "merged.npy"), expected)
    assert merged["slices"] == sorted(chosen)

    after = dice(grey, truth, fit(grey, expected, second, weights=weights), second)
    assert after > before + 0.02


def test_doubt_counts_only_what_is_not_labelled():
    entropy = np.full((3, 2, 5), 255, np.uint8)
    entropy[2] = 51
    truth = np.zeros((3, 2, 5), np.uint8)
    truth[1], truth[2, 0] = 255, 255
    doubt, labelled = sum_doubt(as_volume(entropy), open_truth(truth, "classes"))
    np.testing.assert_allclose(doubt, [0, 10, 1])
    np.testing.assert_allclose(labelled, [1, 0, 0.5])


def test_chosen_slices_keep_their_distance():
    doubt = [9, 8, 7, 0, 5, 6]
    assert choose_slices(doubt, 3, 1) == [0, 1, 2]
    assert choose_slices(doubt, 3, 2) == [0, 2, 5]
    assert choose_slices(doubt, 9, 3) == [0, 5]
    assert choose_slices([0, 0], 2, 1) == []


TRUTH = np.full((4, 3, 3), 255, np.uint8)
TRUTH[0] = 1


@pytest.fixture
def mend(tmp_path):
    """A correction of the slices 3 and 1."""
    folder = tmp_path / "mend"
    folder.mkdir()
    facts = {"shape": [4, 3, 3], "truth": "t.tif", "weights": "w", "pages": 2}
    (folder / "correction.json").write_text(json.dumps(facts))
    (folder / "slices.csv").write_text("page,slice,doubt,labelled\n1,3,2.5,0\n2,1,2,0\n")
    pages = np.stack([np.full((3, 3), 2, np.uint8), np.eye(3, dtype=np.uint8)])
    tifffile.imwrite(folder / "labels.tif", pages, photometric="minisblack")
    return folder


def test_rows_that_are_deleted_leave_their_slices_as_they_were(mend, tmp_path):
    with open(mend / "slices.csv", "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerows([("page", "slice"), (2, 1)])
    summary = merge_slices(mend, TRUTH, tmp_path / "out.npy", palette="classes")
    expected = TRUTH.copy()
    expected[1] = np.eye(3)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)
    assert (summary["slices"], summary["changed_voxels"]) == ([1], 9)
    again = merge_slices(mend, expected, tmp_path / "again.npy", palette="classes")
    assert again["changed_voxels"] == 0


def test_only_the_slices_that_were_looked_at(mend, tmp_path):
    summary = merge_slices(mend, TRUTH, tmp_path / "out.npy", slices=[3], palette="classes")
    expected = TRUTH.copy()
    expected[3] = 2
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)
    assert summary["slices"] == [3]


@pytest.mark.parametrize(
    ("slices", "message"), [([3, 2], "has no slice 2; it has 3, 1"), ([], "no slice is named")]
)
def test_slices_that_are_not_there(mend, tmp_path, slices, message):
    with pytest.raises(ValueError, match=message):
        merge_slices(mend, TRUTH, tmp_path / "out.npy", slices=slices, palette="classes")
    assert not (tmp_path / "out.npy").exists()


def test_where_nothing_was_labelled_all_else_is_unknown(mend, tmp_path):
    facts = json.loads((mend / "correction.json").read_text())
    (mend / "correction.json").write_text(json.dumps(facts | {"truth": None}))
    merge_slices(mend, None, tmp_path / "out.npy")
    expected = np.full_like(TRUTH, 255)
    expected[3], expected[1] = 2, np.eye(3)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)


def test_a_folder_that_holds_the_truth_is_not_replaced(mend):
    np.save(mend / "truth.npy", TRUTH)
    truth = open_truth(mend / "truth.npy", "classes")
    with pytest.raises(ValueError, match=r"mend holds the input .*truth\.npy; name another"):
        write_slices(np.zeros(TRUTH.shape), truth, mend, weights="w", overwrite=True)
    assert (mend / "truth.npy").exists()


def test_a_truth_that_is_forgotten_is_asked_for(mend, tmp_path):
    with pytest.raises(ValueError, match=r"made beside the truth t\.tif, whose labels"):
        merge_slices(mend, None, tmp_path / "out.npy")
    assert not (tmp_path / "out.npy").exists()


def cut_pages(folder):
    tifffile.imwrite(folder / "labels.tif", np.zeros((1, 7, 6), np.uint8))


def write_list(text):
    return lambda folder: (folder / "slices.csv").write_text(text)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_pages, r"labels.tif has shape \(1, 7, 6\), but \(2, 3, 3\) was written"),
        (write_list("page,slice\n"), "names no slice"),
        (write_list("page,slice\n1,x\n"), "page '1', slice 'x': must be whole numbers"),
        (write_list("page,slice\n3,1\n"), "page 3 or slice 1 is none of the scan"),
        (write_list("page,slice\n1,4\n"), "page 1 or slice 4 is none of the scan"),
        (lambda folder: (folder / "correction.json").unlink(), "holds no correction.json"),
        (lambda folder: (folder / "slices.csv").unlink(), "cannot be read as a list of slices"),
    ],
)
def test_one_line_for_what_cannot_be_merged(mend, tmp_path, damage, message):
    damage(mend)
    with pytest.raises(ValueError, match=message):
        merge_slices(mend, TRUTH, tmp_path / "out.npy", palette="classes")
    assert not (tmp_path / "out.npy").exists()


def test_the_truth_of_another_scan_is_refused(mend, tmp_path):
    with pytest.raises(ValueError, match="give the truth of that scan"):
        merge_slices(mend, TRUTH[:3], tmp_path / "out.npy", palette="classes")


def test_a_truth_of_another_shape_is_refused_before_anything_is_segmented(tmp_path):
    with pytest.raises(ValueError, match=r"but array \(4, 3, 4\); both must be of one shape"):
        write_slices(np.zeros((4, 3, 4)), TRUTH, tmp_path / "mend", weights="none")
    assert list(tmp_path.iterdir()) == []


def test_a_truth_without_gaps_is_refused_before_anything_is_segmented(tmp_path):
    truth = open_truth(np.ones((4, 3, 3), np.uint8), "classes")
    with pytest.raises(ValueError, match="all is labelled, so that nothing is in doubt"):
        write_slices(np.zeros((4, 3, 3)), truth, tmp_path / "mend", weights="none")
    assert list(tmp_path.iterdir()) == []
