"""What is tried next depends on seed, number and the trials before, and is nothing tried before."""

import math

import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from tomoseg_tf.studies.search.own_settings import own_settings
from tomoseg_tf.studies.search.proposals import Space, propose
from tomoseg_tf.training import check_recipe
from tomoseg_tf.training.search_space import Range

PLAIN = {"a": [[4, 8], {"flips": True}, None, "x", True, 1.5], "b": {"range": [2, 9], "step": 3}}


def draw(space, count, *, seed=0, sampler="tpe"):
    """Draw trials one after the other, and end each."""
    study = optuna.create_study(direction="maximize")
    for number in range(count):
        draft = propose(study, space, number, seed=seed, sampler=sampler, startup_trials=3)
        draft.state, draft.value = optuna.trial.TrialState.COMPLETE, -float(number)
        draft.datetime_complete = draft.datetime_start
        study.add_trial(draft)
    return [trial.params for trial in study.trials]


def test_settings_and_parameters_are_each_others_inverse():
    space = Space(PLAIN)
    for params in space.combinations():
        assert space.encode(space.decode(params)) == params
    settings = [space.decode(params)["a"] for params in space.combinations()]
    assert [4, 8] in settings
    assert {"flips": True} in settings
    assert any(value is None for value in settings)


def test_sizes_and_steps():
    assert Space(PLAIN).size == len(Space(PLAIN).combinations()) == 6 * 3
    assert Space(PLAIN).distributions["b"] == IntDistribution(2, 8, step=3)
    stepped = Space({"c": {"range": [0, 1.0], "step": 0.3}})
    assert stepped.distributions["c"] == FloatDistribution(0.0, 0.9, step=0.3)
    assert stepped.size == 4
    assert Space({"d": {"log_range": [1e-5, 1e-2]}}).size == math.inf


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_finite_space_is_tried_out_without_a_repetition(sampler):
    space = Space(PLAIN)
    tried = draw(space, 18, sampler=sampler)
    assert sorted(map(repr, tried)) == sorted(map(repr, space.combinations()))


def test_the_seed_decides():
    space = Space({"d": {"log_range": [1e-5, 1e-2]}, **PLAIN})
    assert draw(space, 6) == draw(space, 6)
    assert draw(space, 6) != draw(space, 6, seed=1)
    assert all(1e-5 <= params["d"] <= 1e-2 for params in draw(space, 6))


def test_the_first_trial_has_the_own_settings_of_the_recipe():
    recipe = check_recipe(
        {
            "optimiser": {"learning_rate": 1e-3},
            "batches": {"crop": [4, 8, 8]},
            "augmentation": {"flips": True},
            "search": {
                "space": {
                    "optimiser.learning_rate": {"log_range": [1e-5, 1e-2]},
                    "batches.crop": [[8, 8, 8], [4, 8, 8]],
                    "batches.batch_size": [64, 128],
                    "augmentation": [None, {"flips": True}],
                    "schedule.epochs": {"range": [1000, 1020], "step": 10},
                }
            },
        }
    )
    own = own_settings(recipe)
    assert own == {
        "optimiser.learning_rate": 1e-3,
        "batches.crop": [4, 8, 8],
        "augmentation": {"flips": True},
    }
    space = Space(recipe.search.to_dict()["space"])
    study = optuna.create_study(direction="maximize")
    draws = {"seed": 0, "sampler": "tpe", "startup_trials": 3, "own": own}
    first, second = (
        space.decode(propose(study, space, number, **draws).params) for number in (0, 1)
    )
    assert {key: first[key] for key in own} == own
    assert first["batches.batch_size"] in (64, 128)
    assert second["optimiser.learning_rate"] != 1e-3


@pytest.mark.parametrize(
    ("value", "held"), [(1, True), (4, True), (3, False), (10, False), (4.0, False), (None, False)]
)
def test_a_range_knows_its_numbers(value, held):
    assert Range(1, 7, step=3).holds(value) is held
