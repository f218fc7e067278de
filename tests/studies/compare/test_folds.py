"""Cross-validation: the same entries on folds of the same samples."""

import csv
import statistics

import numpy as np
import pytest

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.studies.compare.datasets import compare_datasets
from tomoseg_tf.studies.compare.entries import parse_entries
from tomoseg_tf.studies.compare.folds import are_folds, mean_and_deviation

CLASSES = ("matrix", "inclusion", "precipitate")
SETTINGS = {"patch": (4, 8, 8), "classes": CLASSES, "split": "block", "guard": 0}


@pytest.fixture(scope="module")
def folds(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    pairs = [(study / f"scan{number}.tif", study / f"truth{number}.tif") for number in (0, 1)]
    for number in (1, 2, 3):
        write_records(folder / f"fold{number}", pairs[:1], **SETTINGS, fold=(number, 3))
    write_records(folder / "other", pairs[1:], **SETTINGS, fold=(2, 3))
    drawn = {"patch": (1, 8, 8), "classes": CLASSES, "split": "slice", "slices": (20, 2, 2)}
    write_records(folder / "drawn", pairs[:1], **drawn)
    return folder


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("fold1", "fold2", "fold3"), True),
        (("fold1", "fold3"), True),
        (("fold1", "fold1"), False),
        (("fold1", "other"), False),
        (("fold1", "drawn"), False),
    ],
)
def test_folds_are_of_the_same_samples_with_tests_apart(folds, names, expected):
    assert are_folds([open_records(folds / name) for name in names]) == expected


def test_means_and_deviations_over_folds(folds, study, tmp_path):
    records = [folds / f"fold{number}" for number in (1, 2, 3)]
    found = compare_datasets(
        parse_entries(["otsu", "kmeans"]),
        records,
        tmp_path / "out",
        recipe=study / "tiny.yaml",
        isolated=False,
    )
    assert found.folds
    with open(tmp_path / "out" / "table.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["otsu", "kmeans"]
    for row in rows:
        mious = [float(row[f"miou_fold{number}"]) for number in (1, 2, 3)]
        assert float(row["miou_mean"]) == pytest.approx(np.mean(mious))
        assert float(row["miou_sd"]) == pytest.approx(statistics.stdev(mious))
        assert 0 < float(row["iou_inclusion_mean"]) <= 1
    lines = (tmp_path / "out" / "table.md").read_text(encoding="utf-8").splitlines()
    head = "| Mean over the folds | mIoU | matrix IoU | inclusion IoU | precipitate IoU |"
    assert head in lines
    mean, deviation = (float(rows[0][f"miou_{what}"]) for what in ("mean", "sd"))
    assert any(line.startswith(f"| otsu | {mean:.4f} ± {deviation:.4f} |") for line in lines)
    assert lines[-1].startswith("- Means over the folds, whose tests share no slice")


def test_a_score_that_is_not_defined_in_a_fold_is_left_out_of_the_mean():
    assert mean_and_deviation([0.25, None, 0.75]) == (0.5, pytest.approx(0.353553, abs=1e-6))
    assert mean_and_deviation([0.25, None]) == (0.25, None)
    assert mean_and_deviation([None]) == (None, None)
