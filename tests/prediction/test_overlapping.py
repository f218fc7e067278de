"""Reading ahead and writing behind: order, bounds, errors; and interruptions at once."""

import threading

import pytest

from tomoseg_tf.prediction.overlapping import Ahead, Behind


def test_items_come_in_order_one_ahead():
    made = []

    def items():
        for index in range(20):
            made.append(index)
            yield index

    with Ahead(items()) as take:
        for index in range(20):
            assert take() == index
            assert len(made) <= index + 2
        with pytest.raises(StopIteration):
            take()


def test_an_error_of_the_reader_is_raised_where_its_item_is_taken():
    def items():
        yield 1
        raise ValueError("damaged")

    with Ahead(items()) as take:
        assert take() == 1
        for _ in range(2):
            with pytest.raises(ValueError, match="damaged"):
                take()


def test_what_is_given_is_taken_in_order_and_all_of_it():
    taken, before = [], threading.active_count()
    with Behind(taken.append) as give:
        for index in range(50):
            give(index)
            assert len(taken) >= index - 1
    assert taken == list(range(50))

    def interrupted():
        with Behind(taken.append) as give:
            give("last")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert taken[-1] == "last"
    assert threading.active_count() == before


def test_an_error_of_the_writer_ends_what_gives_to_it():
    taken = []

    def full(item):
        taken.append(item)
        raise OSError("disk full")

    def give_all():
        with Behind(full) as give:
            for index in range(10):
                give(index)

    with pytest.raises(OSError, match="disk full"):
        give_all()
    assert taken == [0]
    with pytest.raises(OSError, match="disk full"), Behind(full) as give:
        give("only")  # nothing is given after it
