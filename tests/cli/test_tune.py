import json
from pathlib import Path

import pytest

from tomoseg_tf.studies.search.table import Row, SearchResult
from tomoseg_tf.studies.search.two_steps import TwoSteps

COMMAND = ("tune",)
RECIPE = """
search:
  trials: 3
  space: {optimiser.learning_rate: {log_range: [1.0e-4, 1.0e-2]}}
"""


def result(folder, judged_by=None, judged=None):
    rows = [
        Row(0, "pruned", 0.2, None, {"seed": 1}, {1: 0.2}, {"seconds": 60.0}),
        Row(1, "complete", 0.7, judged, {"seed": 2}, {1: 0.3, 2: 0.7}, {"seconds": 120.0}),
    ]
    return SearchResult(Path(folder), rows, "dice", judged_by, [1])


@pytest.fixture
def searched(monkeypatch):
    """Replace the searches by ones that take no time; return what they were called with."""
    calls = []

    def search(recipe, records, folder, **options):
        calls.append((recipe, records, folder, options))
        return result(folder)

    def two(recipes, records, folder, **options):
        calls.append((recipes, records, folder, options))
        steps = result(Path(folder, "first"), "dice", 0.5), result(Path(folder, "second"))
        return TwoSteps(folder, *steps, 0.5)

    monkeypatch.setattr("tomoseg_tf.studies.search.study.search", search)
    monkeypatch.setattr("tomoseg_tf.studies.search.two_steps.search_in_two_steps", two)
    return calls


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return path


def test_options_reach_the_search_and_the_best_is_told(run, recipe, searched):
    code, out, err = run(
        *(recipe, "--records", "there", "-o", "study", "--trials", 9, "--jobs", 2),
        *("--storage", "search.db", "--set", "seed=4", "--overwrite"),
    )
    assert (code, err) == (0, "")
    settings, records, folder, options = searched[0]
    assert (settings.search.trials, settings.seed) == (9, 4)
    assert (str(records), str(folder)) == ("there", "study")
    assert (options["jobs"], options["storage"], options["overwrite"]) == (2, "search.db", True)
    lines = out.splitlines()
    assert lines[0].split() == ["trial", "state", "val", "dice", "epochs", "min", "seed"]
    assert lines[2].split() == ["1", "complete", "0.7000", "2", "2.0", "2"]
    assert lines[3].split() == ["0", "pruned", "0.2000", "1", "1.0", "1"]
    assert lines[-2] == "2 trials, 1 of them pruned; best: trial 1, val dice 0.7000"
    assert lines[-1] == "Weights: study/best"


def test_two_steps(run, recipe, searched):
    code, out, _ = run(
        *(recipe, "--records", "cheap", "-o", "study", "--trials", 9, "--set", "seed=4"),
        *("--then", recipe, "--then-records", "hand", "--then-set", "schedule.minutes=2"),
    )
    assert code == 0
    (first, second), folders, *_ = searched[0]
    assert (first.seed, second.seed) == (4, 0)
    assert (first.schedule.minutes, second.schedule.minutes) == (None, 2)
    assert (first.search.trials, second.search.trials) == (9, 9)
    assert tuple(map(str, folders)) == ("cheap", "hand")
    assert "best: trial 1, val dice 0.7000, 0.5000 on the next records" in out
    assert "Best of both: val dice 0.7000 (before fine-tuning 0.5000)" in out


def test_a_best_trial_that_could_not_be_judged_is_told(run, recipe, monkeypatch):
    def two(recipes, records, folder, **options):
        return TwoSteps(folder, result("first", "dice"), result("second"), None)

    monkeypatch.setattr("tomoseg_tf.studies.search.two_steps.search_in_two_steps", two)
    steps = ("--then", recipe, "--then-records", "hand")
    code, out, _ = run(recipe, "--records", "cheap", "-o", "study", *steps)
    assert code == 0
    assert "best: trial 1, val dice 0.7000\n" in out


def test_ctrl_c_says_how_to_go_on(run, recipe, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("tomoseg_tf.studies.search.study.search", interrupted)
    _, _, err = run(recipe, "--records", "there", "-o", "study", "--overwrite")
    assert err.startswith("Error: interrupted; the same command without --overwrite goes on with")


def test_json(run, recipe, searched):
    found = json.loads(run(recipe, "--records", "there", "-o", "study", "--json")[1])
    assert (found["best"], found["weights"], found["rungs"]) == (1, "study/best", [1])
    assert found["trials"][0]["values"] == {"1": 0.2}


def test_the_steps_belong_together(run, recipe, searched):
    code, _, err = run(recipe, "--records", "there", "-o", "study", "--then", recipe)
    assert code == 2
    assert "--then and --then-records belong together" in err
    code, _, err = run(recipe, "--records", "there", "-o", "study", "--then-set", "seed=1")
    assert code == 2
    assert "--then-set changes the recipe of --then, which is not given" in err


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("compare", "the recipe has no search; add a section"),
        ("nothing", "no recipe nothing: no such file"),
    ],
)
def test_mistakes_are_one_line(run, template, tmp_path, recipe, message):
    code, out, err = run(recipe, "--records", template / "records", "-o", tmp_path / "study")
    assert (code, out) == (1, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
