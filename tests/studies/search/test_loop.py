"""All trials end once each, however often the search is interrupted, and by whomever."""

import threading

import pytest

from tomoseg_tf.studies.search.book import COMPLETE, FAILED, PRUNED, Outcome
from tomoseg_tf.studies.search.loop import SearchError, run_trials


def trials(book):
    return [
        (trial.number, trial.state, trial.params, trial.intermediate_values)
        for trial in book.trials()
    ]


def test_an_interrupted_search_ends_as_an_uninterrupted_one(opened, train):
    """It is interrupted in every second epoch that it computes."""
    straight = opened("straight")
    run_trials(straight, train)
    expected, computed = trials(straight), list(train.computed)
    assert {state for _, state, _, _ in expected} == {COMPLETE, PRUNED}

    train.computed.clear()
    train.interrupt = lambda number, epoch: len(train.computed) % 2 == 0
    interruptions = 0
    while True:
        try:
            run_trials(opened("killed"), train)
            break
        except KeyboardInterrupt:
            interruptions += 1
    assert trials(opened("killed")) == expected
    assert train.computed == computed
    assert interruptions == len(computed) // 2


def test_several_threads_and_searches_share_the_trials(opened, train):
    books, told = [opened(), opened()], []
    others = threading.Thread(target=run_trials, args=(books[1], train), kwargs={"jobs": 2})
    others.start()
    run_trials(books[0], train, jobs=2, notify=told.append)
    others.join()
    assert [number for number, *_ in trials(books[0])] == list(range(8))
    assert len(train.computed) == len(set(train.computed))
    assert books[0].is_done()


def test_it_tells_what_happens(opened, train):
    told, progress = [], []
    run_trials(
        opened(trials=2), train, notify=told.append, progress=lambda *done: progress.append(done)
    )
    assert told[0].startswith("trial 0 begins: rate ")
    assert told[1].startswith("trial 0 is complete: 0.")
    assert progress == [(1, 2), (2, 2)]


def test_what_does_not_fit_is_pruned_and_the_search_goes_on(opened, train):
    def too_large(trial, slot, report):
        if trial.settings["size"] == [8, 8]:
            return Outcome(PRUNED, facts={"reason": "does not fit", "cause": "memory"})
        return train(trial, slot, report)

    book, told = opened(sampler="random"), []
    run_trials(book, too_large, notify=told.append)
    large = [trial for trial in book.trials() if book.settings(trial)["size"] == [8, 8]]
    assert large
    assert all(trial.state == PRUNED for trial in large)
    assert any(trial.state == COMPLETE for trial in book.trials())
    assert f"trial {large[0].number} is pruned: does not fit" in told


def test_a_recipe_that_never_works_ends_the_search(opened):
    def fails(trial, slot, report):
        return Outcome(FAILED, facts={"reason": "no such thing"})

    book = opened()
    with pytest.raises(SearchError, match=r"the first 4 trials all failed .*: no such thing;"):
        run_trials(book, fails)
    assert len(book.trials()) == 4


def test_a_full_disk_ends_the_search_and_no_trial(opened, train):
    def full(trial, slot, report):
        raise SearchError("the disk is full")

    stopped = []
    with pytest.raises(SearchError, match="the disk is full"):
        run_trials(opened(), full, jobs=2, stop=lambda: stopped.append(True))
    assert stopped
    assert not any(trial.state.is_finished() for trial in opened().trials())
    run_trials(opened(), train)
    assert len({number for number, _ in train.computed}) == 8
    assert max(epoch for _, epoch in train.computed) == 4
