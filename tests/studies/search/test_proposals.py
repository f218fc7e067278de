"""What is tried next depends on seed, number and the trials before, and is nothing tried before."""

import math

import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from tomoseg_tf.studies.search.proposals import Space, propose

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
