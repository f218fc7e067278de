"""Trials are halved as published, claimed by one worker each, and gone on with after a kill."""

import os

import pytest

from tomoseg_tf.studies.search.book import COMPLETE, PRUNED, Outcome


def begin(book, count):
    return [book.claim() for _ in range(count)]


def test_only_the_best_share_passes_a_rung(opened):
    """Of 9 scores that come one after the other at factor 3, by hand: the best of those so far
    (two from 6 on, three at 9) go on."""
    book = opened(trials=9, reduction_factor=3, min_epochs=2)
    trials = begin(book, 9)
    scores = [5, 3, 4, 6, 1, 5, 2, 7, 6]
    assert not any(book.report(trial, 1, 0.0) for trial in trials)
    stops = [book.report(trial, 2, score) for trial, score in zip(trials, scores, strict=True)]
    assert stops == [False, True, True, False, True, False, True, False, False]
    assert not any(book.report(trials[0], epoch, 0.0) for epoch in (3, 4, 5))
    assert not book.report(trials[0], 6, 1.0)
    assert book.report(trials[3], 6, 0.5) is False or book.report(trials[3], 7, 0.0) is False


def test_a_loss_improves_downwards(opened):
    book = opened(falls=True)
    one, two = begin(book, 2)
    assert not book.report(one, 1, 0.5)
    assert book.report(two, 1, 0.6)


def test_an_undefined_score_does_not_pass(opened):
    book = opened()
    (trial,) = begin(book, 1)
    assert book.report(trial, 1, float("nan"))


def test_the_last_epoch_is_never_pruned_but_counts(opened):
    book = opened()
    one, two, three = begin(book, 3)
    assert not book.report(one, 1, 0.5, last=True)
    assert not book.report(two, 1, 0.4, last=True)
    assert book.report(three, 1, 0.4)


def test_a_decision_that_a_kill_kept_from_the_trial_is_made_again(opened):
    """The pruner has noted the score of the rung, but the trial was not ended."""
    book = opened()
    one, two = begin(book, 2)
    book.report(one, 1, 0.5)
    assert book.report(two, 1, 0.4)
    again = opened()
    assert again.report(two, 1, 0.4)
    assert not again.report(one, 1, 0.5)


def test_who_was_let_go_on_goes_on_though_better_ones_came(opened):
    book = opened()
    one, two = begin(book, 2)
    assert not book.report(one, 1, 0.5)
    assert not book.report(two, 1, 0.9)
    assert not opened().report(one, 1, 0.5)
    assert not book.report(one, 1, 0.5)


def test_each_trial_has_one_worker_and_is_taken_over_when_that_ends(opened):
    book, other = opened(trials=2), opened(trials=2)
    one, two = book.claim(), other.claim()
    assert (one.number, two.number) == (0, 1)
    assert one.settings != two.settings
    assert book.claim() is None
    assert not book.is_done()
    os.close(two.lock)
    again = book.claim()
    assert (again.number, again.begun, again.settings) == (1, True, two.settings)
    book.end(again, Outcome(COMPLETE, 0.5, {"judged": 0.25}))
    book.end(one, Outcome(PRUNED, facts={"reason": "why"}))
    assert other.is_done()
    assert other.claim() is None
    assert [trial.value for trial in other.trials()] == [None, 0.5]
    assert other.trials()[1].user_attrs == {"judged": 0.25}


def test_an_ended_trial_is_not_taken_though_its_lock_is_free(opened):
    book = opened(trials=1)
    trial = book.claim()
    book.end(trial, Outcome(COMPLETE, 0.5))
    os.close(trial.lock)
    assert book.claim() is None


def test_trials_may_be_added(opened):
    book = opened(trials=1)
    book.end(book.claim(), Outcome(COMPLETE, 0.5))
    assert book.is_done()
    assert not opened(trials=2).is_done()
    assert opened(trials=2).claim().number == 1


def test_a_small_space_ends_the_search(opened):
    assert opened(space={"size": [1, 2, 3]}, trials=30).total == 3


def test_another_storage_in_the_same_folder_is_noticed(opened, tmp_path):
    opened().claim()
    with pytest.raises(ValueError, match="trial 0 is locked, but the storage does not know it"):
        opened(place=str(tmp_path / "other.log")).claim()
