"""Reviews from the list to the corrected truth."""

import csv
import json

import numpy as np
import pytest
from matplotlib.image import imread

from tomoseg_tf.volume import create_volume, open_truth

COMMAND = ("review",)

TRUTH = np.zeros((10, 20, 30), np.uint8)
TRUTH[2:5, 3:6, 3:6] = 1
TRUTH[5:8, 12:16, 3:6] = 1  # missed
TRUTH[9] = 255
SEGMENTATION = np.zeros_like(TRUTH)
SEGMENTATION[2:5, 3:6, 3:6] = 1
SEGMENTATION[2:5, 3:6, 20:24] = 1
SEGMENTATION[5:9, 12:16, 20:23] = 2
SPACING = (0.5, 0.25, 0.25)


@pytest.fixture
def files(tmp_path):
    """Paths of a scan, truth, segmentation and probabilities."""
    rng = np.random.default_rng(0)
    grey = (150 - 60 * (SEGMENTATION > 0) + rng.integers(0, 9, TRUTH.shape)).astype(np.uint8)
    probabilities = (0.7 * (SEGMENTATION == 1) + 0.9 * (SEGMENTATION == 2)).astype(np.float32)
    arrays = {"scan": grey, "truth": TRUTH, "seg": SEGMENTATION, "p": probabilities}
    for name, array in arrays.items():
        options = {"spacing": SPACING, "classes": array.dtype == np.uint8}
        with create_volume(tmp_path / f"{name}.tif", array.shape, array.dtype, **options) as writer:
            writer.write(0, array)
    return [str(tmp_path / f"{name}.tif") for name in arrays]


def decide(folder, decisions):
    """Write decisions by label into the list, as a program with semicolons does; return rows."""
    with open(folder / "review.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(folder / "review.csv", "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        for row in rows:
            writer.writerow(row | decisions.get(int(row["label"]), {}))
    return rows


def test_found_objects_are_listed_drawn_and_accepted(run, files, tmp_path):
    folder, output = tmp_path / "review", tmp_path / "corrected.tif"
    code, out, _ = run("list", *files[:3], folder, "--probabilities", files[3], "--json")
    summary = json.loads(out)
    assert (code, summary["objects"], summary["drawn"]) == (0, 2, 2)
    assert summary["confidence"] == "mean probability"
    rows = decide(folder, {2: {"decision": "Accept"}, 1: {"decision": "refuse"}})
    assert [(row["label"], row["class"], row["confidence"]) for row in rows] == [
        ("2", "2", "0.9"),
        ("1", "1", "0.7"),
    ]
    assert rows[0]["voxels"] == "48"
    image = imread(folder / rows[0]["thumbnail"])
    assert image.shape[:2] == (160, 3 * 160 + 12)
    orange = np.isclose(image[..., :3], np.array([230, 159, 0]) / 255, atol=0.01).all(axis=-1)
    assert orange.any()
    assert (folder / "sheets" / "sheet_001.png").stat().st_size > 10_000
    code, out, _ = run("apply", folder, files[1], output)
    assert (code, out.split(": ")[1]) == (
        0,
        "1 objects drawn, 1 refused, 0 without a decision; 48 voxels changed\n",
    )
    corrected = open_truth(output)
    expected = TRUTH.copy()
    expected[5:9, 12:16, 20:23] = 2
    assert corrected.spacing == SPACING
    np.testing.assert_array_equal(corrected.read(0, 10), expected)


def test_missed_objects_are_deleted_and_the_contrast_orders(run, files, tmp_path):
    folder, output = tmp_path / "review", tmp_path / "corrected.tif"
    code, out, _ = run("list", *files[:3], folder, "--missed", "--thumbnails", "0")
    assert code == 0
    assert "1 objects missed, by contrast; 0 drawn" in out
    rows = decide(folder, {1: {"decision": "accept"}})
    assert rows[0]["thumbnail"] == ""
    code, _, _ = run("apply", folder, files[1], output, "--json")
    expected = TRUTH.copy()
    expected[5:8, 12:16, 3:6] = 0
    np.testing.assert_array_equal(open_truth(output).read(0, 10), expected)
    code, _, err = run("apply", folder, output, tmp_path / "again.tif")
    assert (code, err.count("\n")) == (1, 1)
    assert "give the truth that was reviewed" in err
    assert not (tmp_path / "again.tif").exists()


def test_what_a_user_can_cause_is_one_line(run, files, tmp_path):
    folder = tmp_path / "review"
    assert run("list", *files[:3], folder, "--thumbnails", "0")[0] == 0
    short = tmp_path / "short.npy"
    np.save(short, TRUTH[1:])
    np.save(folder / "corrected.npy", TRUTH)
    again = files[0], folder / "corrected.npy", files[2], folder, "--overwrite"
    cases = [
        (("list", *files[:3], folder), "already exists"),
        (("list", *again), "review holds the input"),
        (("list", short, *files[1:3], tmp_path / "n"), "both must be of one shape"),
        (("apply", tmp_path, files[1], tmp_path / "n.tif"), "holds no review.json"),
        (("apply", folder, short, tmp_path / "n.tif"), "give the truth that was reviewed"),
        (("apply", folder, files[1], files[1], "--overwrite"), "is named twice"),
    ]
    for arguments, text in cases:
        code, out, err = run(*arguments)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert text in err
    untouched = (folder / "review.csv").read_text()
    for change, text in (
        ({"decision": "yes"}, "decision 'yes'; write accept, refuse or nothing"),
        ({"class": "255"}, "classes are 1 to 254"),
        ({"label": "9"}, "object 9 is none of the 2 reviewed"),
    ):
        decide(folder, {1: change})
        code, _, err = run("apply", folder, files[1], tmp_path / "n.tif")
        assert (code, text in err) == (1, True)
        (folder / "review.csv").write_text(untouched)
    assert not (tmp_path / "n.tif").exists()


def test_nothing_to_review(run, files, tmp_path):
    folder = tmp_path / "review"
    code, out, _ = run("list", files[0], files[1], files[1], folder)
    assert (code, "0 objects found" in out) == (0, True)
    code, out, _ = run("apply", folder, files[1], tmp_path / "same.tif", "--json")
    assert (code, json.loads(out)["changed_voxels"]) == (0, 0)
