"""What the next trial tries: drawn from the seed, its number and the trials before it."""

import itertools
import json
import math
from decimal import Decimal

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

DRAWS = 10  # that may hit what was tried before
LARGEST = 100_000  # combinations that are listed


class Space:
    """A search space, as Optuna has it.

    Parameters
    ----------
    plain : dict
        What each setting may be, as `tomoseg_tf.training.search_space.Search.to_dict` states it.
    """

    def __init__(self, plain):
        self._decoded, self.distributions = {}, {}
        for key, values in plain.items():
            if isinstance(values, list):
                self._decoded[key] = {_encode(value): value for value in values}
                self.distributions[key] = CategoricalDistribution(list(self._decoded[key]))
            else:
                self.distributions[key] = _numbers(values)

    def decode(self, params):
        """Turn the parameters of a trial into settings of the recipe.

        Parameters
        ----------
        params : dict
            As Optuna keeps them.

        Returns
        -------
        dict
            Values by dotted key.
        """
        return {
            key: self._decoded[key][params[key]] if key in self._decoded else params[key]
            for key in self.distributions
        }

    def encode(self, settings):
        """Turn settings of the recipe into parameters of a trial."""
        return {
            key: _encode(value) if key in self._decoded else value
            for key, value in settings.items()
        }

    @property
    def size(self):
        """Number of combinations; infinite with a range of real numbers that has no step."""
        return math.prod(_count(each) for each in self.distributions.values())

    def combinations(self):
        """List all combinations of a finite space, as Optuna keeps them."""
        sides = [list(_members(each)) for each in self.distributions.values()]
        return [
            dict(zip(self.distributions, values, strict=True))
            for values in itertools.product(*sides)
        ]


def propose(study, space, number, *, seed, sampler, startup_trials, own=None):
    """Draw the parameters of a trial, other ones than those before if there are any.

    The first trial has the recipe's own settings where they lie in the space. The seed and the
    number of the trial alone decide the random numbers, so that a search that was interrupted
    draws what an uninterrupted one does.

    Parameters
    ----------
    study : optuna.Study
        Holds the trials before.
    space : Space
        What they are drawn from.
    number : int
        Number of the trial.
    seed : int
        Of the search.
    sampler : {"tpe", "random"}
        How they are drawn.
    startup_trials : int
        Trials that are drawn at random before "tpe" begins.
    own : dict, optional
        Settings of the first trial by dotted key; those that are missing are drawn.

    Returns
    -------
    optuna.trial.FrozenTrial
        Running, with all its parameters; not yet in the study.
    """
    tried = [trial.params for trial in study.get_trials(deepcopy=False)]
    for draw in range(DRAWS):
        rng = np.random.default_rng([seed, number, draw])
        params = _draw(study, space, number, int(rng.integers(2**31)), sampler, startup_trials)
        if number == 0 and own:
            params |= space.encode(own)
        if params not in tried:
            return _running(params, space)
    if space.size <= LARGEST:
        left = [params for params in space.combinations() if params not in tried]
        if left:
            params = left[rng.integers(len(left))]
    return _running(params, space)


def _draw(study, space, number, seed, sampler, startup_trials):
    if sampler == "random":
        chooser = optuna.samplers.RandomSampler(seed=seed)
    else:
        chooser = optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=startup_trials, multivariate=False, constant_liar=True
        )
    draft = create_trial(state=TrialState.RUNNING)
    draft.number = number
    return {
        key: chooser.sample_independent(study, draft, key, distribution)
        for key, distribution in space.distributions.items()
    }


def _running(params, space):
    return create_trial(
        state=TrialState.RUNNING, params=params, distributions=dict(space.distributions)
    )


def _encode(value):
    """Give a choice as Optuna can keep it: lists and mappings as JSON text."""
    return value if value is None or isinstance(value, (bool, int, float)) else json.dumps(value)


def _numbers(values):
    """Distribution of a range."""
    log = "log_range" in values
    low, high = values["log_range" if log else "range"]
    step, whole = values.get("step"), isinstance(low, int) and isinstance(high, int)
    if step is not None:  # the last number that the steps reach, or Optuna warns of another
        first, last, by = (Decimal(str(number)) for number in (low, high, step))
        high = float(first + by * ((last - first) // by))
    if whole:
        return IntDistribution(low, int(high), log=log, step=1 if step is None else step)
    return FloatDistribution(float(low), float(high), log=log, step=step)


def _count(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    if distribution.step is None:
        return math.inf
    return round((distribution.high - distribution.low) / distribution.step) + 1


def _members(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    return (distribution.low + index * distribution.step for index in range(_count(distribution)))
