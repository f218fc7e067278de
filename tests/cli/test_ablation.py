import json

import pytest

from tomoseg_tf.evaluation import scores
from tomoseg_tf.studies.ablation_table import Ablation, net_scores

COMMAND = ("ablation",)


@pytest.fixture
def compared(monkeypatch):
    """Replace the ablation by one that takes no time; return what it was called with."""
    calls = []

    def ablation(recipe, records, folder, *, nets, **options):
        calls.append((recipe, records, folder, nets, options))
        known = {"minutes_per_epoch": 4.48, "epochs": 3, "best_epoch": 2, "weights": "there"}
        rows = [
            net_scores(
                scores([[95, 0], [5, 0]]),
                levels=levels,
                base_features=base,
                parameters=1000 * base,
                **known,
            )
            for levels, base in nets
        ]
        classes = ("background", "object")
        return Ablation(folder, "test", 2, (8, 8, 8), recipe.monitor, classes, rows)

    monkeypatch.setattr("tomoseg_tf.studies.ablation.ablation", ablation)
    return calls


def test_by_default_it_is_the_table_of_the_paper(run, compared):
    code, out, err = run("there", "-o", "out")
    assert (code, err) == (0, "")
    recipe, records, folder, nets, options = compared[0]
    assert nets == ((4, 8), (3, 8), (4, 6), (3, 6), (4, 4), (3, 4))
    assert (str(records), str(folder), options["overwrite"]) == ("there", "out", False)
    assert (recipe.monitor, recipe.schedule.epochs) == ("loss", 240)
    lines = out.splitlines()
    assert lines[2].split() == ["4", "8", "8,000", "4.48", "0.950000", "0.000000", "-"]
    assert lines[-1] == "Runs, table.csv and figure.png are in out"


def test_settings_and_json(run, compared):
    options = ("--recipe", "micropillar", "--nets", "2:4", "--epochs", "7", "--set", "seed=5")
    code, out, _ = run("there", "-o", "out", "--json", "--overwrite", *options)
    assert code == 0
    found = json.loads(out)
    assert found["nets"][0]["precision"] is None
    assert (found["criterion"], found["patch"]) == ("dice", [8, 8, 8])
    recipe, _, _, nets, others = compared[0]
    assert (recipe.seed, recipe.schedule.epochs, nets) == (5, 7, ((2, 4),))
    assert others["overwrite"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--nets", "4x8"], "'4x8' is not of the form 4:8,3:8"),
        (["--nets", "4:8:1"], "is not of the form"),
        (["--nets", "4:0"], "is not of the form"),
        (["--nets", "4:8,4:8"], "names a network twice"),
        (["--set", "model.arguments.levels=3"], "the sizes of the nets are set with --nets"),
    ],
)
def test_wrong_usage(run, compared, options, message):
    code, _, err = run("there", "-o", "out", *options)
    assert code == 2
    assert message in err


def test_ctrl_c_says_how_to_go_on(run, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("tomoseg_tf.studies.ablation.ablation", interrupted)
    code, _, err = run("there", "-o", "out")
    assert code == 1
    assert err.startswith("Error: interrupted; the same command goes on with out")
    _, _, err = run("there", "-o", "out", "--overwrite")
    assert err.startswith("Error: interrupted; the same command without --overwrite goes on with")


def test_records_that_are_none_are_one_line(run, tmp_path):
    code, out, err = run(tmp_path, "-o", tmp_path / "out")
    assert (code, out) == (1, "")
    assert "is not a folder of records" in err
    assert err.count("\n") == 1
