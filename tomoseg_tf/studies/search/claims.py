"""Who works on which trial: locks that end with the processes that hold them."""

import contextlib
import fcntl
import os
from pathlib import Path


class Claims:
    """Locks on the trials of a search, seen by all processes that share its folder.

    A lock is inherited by the process that trains the trial, so that nobody takes a trial over
    before both that process and the one that started it have ended.

    Parameters
    ----------
    folder : str or Path
        Folder of the locks; it is made if it is missing.
    """

    def __init__(self, folder):
        self._folder = Path(folder)
        self._folder.mkdir(exist_ok=True)

    def take(self, number):
        """Take a trial, unless another process or thread has it.

        Parameters
        ----------
        number : int
            The trial.

        Returns
        -------
        int or None
            A file descriptor; closing it, here and where it was inherited, frees the trial.
        """
        descriptor = self._open(f"{number:04d}")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    @contextlib.contextmanager
    def alone(self):
        """Wait until no other process or thread is in such a block."""
        descriptor = self._open("all")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def are_held(self):
        """Tell whether a process or thread has any of the locks.

        Returns
        -------
        bool
            True while a trial is being worked on.
        """
        for path in self._folder.iterdir():
            descriptor = self._open(path.name)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(descriptor)
        return False

    def _open(self, name):
        return os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
