import numpy as np
import pytest

from tomoseg_tf.backend import load_tensorflow
from tomoseg_tf.training import waiting
from tomoseg_tf.training.waiting import Waiting

tf = load_tensorflow()


@pytest.mark.parametrize(("making", "working", "share"), [(3, 1, 0.75), (0, 5, 0.0), (1, 1, 0.5)])
def test_the_share_of_the_time_that_batches_are_waited_for(making, working, share, monkeypatch):
    """By a clock that stands still but for the making of a batch and the work on it."""
    clock = [100.0]

    def make():
        clock[0] += making
        return np.zeros(1, "float32")

    def batch(_):
        made = tf.ensure_shape(tf.numpy_function(make, [], tf.float32), (1,))
        return made, made

    monkeypatch.setattr(waiting.time, "monotonic", lambda: clock[0])
    measured = Waiting()
    batches = measured.watch(tf.data.Dataset.range(4).map(batch))
    for epoch in range(2):
        measured.on_epoch_begin(epoch)
        for number, _ in enumerate(batches):
            clock[0] += working
            measured.on_train_batch_end(number)
        clock[0] += 1000  # validation
    assert measured.total == 7 * (making + working)  # all steps but the very first
    assert measured.share == pytest.approx(share)


def test_watched_batches_are_the_same_batches():
    batches = tf.data.Dataset.range(6).batch(2).map(lambda each: (each, -each)).repeat()
    watched = Waiting().watch(batches)
    assert watched.element_spec == batches.element_spec
    assert watched.cardinality() == tf.data.INFINITE_CARDINALITY
    for one, other in zip(batches.take(5), watched.take(5), strict=True):
        np.testing.assert_array_equal(one, other)


def test_waiting_is_told_only_if_it_is_long():
    measured = Waiting()
    assert (measured.share, measured.notice()) == (None, None)
    for waited, total, told in ((9, 10, False), (11, 1000, False), (60, 240, True)):
        measured.waited, measured.total = waited, total
        assert bool(measured.notice()) is told
    assert measured.notice().startswith("training waited for its batches for 60 s, 25% of the time")
