"""Cross-validation: the same entries on folds of the same samples."""

import csv
import statistics

import numpy as np
import pytest

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.studies.compare.datasets import compare_datasets
from tomoseg_tf.studies.compare.entries import parse_entries
from tomoseg_tf.studies.compare.folds import count_folds, mean_of
from tomoseg_tf.studies.compare.study import compare

CLASSES = ("matrix", "inclusion", "precipitate")
SETTINGS = {"patch": (4, 8, 8), "classes": CLASSES, "split": "block", "guard": 0}


@pytest.fixture(scope="module")
def folds(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    pairs = [(study / f"scan{number}.tif", study / f"truth{number}.tif") for number in (0, 1)]
    for number in (1, 2, 3):
        write_records(folder / f"fold{number}", pairs[:1], **SETTINGS, fold=(number, 3))
    write_records(folder / "other", pairs[1:], **SETTINGS, fold=(2, 3))
    write_records(folder / "fold4", pairs[:1], **SETTINGS, fold=(4, 4))
    renamed = {**SETTINGS, "classes": ("matrix", "inclusion", "pore")}
    write_records(folder / "renamed", pairs[:1], **renamed, fold=(2, 3))
    drawn = {"patch": (1, 8, 8), "classes": CLASSES, "split": "slice", "slices": (20, 2, 2)}
    write_records(folder / "drawn", pairs[:1], **drawn)
    return folder


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("fold1", "fold2", "fold3"), 3),
        (("fold1", "fold3"), 3),
        (("fold1", "fold1"), 0),
        (("fold1", "fold4"), 0),
        (("fold1", "other"), 0),
        (("fold1", "renamed"), 0),
        (("fold1", "drawn"), 0),
    ],
)
def test_folds_are_of_the_same_samples_with_tests_apart(folds, names, expected):
    assert count_folds([open_records(folds / name) for name in names]) == expected


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_means_and_deviations_over_folds(folds, study, tmp_path):
    records = [folds / f"fold{number}" for number in (1, 2, 3)]
    found = compare_datasets(
        parse_entries(["otsu", "kmeans"]),
        records,
        tmp_path / "out",
        recipe=study / "tiny.yaml",
        isolated=False,
    )
    assert found.folds == 3
    rows = read_csv(tmp_path / "out" / "table.csv")
    own = [read_csv(tmp_path / "out" / path.name / "table.csv") for path in records]
    assert [row["label"] for row in rows] == ["otsu", "kmeans"]
    for index, row in enumerate(rows):
        for score in ("miou", *(f"iou_{name}" for name in CLASSES)):
            values = [float(each[index][score]) for each in own]
            assert float(row[f"{score}_mean"]) == pytest.approx(np.mean(values))
            assert float(row[f"{score}_sd"]) == pytest.approx(statistics.stdev(values))
            assert row[f"{score}_folds"] == "3"
    lines = (tmp_path / "out" / "table.md").read_text(encoding="utf-8").splitlines()
    head = "| Mean over the folds | mIoU | matrix IoU | inclusion IoU | precipitate IoU |"
    assert head in lines
    mean, deviation = (float(rows[0][f"miou_{what}"]) for what in ("mean", "sd"))
    assert any(line.startswith(f"| otsu | {mean:.4f} ± {deviation:.4f} |") for line in lines)
    assert lines[-1].startswith("- Means over 3 folds, whose tests share no slice")
    assert found.to_dict()["means"]["otsu"]["miou"]["mean"] == pytest.approx(mean)


def test_all_folders_are_checked_before_anything_is_done(folds, study, tmp_path):
    """The second one lies where something else is."""
    (tmp_path / "out" / "fold2").mkdir(parents=True)
    (tmp_path / "out" / "fold2" / "thesis.tex").touch()
    (tmp_path / "out" / "comparisons.json").touch()
    records = [folds / f"fold{number}" for number in (1, 2)]
    settings = {"recipe": study / "tiny.yaml", "isolated": False}
    with pytest.raises(ValueError, match="fold2 already exists"):
        compare_datasets(parse_entries(["otsu"]), records, tmp_path / "out", **settings)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("comparisons.json", "fold2")
    ]
    wrong = parse_entries(["unet_3d"], {"unet_3d": {"depth": 3}})
    with pytest.raises(ValueError, match="unet_3d has no argument 'depth'"):
        compare_datasets(wrong, records, tmp_path / "new", **settings)
    assert not (tmp_path / "new").exists()


def test_all_are_replaced_before_the_first_is_made(folds, study, tmp_path, monkeypatch):
    """Without --overwrite the next command then goes on, with nothing of before left."""
    records = [folds / f"fold{number}" for number in (1, 2)]
    settings = {"recipe": study / "tiny.yaml", "isolated": False}
    for path in records:
        (tmp_path / "out" / path.name / "unet_3d").mkdir(parents=True)
        (tmp_path / "out" / path.name / "comparison.json").write_text("{}")

    def interrupted(*arguments, overwrite, **options):
        assert not overwrite
        raise KeyboardInterrupt

    monkeypatch.setattr("tomoseg_tf.studies.compare.datasets.compare", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compare_datasets(
            parse_entries(["otsu"]), records, tmp_path / "out", overwrite=True, **settings
        )
    for path in records:
        left = [each.name for each in (tmp_path / "out" / path.name).iterdir()]
        assert left == ["comparison.json"]


def test_tables_of_something_else_are_not_replaced(folds, study, tmp_path):
    (tmp_path / "table.md").write_text("years of work")
    records = [folds / f"fold{number}" for number in (1, 2)]
    settings = {"recipe": study / "tiny.yaml", "isolated": False}
    with pytest.raises(ValueError, match=r"holds no comparisons\.json: it is something else"):
        compare_datasets(parse_entries(["otsu"]), records, tmp_path, **settings)
    assert [path.name for path in tmp_path.iterdir()] == ["table.md"]


def test_a_mean_over_fewer_folds_says_so(folds, study, tmp_path):
    """The entry is there for the first fold only, and two of three folds are here."""
    records = [folds / f"fold{number}" for number in (1, 2)]
    settings = {"recipe": study / "tiny.yaml", "isolated": False}
    (tmp_path / "out").mkdir()
    compare(parse_entries(["otsu"]), records[0], tmp_path / "out" / "fold1", **settings)
    settings["vote"] = True
    found = compare_datasets(parse_entries(["kmeans"]), records, tmp_path / "out", **settings)
    text = found.table()
    assert text.endswith("Each object in the class of most of its voxels: kmeans.")
    alone = found.comparisons["fold1"].results[0]
    assert alone.label == "otsu"
    assert f"{alone.miou:.4f} (1)" in text
    assert "Means over 2 of the 3 folds" in text


def test_a_score_that_is_not_defined_in_a_fold_is_left_out_of_the_mean():
    assert mean_of([0.25, None, 0.75]) == (0.5, pytest.approx(0.353553, abs=1e-6), 2)
    assert mean_of([0.25, None]) == (0.25, None, 1)
    assert mean_of([None]) == (None, None, 0)
