"""Reading, computing and writing at the same time: a thread reads ahead, another writes behind.

At most one item is ready ahead and one waits behind, so that memory does not grow where one of the
three is faster than the others. Order is kept. An error in a thread is raised where its next item
is asked for or given; an error or an interruption in between ends both threads.
"""

import threading
from queue import SimpleQueue

END = object()


class Ahead:
    """Items of an iterable, each made in a thread while the last one is in use.

    Parameters
    ----------
    items : iterable
        Iterated over in that thread only.
    """

    def __init__(self, items):
        self._items, self._ready = iter(items), SimpleQueue()
        self._asked, self._ended = threading.Semaphore(1), False
        self._thread = threading.Thread(target=self._make, name="ahead", daemon=True)

    def __enter__(self):
        """Begin with the first item."""
        self._thread.start()
        return self

    def __exit__(self, *error):
        """Make no more items; wait for the one that is being made."""
        self._ended = True
        self._asked.release()
        self._thread.join()

    def __call__(self):
        """Take the next item.

        Returns
        -------
        object

        Raises
        ------
        BaseException
            What was raised where it was made; `StopIteration` after the last one.
        """
        item, error = self._ready.get()
        if error is not None:
            self._ready.put((None, error))  # as often as it is asked
            raise error
        self._asked.release()
        return item

    def _make(self):
        try:
            while True:
                self._asked.acquire()
                if self._ended:
                    return
                self._ready.put((next(self._items), None))
        except BaseException as error:  # StopIteration too
            self._ready.put((None, error))


class Behind:
    """Gives items to a function in a thread, in order, while the next one is made.

    Parameters
    ----------
    take : callable
        Called with the arguments of each call of this object.
    """

    def __init__(self, take):
        self._take, self._waiting = take, SimpleQueue()
        self._free, self._error = threading.Semaphore(1), None
        self._thread = threading.Thread(target=self._work, name="behind", daemon=True)

    def __enter__(self):
        """Begin to wait for items."""
        self._thread.start()
        return self

    def __exit__(self, kind, error, trace):
        """Wait until all is taken, after an error elsewhere too: what is computed is kept."""
        self._waiting.put(END)
        self._thread.join()
        if self._error is not None and kind is None:
            raise self._error

    def __call__(self, *item):
        """Give an item; wait while another one is being taken.

        Raises
        ------
        BaseException
            What was raised where an earlier one was taken.
        """
        self._free.acquire()
        if self._error is not None:
            self._free.release()
            raise self._error
        self._waiting.put(item)

    def _work(self):
        while True:
            item = self._waiting.get()
            if item is END:
                return
            try:
                if self._error is None:
                    self._take(*item)
            except BaseException as error:
                self._error = error
            del item
            self._free.release()
