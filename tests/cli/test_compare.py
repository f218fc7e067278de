import json
from pathlib import Path

import numpy as np
import pytest

from tomoseg_tf.evaluation import scores
from tomoseg_tf.records import write_records
from tomoseg_tf.studies.compare.result import Result
from tomoseg_tf.studies.compare.table import Comparison

COMMAND = ("compare",)


@pytest.fixture
def compared(monkeypatch):
    """Replace the comparison by one that takes no time; return what it was called with."""
    calls = []

    def compare(entries, records, folder, **options):
        calls.append((entries, records, folder, options))
        found = scores(np.array([[95, 0], [0, 5]])).to_dict()
        results = [
            Result(label=entry.label, kind=entry.kind, slice=(8, 8), scores=found)
            for entry in entries
            if entry.label != "bad"
        ]
        failures = {entry.label: "why" for entry in entries if entry.label == "bad"}
        settings = ("there", "test", 2, (8, 8, 8), ("background", "object"), results, failures)
        return Comparison(Path(folder), *settings, True)

    monkeypatch.setattr("tomoseg_tf.studies.compare.study.compare", compare)
    monkeypatch.setattr("tomoseg_tf.studies.compare.datasets.compare", compare)
    return calls


def test_entries_budget_and_arguments_reach_the_comparison(run, compared):
    code, out, err = run(
        *("there", "-o", "out", "--models", "unet_2d,thin=unet_3d", "--models", "otsu"),
        *("--arguments", 'thin={"levels": 2}', "--epochs", "5", "--steps", "7", "--minutes", "2.5"),
        *("--set", "seed=3", "--recipe", "mine.yaml"),
        *("--turns", "flips", "--epoch", "last", "--vote"),
    )
    assert (code, err) == (0, "")
    entries, records, folder, options = compared[0]
    assert [entry.label for entry in entries] == ["unet_2d", "thin", "otsu"]
    assert entries[1].arguments == {"levels": 2}
    assert (str(records), str(folder)) == ("there", "out")
    assert options["recipe"] == "mine.yaml"
    budget = ["schedule.epochs=5", "schedule.steps_per_epoch=7", "schedule.minutes=2.5"]
    assert list(options["changes"]) == ["seed=3", *budget]
    assert (options["turns"], options["epoch"], options["vote"]) == ("flips", "last", True)
    assert out.splitlines()[-1] == "Tables, figures and runs are in out"


def test_an_ensemble_may_come_alone(run, compared):
    code, _, _ = run("there", "-o", "out", "--ensemble", "both=unet_2d,pspnet")
    assert code == 0
    assert [(entry.label, entry.what) for entry in compared[0][0]] == [
        ("both", ("unet_2d", "pspnet"))
    ]
    options = compared[0][3]
    assert (options["turns"], options["epoch"], options["vote"]) == ("none", "best", False)


def test_json(run, compared):
    code, out, _ = run("there", "-o", "out", "--models", "otsu", "--json", "--overwrite")
    found = json.loads(out)
    assert code == 0
    assert found["results"][0]["scores"]["miou"] == 1.0
    assert found["results"][0]["training_seconds"] is None
    assert compared[0][3]["overwrite"]


def test_failures_are_one_line_after_the_table(run, compared):
    code, out, err = run("there", "-o", "out", "--models", "otsu,bad=unet_3d")
    assert code == 1
    assert "otsu" in out
    assert err == (
        "Error: 1 entry has failed and will be tried again by the same command: bad: why\n"
    )
    _, _, err = run("there", "-o", "out", "--models", "otsu,bad=unet_3d", "--overwrite")
    assert "will be tried again by the same command without --overwrite: bad" in err


def test_several_records_are_put_side_by_side(run, compared, tmp_path):
    for name, split in (("random", "slice"), ("blocks", "block")):
        pair = np.zeros((9, 8, 8), np.uint8), np.zeros((9, 8, 8), np.uint8)
        write_records(tmp_path / name, [pair], patch="slice", split=split, guard=None)
    folder = tmp_path / "out"
    code, out, _ = run(
        tmp_path / "random", tmp_path / "blocks", "-o", folder, "--models", "otsu,kmeans"
    )
    assert code == 0
    assert [str(call[2]) for call in compared] == [str(folder / "random"), str(folder / "blocks")]
    assert (folder / "table.csv").read_text().splitlines() == [
        "label,miou_random,miou_blocks",
        "otsu,1.0,1.0",
        "kmeans,1.0,1.0",
    ]
    assert (folder / "table.md").read_text().splitlines()[2] == "| otsu | 1.0000 | 1.0000 |"
    assert "mIoU, random" in out


def test_records_of_one_name_are_refused(run, compared, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "records").mkdir(parents=True)
    places = [tmp_path / name / "records" for name in ("a", "b")]
    code, _, err = run(*places, "-o", tmp_path / "out", "--models", "otsu")
    assert code == 1
    assert "records are named records, records; their results go into folders" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--models", "otsu", "--arguments", "thin"], "must be LABEL=JSON"),
        (["--models", "otsu", "--arguments", "thin=3"], "is not a JSON object"),
        (["--models", "otsu", "--minutes", "0"], "0.0 is not in the range x>0"),
        ([], "Missing option '--models'"),
    ],
)
def test_wrong_usage(run, compared, options, message):
    code, _, err = run("there", "-o", "out", *options)
    assert code == 2
    assert message in err


def test_ctrl_c_says_how_to_go_on(run, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("tomoseg_tf.studies.compare.study.compare", interrupted)
    code, _, err = run("there", "-o", "out", "--models", "otsu")
    assert code == 1
    assert err.startswith("Error: interrupted; the same command goes on with out")
    _, _, err = run("there", "-o", "out", "--models", "otsu", "--overwrite")
    assert err.startswith("Error: interrupted; the same command without --overwrite goes on with")


@pytest.mark.parametrize(
    ("models", "message"),
    [("otsu", "is not a folder of records"), ("unet2d", "did you mean unet_2d?")],
)
def test_a_mistake_is_one_line_and_leaves_nothing(run, tmp_path, models, message):
    options = ("--models", models, "--recipe", "micropillar")
    code, out, err = run(tmp_path, "-o", tmp_path / "out", *options)
    assert (code, out) == (1, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
