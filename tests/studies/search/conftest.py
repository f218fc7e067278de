import pytest

from tomoseg_tf.studies.search.book import COMPLETE, PRUNED, Book, Outcome
from tomoseg_tf.studies.search.claims import Claims
from tomoseg_tf.studies.search.storage import open_storage

SEARCH = {
    "space": {"rate": {"log_range": [1e-4, 1e-1]}, "size": [[4, 8], [8, 8], None]},
    "trials": 8,
    "min_epochs": 1,
    "reduction_factor": 2,
    "sampler": "tpe",
    "startup_trials": 3,
    "seed": 0,
}
EPOCHS = 4


@pytest.fixture
def opened(tmp_path):
    """Open the book of a search; settings may differ, and it may be opened again."""

    def book(folder="search", place=None, falls=False, **settings):
        (tmp_path / folder).mkdir(exist_ok=True)
        storage = open_storage(place, tmp_path / folder)
        claims = Claims(tmp_path / folder / ".claims")
        return Book(storage, "search", claims, {**SEARCH, **settings}, falls=falls)

    return book


@pytest.fixture
def train():
    """A training that takes no time and keeps its epochs over an interruption by an error.

    ``train.computed`` lists trial and epoch of each epoch that was computed; it raises
    ``train.interrupt(number, epoch)`` where that is true, before the epoch is told.
    """

    def run(trial, slot, report):
        rate = trial.settings["rate"]
        for epoch in range(1, EPOCHS + 1):
            if (trial.number, epoch) not in run.computed:
                run.computed.append((trial.number, epoch))
                if run.interrupt(trial.number, epoch):
                    raise KeyboardInterrupt
            value = 1 - abs(rate - 0.01) - 1 / epoch
            if report(epoch, value, last=epoch == EPOCHS):
                return Outcome(PRUNED)
        return Outcome(COMPLETE, value, {"best_epoch": EPOCHS, "seconds": 2.0})

    run.computed, run.interrupt = [], lambda number, epoch: False
    return run
