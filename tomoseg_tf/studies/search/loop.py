"""Work on the trials of a search, several at once, until all have ended."""

import contextlib
import os
import threading
import time

from tomoseg_tf.studies.search.book import COMPLETE, FAILED, PRUNED

POLL = 0.5  # seconds between looks at what others are doing
HOPELESS = 4  # trials that fail before any has an epoch


class SearchError(ValueError):
    """What ends the search rather than a trial."""


def run_trials(book, train, *, jobs=1, stop=None, ended=None, notify=None, progress=None):
    """Work on trials until all have ended, also those that other processes leave unfinished.

    Parameters
    ----------
    book : Book
        The trials.
    train : callable
        ``train(trial, slot, report)`` trains a trial in one of `jobs` places, from its last whole
        epoch on, and returns its `Outcome`. It calls ``report(epoch, value, last=False)`` for every
        epoch, for those before as well, and stops when that returns True.
    jobs : int
        Trials worked on at once, in a thread each.
    stop : callable, optional
        ``stop()`` is called when the search is interrupted or fails, to make all `train` return.
    ended : callable, optional
        ``ended(trial, outcome)`` is called after each trial, in its thread.
    notify : callable, optional
        ``notify(text)`` is called with what happens to the trials.
    progress : callable, optional
        ``progress(done, total)`` is called with the number of ended trials.

    Raises
    ------
    SearchError
        If the first trials all fail, or training needs what the machine lacks, such as room on
        the disk.
    """
    worker = _Worker(
        book, train, ended=ended or _silent, notify=notify or _silent, progress=progress or _silent
    )
    threads = [threading.Thread(target=worker.run, args=(slot,)) for slot in range(jobs)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():  # in turns, so that Ctrl-C comes through
                thread.join(0.2)
                if worker.errors and stop is not None:
                    stop()
    finally:
        worker.halted.set()
        if stop is not None:
            stop()
        for thread in threads:
            thread.join()
    if worker.errors:
        raise worker.errors[0]


class _Worker:
    """What the threads share."""

    def __init__(self, book, train, *, ended, notify, progress):
        self.book, self.train = book, train
        self.ended, self.notify, self.progress = ended, notify, progress
        self.halted, self.errors = threading.Event(), []

    def run(self, slot):
        """Work on trials in one place."""
        try:
            waiting = False
            while not self.halted.is_set():
                trial = self.book.claim()
                if trial is not None:
                    waiting = False
                    self._work(trial, slot)
                elif self.book.is_done():
                    return
                else:
                    waiting = waiting or self._say_that_others_work(slot)
                    time.sleep(POLL)
        except BaseException as error:
            self.halted.set()
            self.errors.append(error)

    def _work(self, trial, slot):
        """Train a trial, and note how it ended unless the search did."""
        name = f"trial {trial.number}"
        self.notify(f"{name} {'goes on' if trial.begun else 'begins'}: {_listed(trial.settings)}")
        try:
            outcome = self.train(trial, slot, self._reporter(trial))
            if self.halted.is_set():
                return
            self.book.end(trial, outcome)
        finally:
            with contextlib.suppress(OSError):
                os.close(trial.lock)
        self.notify(f"{name} {_ending(outcome)}")
        self.ended(trial, outcome)
        self.progress(self.book.count_ended(), self.book.total)
        self._give_up_if_hopeless(outcome)

    def _reporter(self, trial):
        return lambda epoch, value, last=False: self.book.report(trial, epoch, value, last=last)

    def _say_that_others_work(self, slot):
        if slot == 0:
            self.notify("the last trials are being worked on; waiting for them")
        return True

    def _give_up_if_hopeless(self, outcome):
        """End a search whose first trials all failed, which the others would do, too."""
        if "reason" not in outcome.facts or outcome.facts.get("cause") == "memory":
            return
        ended = [trial for trial in self.book.trials() if trial.state.is_finished()]
        if len(ended) >= HOPELESS and not any(trial.intermediate_values for trial in ended):
            raise SearchError(
                f"the first {len(ended)} trials all failed before their first epoch, the last one: "
                f"{outcome.facts['reason']}; correct the recipe and start again with --overwrite"
            )


def _silent(*_):
    """Say nothing."""


def _ending(outcome):
    if outcome.state == COMPLETE:
        return f"is complete: {outcome.value:.4f}"
    words = {PRUNED: "is pruned", FAILED: "failed"}[outcome.state]
    reason = outcome.facts.get("reason")
    return words if reason is None else f"{words}: {reason}"


def _listed(settings):
    """Name settings in one line, by the last part of their keys."""
    shown = {
        key: f"{value:.3g}" if isinstance(value, float) else str(value)
        for key, value in settings.items()
    }
    return ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in shown.items())
