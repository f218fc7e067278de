import math

import pytest

from tomoseg_tf.training.recipe_file import check_recipe
from tomoseg_tf.training.schedule import (
    best_epoch,
    ends_stage,
    freezes_batch_norm,
    is_better,
    is_finished,
    learning_rate,
)


def history(values, score="val_dice"):
    return [{score: value} for value in values]


def rates(recipe, rows):
    return [learning_rate(rows[:epoch], recipe) for epoch in range(len(rows))]


@pytest.mark.parametrize(
    ("value", "best", "score", "better"),
    [
        (0.2, None, "val_dice", True),
        (0.2, 0.1, "val_dice", True),
        (0.1, 0.1, "val_dice", False),
        (0.2, 0.1, "val_loss", False),
        (0.1, 0.2, "val_loss", True),
        (math.nan, None, "val_loss", False),
    ],
)
def test_a_loss_improves_downwards_and_a_score_upwards(value, best, score, better):
    assert is_better(value, best, score=score) is better


def test_best_epoch_is_the_first_of_equal_ones_and_never_nan():
    assert best_epoch(history([math.nan, 0.1, 0.3, 0.3, 0.2]), "val_dice") == 2
    assert best_epoch(history([math.nan]), "val_dice") is None
    assert best_epoch([], "val_dice") is None


def test_constant_rate_after_a_linear_warm_up():
    recipe = check_recipe(
        {
            "optimiser": {"learning_rate": 0.4},
            "schedule": {"epochs": 5, "warm_up": 3},
        }
    )
    assert rates(recipe, history([0] * 5)) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4])


def test_cosine_begins_at_the_rate_and_ends_at_its_final_share():
    recipe = check_recipe(
        {
            "optimiser": {"learning_rate": 1.0},
            "schedule": {"epochs": 5, "learning_rate": "cosine", "final": 0.2},
        }
    )
    half = 0.2 + 0.8 * (1 + math.cos(math.pi / 4)) / 2
    assert rates(recipe, history([0] * 5)) == pytest.approx([1, half, 0.6, 1.2 - half, 0.2])


def test_a_plateau_lowers_the_rate_each_time_patience_runs_out():
    recipe = check_recipe(
        {
            "optimiser": {"learning_rate": 1.0},
            "schedule": {"epochs": 9, "plateau": {"patience": 2, "factor": 0.5}},
        }
    )
    rows = history([0.1, 0.2, 0.2, 0.1, 0.1, 0.1, 0.3, 0.1])
    assert rates(recipe, rows) == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]


def test_early_stopping_waits_for_its_patience():
    recipe = check_recipe(
        {"schedule": {"epochs": 9, "early_stopping": {"patience": 2, "min_delta": 0.05}}}
    )
    rows = history([0.1, 0.2, 0.24, 0.22])
    assert [is_finished(rows[:count], recipe) for count in range(5)] == [False] * 4 + [True]


def test_early_stopping_counts_epochs_whose_score_is_undefined():
    recipe = check_recipe({"schedule": {"epochs": 9, "early_stopping": {"patience": 2}}})
    assert is_finished(history([math.nan, math.nan]), recipe)


def test_a_run_is_finished_after_its_epochs():
    recipe = check_recipe({"schedule": {"epochs": 2}})
    assert not is_finished(history([0.1]), recipe)
    assert is_finished(history([0.1, 0.2]), recipe)


def test_a_run_of_minutes_ends_after_the_epoch_that_passes_them():
    recipe = check_recipe({"schedule": {"epochs": 9, "minutes": 0.5}})
    rows = [{"val_dice": 0.1, "seconds": seconds} for seconds in (14.0, 15.0, 1.5)]
    assert [is_finished(rows[:count], recipe) for count in range(4)] == [False] * 3 + [True]


def test_cosine_reaches_its_end_when_the_minutes_are_used_up():
    """A minute of epochs of 12 seconds: the fifth is the last, long before the hundredth."""
    settings = {"epochs": 100, "minutes": 1, "learning_rate": "cosine", "final": 0.2}
    recipe = check_recipe({"optimiser": {"learning_rate": 1.0}, "schedule": settings})
    rows = [{"val_dice": 0.1, "seconds": 12.0}] * 5
    half = 0.2 + 0.8 * (1 + math.cos(math.pi / 4)) / 2
    assert rates(recipe, rows) == pytest.approx([1, half, 0.6, 1.2 - half, 0.2])
    assert is_finished(rows, recipe)


def test_cosine_follows_the_epochs_where_they_end_before_the_minutes():
    settings = {"epochs": 3, "minutes": 60, "learning_rate": "cosine", "final": 0.2}
    recipe = check_recipe({"optimiser": {"learning_rate": 1.0}, "schedule": settings})
    rows = [{"val_dice": 0.1, "seconds": 12.0}] * 3
    assert rates(recipe, rows) == pytest.approx([1, 0.6, 0.2])


def test_an_epoch_longer_than_the_minutes_is_the_last():
    settings = {"minutes": 1, "learning_rate": "cosine", "final": 0.2}
    recipe = check_recipe({"optimiser": {"learning_rate": 1.0}, "schedule": settings})
    rows = [{"val_dice": 0.1, "seconds": 90.0}]
    assert is_finished(rows, recipe)
    assert learning_rate(rows, recipe) == pytest.approx(0.2)


def test_batch_normalisation_freezes_at_its_share_of_the_epochs_or_minutes(tiny):
    by_epochs = tiny(schedule={"epochs": 10, "freeze_batch_norm": 0.8})
    rows = [{"seconds": 6.0}] * 9
    assert [freezes_batch_norm(rows[:n], by_epochs) for n in (0, 7, 8)] == [False, False, True]
    by_minutes = tiny(schedule={"epochs": 1000, "minutes": 1.0, "freeze_batch_norm": 0.5})
    assert [freezes_batch_norm(rows[:n], by_minutes) for n in (4, 5)] == [False, True]
    assert not freezes_batch_norm(rows, tiny(schedule={"epochs": 10}))


def test_batch_normalisation_stays_frozen_when_epochs_become_faster(tiny):
    recipe = tiny(schedule={"epochs": 1000, "minutes": 5.0, "freeze_batch_norm": 0.8})
    rows = [{"seconds": seconds, "val_dice": 0.5} for seconds in (214, 27, 4, 4)]
    assert [freezes_batch_norm(rows[:n], recipe) for n in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert [ends_stage(rows[:n], recipe) for n in range(5)] == [False, False, True, False, False]
    rows = [{"seconds": seconds, "val_dice": 0.5} for seconds in (214, 15, 4)]
    assert not any(ends_stage(rows[:n], recipe) for n in range(4))


def test_a_stage_ends_where_batch_normalisation_freezes_and_with_the_run(tiny):
    recipe = tiny(schedule={"epochs": 4, "freeze_batch_norm": 0.5})
    rows = [{"seconds": 1.0, "val_dice": 0.5}] * 4
    assert [ends_stage(rows[:n], recipe) for n in range(5)] == [False, False, True, False, True]
    throughout = tiny(schedule={"epochs": 4, "freeze_batch_norm": 0.0})
    assert [ends_stage(rows[:n], throughout) for n in range(5)] == [False] * 4 + [True]
