"""Whole searches of tiny nets, in this process: steps, tables, figures, exported weights."""

import csv
import os
import shutil
import threading

import numpy as np
import pytest
from matplotlib import image

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.studies.search.beginning import begin_search, check_search
from tomoseg_tf.studies.search.book import COMPLETE, PRUNED, Outcome
from tomoseg_tf.studies.search.claims import Claims
from tomoseg_tf.studies.search.study import search
from tomoseg_tf.studies.search.two_steps import _check, search_in_two_steps
from tomoseg_tf.studies.search.work import judge, train_trial
from tomoseg_tf.training import check_recipe
from tomoseg_tf.training.checkpoint import State, write_state
from tomoseg_tf.training.run import RunFolder
from tomoseg_tf.weights import open_weights

NET = {"name": "unet_3d", "arguments": {"levels": 1, "base_features": 2}}
BATCHES = {"batch_size": 2, "crop": [8, 8, 8]}
FIRST = {
    "model": NET,
    "batches": BATCHES,
    "schedule": {"epochs": 1},
    "monitor": "accuracy",
    "search": {"trials": 2, "space": {"batches.crop": [[4, 8, 8], [8, 4, 8]]}},
}
SECOND = {
    "schedule": {"epochs": 1},
    "monitor": "accuracy",
    "search": {"trials": 1, "space": {"optimiser.learning_rate": {"log_range": [1e-4, 1e-3]}}},
}


class Here:
    """Trains in this process."""

    def __init__(self, job_of, **options):
        self.job_of, self.lock = job_of, threading.Lock()

    def __call__(self, trial, slot, report):
        def tell(*, epoch, value, last, **facts):
            return report(epoch, value, last=last)

        with self.lock:
            last = train_trial(self.job_of(trial), tell, lambda text: None)
        state = {"complete": COMPLETE, "pruned": PRUNED}[last["state"]]
        return Outcome(state, last.get("value"), last["facts"])

    def stop(self):
        """There is nothing to stop."""


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Records of cheap labels and of hand labels."""
    folders = []
    for seed, name in enumerate(("cheap", "hand")):
        rng = np.random.default_rng(seed)
        truth = (rng.random((32, 16, 16)) < 0.2).astype(np.uint8)
        scan = (150 - 90 * truth + rng.integers(0, 20, truth.shape)).astype(np.uint8)
        folders.append(tmp_path_factory.mktemp("search") / name)
        split = {"split": "block", "fractions": (0.5, 0.5, 0.0), "guard": 0}
        write_records(folders[-1], [(scan, truth)], patch=(8, 8, 8), **split)
    return folders


@pytest.fixture(scope="module")
def done(records, tmp_path_factory):
    """A search in two steps."""
    folder = tmp_path_factory.mktemp("done") / "study"
    recipes = check_recipe(FIRST), check_recipe(SECOND)
    return search_in_two_steps(recipes, records, folder, trainer=Here), recipes


def test_the_first_steps_best_is_that_of_the_hand_labels(done, records):
    first = done[0].first
    scores = [
        judge(
            first.folder / "trials" / f"{row.number:04d}" / "best_accuracy", records[1], "accuracy"
        )
        for row in first.rows
    ]
    assert [row.judged for row in first.rows] == scores
    assert first.best.judged == max(scores) == done[0].before
    assert all(row.score != row.judged for row in first.rows)


def test_the_second_step_goes_on_from_there(done):
    """It leaves network, patch and batch size alone; its weights are those of the whole study."""
    result = done[0]
    config = open_weights(result.weights).config
    assert config.recipe["batches"]["crop"] == result.first.best.settings["batches.crop"]
    assert config.recipe["batches"]["batch_size"] == 2
    assert config.recipe["model"]["weights"] == str(result.first.weights)
    assert config.arguments["base_features"] == 2
    (row,) = result.second.rows
    assert config.recipe["optimiser"]["learning_rate"] == row.settings["optimiser.learning_rate"]
    assert open_weights(result.weights).hashes == open_weights(result.second.weights).hashes


def test_each_step_has_its_tables_and_figures(done):
    for result in (done[0].first, done[0].second):
        for name in ("values.png", "parameters.png"):
            assert image.imread(result.folder / name).shape[0] > 300
        with open(result.folder / "table.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [int(row["trial"]) for row in rows] == list(range(len(result.rows)))
        assert [float(row["accuracy"]) for row in rows] == [row.score for row in result.rows]
        assert (result.folder / "table.md").read_text().startswith("| trial | state | val accuracy")
        kept = {path.name for path in (result.folder / "trials" / "0000").iterdir()}
        assert "best_accuracy" in kept
        assert not {"last", "final"} & kept
    assert "accuracy (next records)" in (done[0].first.folder / "table.md").read_text()


def test_a_finished_search_is_not_done_again(done, records):
    result, recipes = done

    def refuse(*arguments, **options):
        class Refusing(Here):
            def __call__(self, *arguments):
                raise AssertionError("trained again")

        return Refusing(*arguments, **options)

    again = search_in_two_steps(recipes, records, result.folder, trainer=refuse)
    assert again.to_dict() == result.to_dict()


def test_a_search_is_the_same_by_another_path(done, records, tmp_path):
    result, recipes = done
    shutil.copytree(result.folder, tmp_path / "moved")
    again = search_in_two_steps(recipes, records, tmp_path / "moved", trainer=Here)
    assert again.second.rows == result.second.rows


def test_a_trial_goes_on_where_its_weights_have_another_path_now(tmp_path, monkeypatch):
    """It is compared with what it began with by the path of then; they are loaded no more."""
    before, now = (
        check_recipe({**SECOND, "schedule": {"epochs": 2}, "model": {**NET, "weights": weights}})
        for weights in ("/there/first/best", "here/first/best")
    )
    run, trained = RunFolder(tmp_path / "0000"), []
    run.begin({}, before)
    row = {"epoch": 1, "val_accuracy": 0.5, "seconds": 1.0}
    write_state(run.state, State([row], [], []))
    monkeypatch.setattr(
        "tomoseg_tf.studies.search.work.train", lambda recipe, *_, **options: trained.append(recipe)
    )
    job = {"recipe": now.to_dict(), "records": "records", "folder": str(run.folder), "judge": None}
    told = train_trial(job, lambda **facts: False, lambda text: None)
    assert told["state"] == "complete"
    assert [recipe.to_dict() for recipe in trained] == [before.to_dict()]


def test_a_search_that_others_work_on_is_not_removed(tmp_path):
    settings = {"records_sha256": None, "steps": 2}
    begin_search(tmp_path / "study", settings)
    (tmp_path / "study" / "first").mkdir()
    lock = Claims(tmp_path / "study" / "first" / ".claims").take(0)
    with pytest.raises(ValueError, match="study is being worked on by other processes; wait"):
        begin_search(tmp_path / "study", settings, overwrite=True)
    assert (tmp_path / "study" / "first").is_dir()
    os.close(lock)
    begin_search(tmp_path / "study", settings, overwrite=True)
    assert not (tmp_path / "study" / "first").exists()


def test_another_search_in_the_folder_is_refused(done, records):
    first = done[0].first.folder
    other = {**FIRST, "search": {**FIRST["search"], "reduction_factor": 2}}
    with pytest.raises(ValueError, match=r"search.reduction_factor is 3 there and 2 here"):
        search(check_recipe(other), records[0], first, judge=(records[1], "accuracy"), trainer=Here)
    with pytest.raises(ValueError, match=r"storage is journal.log there and other.log here"):
        search(
            check_recipe(FIRST),
            records[0],
            first,
            judge=(records[1], "accuracy"),
            storage="other.log",
            trainer=Here,
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"search": None}, "the recipe has no search; add a section"),
        ({"batches": {"crop": [8, 8, 9]}}, r"batches.crop may be \[8, 8, 9\], larger than"),
        ({"filters": ["median:3"]}, "the recipe states the filters median:"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused_at_once(records, changes, message):
    recipe = check_recipe({**SECOND, **changes})
    with pytest.raises(ValueError, match=message):
        check_search(recipe, open_records(records[0]))


def test_the_second_step_searches_no_patch_and_no_network(records, tmp_path):
    for key in ("batches.batch_size", "batches.crop", "model.arguments.levels", "model"):
        choices = {"batches.batch_size": 2, "model.arguments.levels": 2}.get(key)
        choices = {} if key == "model" else choices
        second = check_recipe({**SECOND, "search": {"space": {key: [choices]}}})
        with pytest.raises(ValueError, match=f"search.space.{key} of the second step"):
            search_in_two_steps((check_recipe(FIRST), second), records, tmp_path / "study")
    assert list(tmp_path.iterdir()) == []
    free = check_recipe({**SECOND, "search": {"space": {"batches.crops_per_patch": [1, 2]}}})
    opened = map(open_records, records)
    _check(check_recipe(FIRST), free, *opened, "accuracy")  # how many of a patch is free


def test_a_second_step_that_cannot_work_is_refused_before_the_first(records, tmp_path):
    """Its recipe, or what the first step's best is judged by, does not suit the hand labels."""
    rng = np.random.default_rng(2)
    scan, truth = rng.integers(0, 200, (2, 32, 16, 16)).astype(np.uint8)
    truth[:] = truth > 150
    truth[16:] = 0  # where the validation is
    split = {"patch": (8, 8, 8), "split": "block", "fractions": (0.5, 0.5, 0.0), "guard": 0}
    write_records(tmp_path / "empty", [(scan, truth)], **split)
    write_records(tmp_path / "unmasked", [(scan, truth)], mask="none", **split)
    weighted = {"loss": {"class_weights": [1, 2, 3]}}
    for folder, changes, message in (
        (records[1], weighted, "the second step: loss.class_weights has 3 numbers, but"),
        (tmp_path / "empty", {"monitor": "loss"}, "hold no voxel of any class above the backgro"),
        (tmp_path / "unmasked", {}, "its records were written without a mask, but the recipe"),
    ):
        recipes = check_recipe(FIRST), check_recipe({**SECOND, **changes})
        with pytest.raises(ValueError, match=message):
            search_in_two_steps(recipes, (records[0], folder), tmp_path / "study")
        assert not (tmp_path / "study").exists()


def test_a_second_step_is_not_refused_for_what_the_searches_may_mend(records):
    """The recipes themselves do not suit, but some of what they search does."""
    net, losses = {**NET, "arguments": {"levels": 3}}, ["binary_crossentropy", "crossentropy_dice"]
    first = {"space": {"batches.crop": [[4, 8, 6], [8, 8, 8]]}}
    first = check_recipe({**FIRST, "model": net, "batches": {"crop": [7, 7, 7]}, "search": first})
    second = {"space": {"loss": [{"class_weights": [1, 2, 3]}, {"name": losses[1]}]}}
    second = check_recipe({**SECOND, "search": second})
    _check(first, second, *map(open_records, records), "accuracy")


def test_a_study_that_holds_what_it_is_trained_from_is_not_removed(records, tmp_path):
    begin_search(tmp_path / "study", {"records_sha256": None})
    shutil.copytree(records[0], tmp_path / "study" / "records")
    onwards = check_recipe({**FIRST, "model": {**NET, "weights": str(tmp_path / "study" / "best")}})
    (tmp_path / "study" / "best").mkdir()
    inside = tmp_path / "study" / "records"
    for recipe, place in ((onwards, records[0]), (check_recipe(FIRST), inside)):
        with pytest.raises(ValueError, match=r"study holds the .*; name another output"):
            search(recipe, place, tmp_path / "study", overwrite=True, trainer=Here)
    steps = check_recipe(FIRST), check_recipe(SECOND)
    with pytest.raises(ValueError, match=r"study holds the .*; name another output"):
        search_in_two_steps(steps, (records[0], inside), tmp_path / "study", overwrite=True)
    assert inside.is_dir()


def test_no_trial_that_ends_is_an_error(records, tmp_path):
    class Failing(Here):
        def __call__(self, trial, slot, report):
            return Outcome(PRUNED, facts={"reason": "too large", "cause": "memory"})

    with pytest.raises(ValueError, match=r"no trial came to its end; the last reason: too large"):
        search(check_recipe(FIRST), records[0], tmp_path / "study", trainer=Failing)
