"""The book of a search: which trials there are, who works on them, and how they end."""

import copy
import dataclasses
import os

import optuna
from optuna.trial import TrialState

from tomoseg_tf.studies.search.proposals import Space, propose

COMPLETE, PRUNED, FAILED = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
KEPT = "kept"  # last epoch after which a trial was let go on
RUNG = "completed_rung_"  # what Optuna's pruner calls the scores that it compares


@dataclasses.dataclass(frozen=True)
class Trial:
    """A trial to work on.

    Attributes
    ----------
    number : int
        From 0.
    settings : dict
        What it changes in the recipe, by dotted key.
    lock : int
        File descriptor; the trial is free again when nobody holds it any more.
    begun : bool
        Whether a process that was ended has worked on it before.
    id : int
        By which the storage knows it.
    """

    number: int
    settings: dict
    lock: int
    begun: bool
    id: int


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes
    ----------
    state : optuna.trial.TrialState
        `COMPLETE`, `PRUNED` or `FAILED`.
    value : float or None
        The best score of a complete one.
    facts : dict
        What else the table tells of it; ``reason`` if it was not for its score that it ended.
    """

    state: TrialState
    value: float | None = None
    facts: dict = dataclasses.field(default_factory=dict)


class Book:
    """The trials of a search, shared by all processes that work on it.

    Parameters
    ----------
    storage : optuna.storages.BaseStorage
        Where the trials are.
    name : str
        Name of the search in the storage; it is made there if it is missing.
    claims : tomoseg_tf.studies.search.claims.Claims
        Locks on the trials.
    search : dict
        As `tomoseg_tf.training.search_space.Search.to_dict` gives it.
    falls : bool
        Whether the score improves downwards.
    own : dict, optional
        Settings of the first trial by dotted key; all are drawn by default.
    """

    def __init__(self, storage, name, claims, search, *, falls=False, own=None):
        direction = "minimize" if falls else "maximize"
        self._name, self._storage, self._claims = name, storage, claims
        with claims.alone():
            self.study = optuna.create_study(
                study_name=name, storage=storage, direction=direction, load_if_exists=True
            )
        self._id = storage.get_study_id_from_name(name)
        self._search, self._space, self._own = search, Space(search["space"]), own
        self.total = int(min(search["trials"], self._space.size))
        first, factor = search["min_epochs"], search["reduction_factor"]
        self.pruner = optuna.pruners.SuccessiveHalvingPruner(
            min_resource=first, reduction_factor=factor
        )
        self._rung = lambda index: first * factor**index

    def trials(self):
        """List all trials, as Optuna keeps them, in the order of their numbers."""
        return self._storage.get_all_trials(self._id)

    def settings(self, trial):
        """Return what a trial of `trials` changes in the recipe."""
        return self._space.decode(trial.params)

    def is_done(self):
        """Tell whether all trials have ended."""
        states = [trial.state for trial in self._every()]
        return len(states) >= self.total and all(state.is_finished() for state in states)

    def count_ended(self):
        """Count the trials that have ended."""
        return sum(trial.state.is_finished() for trial in self._every())

    def claim(self):
        """Take the next trial: one that was left unfinished, else a new one.

        Returns
        -------
        Trial or None
            None if all trials have ended or are being worked on.
        """
        with self._claims.alone():
            every = self._every()
            for trial in every:
                if trial.state == TrialState.RUNNING:
                    taken = self._take_over(trial)
                    if taken is not None:
                        return taken
            if len(every) < self.total:
                return self._begin(len(every))
        return None

    def report(self, trial, epoch, value, *, last=False):
        """Note the score of an epoch and decide whether the trial goes on.

        Parameters
        ----------
        trial : Trial
            The trial.
        epoch : int
            Epochs so far; one that was noted before is not noted again.
        value : float
            The score; NaN if it is undefined.
        last : bool
            Whether the trial has come to its end with this epoch.

        Returns
        -------
        bool
            True if it is to stop here.
        """
        known = self._storage.get_trial(trial.id)
        if epoch not in known.intermediate_values:
            self._storage.set_trial_intermediate_value(trial.id, epoch, float(value))
        elif epoch <= max(known.user_attrs.get(KEPT, 0), known.last_step - 1):
            return False
        stops = self.pruner.prune(self.study, self._undecided(trial, epoch))
        if last:
            return False
        if not stops and any(self._rung(index) == epoch for index in range(epoch)):
            self._storage.set_trial_user_attr(trial.id, KEPT, epoch)
        return stops

    def end(self, trial, outcome):
        """Note how a trial ended."""
        for key, fact in outcome.facts.items():
            self._storage.set_trial_user_attr(trial.id, key, fact)
        value = outcome.value
        if outcome.state == PRUNED:  # as Optuna does: what it knows of a pruned trial
            known = self._storage.get_trial(trial.id)
            value = known.intermediate_values.get(known.last_step)
            value = None if value is None or value != value else value
        values = None if value is None else [value]
        self._storage.set_trial_state_values(trial.id, outcome.state, values)

    def _every(self):
        return self._storage.get_all_trials(self._id, deepcopy=False)

    def _take_over(self, trial):
        """Take a running trial, unless a living process has it or it has just ended."""
        lock = self._claims.take(trial.number)
        if lock is None:
            return None
        if self._storage.get_trial(trial._trial_id).state.is_finished():
            os.close(lock)
            return None
        return Trial(trial.number, self.settings(trial), lock, True, trial._trial_id)

    def _begin(self, number):
        """Begin a trial: with all its parameters at once, so that a kill leaves no half of one."""
        names = ("seed", "sampler", "startup_trials")
        fresh = optuna.load_study(study_name=self._name, storage=self._storage)
        given = {key: self._search[key] for key in names}
        draft = propose(fresh, self._space, number, own=self._own, **given)
        lock = self._claims.take(number)
        if lock is None:
            raise ValueError(
                f"trial {number} is locked, but the storage does not know it; another search works "
                "in this folder, with another --storage"
            )
        made = self._storage.create_new_trial(self._id, draft)
        return Trial(number, self._space.decode(draft.params), lock, False, made)

    def _undecided(self, trial, epoch):
        """See a trial as before the decision of an epoch, which a kill may have kept from it."""
        known = copy.copy(self._storage.get_trial(trial.id))
        known.system_attrs = {
            key: value
            for key, value in known.system_attrs.items()
            if not key.startswith(RUNG) or self._rung(int(key.removeprefix(RUNG))) < epoch
        }
        return known
