"""The search section of a recipe: which settings are searched, and how."""

import dataclasses
import itertools
import math
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field

FIXED = ("search", "description", "monitor")  # what a search is about cannot be searched itself
FORMS = "a list of choices, {range: [low, high], step: s} or {log_range: [low, high]}"


@dataclasses.dataclass(frozen=True)
class Choices:
    """Values that a setting may have: numbers, words, lists, mappings or null.

    Parameters
    ----------
    values : tuple
        At least one, none twice.
    """

    values: tuple

    def __post_init__(self):
        if not self.values:
            raise ValueError("has no choices; list at least one")
        for one, other in itertools.combinations(self.values, 2):
            if one == other and type(one) is type(other):
                raise ValueError(f"has the choice {one!r} twice")

    def to_plain(self):
        """Return the choices as a recipe states them."""
        return list(self.values)

    @property
    def probes(self):
        """Values that must all be possible."""
        return self.values


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; integers if both are.

    Parameters
    ----------
    low, high : int or float
        The ends.
    step : int or float, optional
        Distance of the numbers, from `low` on.
    log : bool, optional
        Whether the logarithm is uniform.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False

    def __post_init__(self):
        if not all(_is_number(end) for end in (self.low, self.high)) or not self.low < self.high:
            raise ValueError(f"runs from {self.low!r} to {self.high!r}; give two numbers that rise")
        if self.log and self.low <= 0:
            raise ValueError(f"has a log_range from {self.low}; it must begin above 0")
        if self.step is not None:
            if self.log:
                raise ValueError("has a step in a log_range; leave it out")
            if not _is_number(self.step) or not 0 < self.step <= self.high - self.low:
                raise ValueError(f"has the step {self.step!r}; give a number within the range")
            if self.whole and not isinstance(self.step, int):
                raise ValueError(f"has the step {self.step!r} between integers; give an integer")

    @property
    def whole(self):
        """Whether the numbers are integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def to_plain(self):
        """Return the range as a recipe states it."""
        plain = {"log_range" if self.log else "range": [self.low, self.high]}
        return plain if self.step is None else {**plain, "step": self.step}

    @property
    def probes(self):
        """Values that must all be possible."""
        return self.low, self.high

    def holds(self, value):
        """Tell whether a value is one of these numbers."""
        if not _is_number(value) or not self.low <= value <= self.high:
            return False
        if self.whole and not isinstance(value, int):
            return False
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return math.isclose(steps, round(steps), abs_tol=1e-9)


class Search(BaseModel):
    """Which settings `tomoseg-tf tune` searches, and how; training takes no notice of it.

    `space` names settings of the recipe by dotted keys, such as ``optimiser.learning_rate`` or
    ``model.arguments.levels``, each with what it may be. The first `startup_trials` are drawn at
    random, the others by the tree-structured Parzen estimator, unless `sampler` is "random". After
    `min_epochs` epochs, and each time these are `reduction_factor` times as many, a trial goes on
    only if its score is among the best 1 / `reduction_factor` of all that came so far (the
    asynchronous successive halving of [1]_).

    References
    ----------
    .. [1] L. Li, K. Jamieson, A. Rostamizadeh, E. Gonina, M. Hardt, B. Recht and A. Talwalkar, "A
       system for massively parallel hyperparameter tuning", MLSys 2020. arXiv:1810.05934
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    space: Annotated[
        dict[str, Any],
        pydantic.BeforeValidator(lambda value: parse_space(value)),
        pydantic.PlainSerializer(
            lambda space: {key: values.to_plain() for key, values in space.items()}
        ),
    ]
    trials: Annotated[int, Field(strict=True, ge=1)] = 30
    min_epochs: Annotated[int, Field(strict=True, ge=1)] = 1
    reduction_factor: Annotated[int, Field(strict=True, ge=2)] = 3
    sampler: Literal["tpe", "random"] = "tpe"
    startup_trials: Annotated[int, Field(strict=True, ge=1)] = 10
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**31)] = 0

    def to_dict(self):
        """Return every setting as plain lists and numbers."""
        return self.model_dump(mode="json")


def parse_space(settings):
    """Build a search space from what a recipe states.

    Parameters
    ----------
    settings : dict
        What each setting may be, by dotted key: a list of choices, ``{"range": [low, high]}``, with
        a ``"step"`` or without, or ``{"log_range": [low, high]}``.

    Returns
    -------
    dict of str to Choices or Range
        In the same order.

    Raises
    ------
    ValueError
        If a key cannot be searched, is part of another, or its values are none of these.

    Examples
    --------
    >>> parse_space({"batches.batch_size": [2, 4]})
    {'batches.batch_size': Choices(values=(2, 4))}
    """
    if not isinstance(settings, dict) or not settings:
        raise ValueError("must map settings, such as optimiser.learning_rate, to what they may be")
    space = {}
    for key, stated in settings.items():
        if not isinstance(key, str) or key.split(".")[0] in FIXED:
            raise ValueError(f"{key!r} cannot be searched")
        try:
            space[key] = _parse_values(stated)
        except ValueError as error:
            raise ValueError(f"{key} {error}") from None
    for one, other in itertools.permutations(space, 2):
        if other.startswith(f"{one}."):
            raise ValueError(f"{other} is part of {one}; search one of them")
    return space


def _parse_values(stated):
    """Tell choices and ranges apart."""
    if isinstance(stated, (Choices, Range)):
        return stated
    if isinstance(stated, (list, tuple)):
        return Choices(tuple(stated))
    kinds = [key for key in ("range", "log_range") if isinstance(stated, dict) and key in stated]
    ends = stated[kinds[0]] if len(kinds) == 1 else None
    unknown = set(stated) - {*kinds, "step"} if isinstance(stated, dict) else set()
    if unknown or not isinstance(ends, (list, tuple)) or len(ends) != 2:
        raise ValueError(f"is {stated!r}; give {FORMS}")
    return Range(*ends, step=stated.get("step"), log=kinds[0] == "log_range")


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
