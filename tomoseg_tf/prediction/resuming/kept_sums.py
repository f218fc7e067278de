"""Sums of several passes on the disk: after each whole pass a file of its own."""

import os
import shutil
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

from tomoseg_tf.prediction.resuming.journal import flush
from tomoseg_tf.prediction.sums import DiskSums, check_room, fill

PARTIAL = "partial-sums"


class KeptSums:
    """The sums after each whole pass, which a killed process leaves to the next.

    A pass adds to a copy of the sums before it; the copy gets its name when the pass is done.

    Parameters
    ----------
    folder : path
        Where they lie.
    shape : tuple of int
        (Z, Y, X, C).

    Raises
    ------
    OSError
        If there is no room.
    """

    def __init__(self, folder, shape):
        self.folder, self.shape = Path(folder), tuple(shape)
        self._stack = ExitStack()
        self._sums = None

    def __enter__(self):
        """Look what is there."""
        return self

    def __exit__(self, *error):
        """Close what is open; the sums after whole passes stay."""
        self._close()
        (self.folder / PARTIAL).unlink(missing_ok=True)

    @property
    def done(self):
        """Number of passes that are whole."""
        return kept_passes(self.folder)

    def begin(self):
        """Begin the next pass.

        Returns
        -------
        DiskSums
            To add to: 0, or the sums of the passes before.
        """
        self._close()
        number, partial = self.done, self.folder / PARTIAL
        partial.unlink(missing_ok=True)
        nbytes = DiskSums.size(self.shape)
        check_room(self.folder, nbytes)
        if number:
            shutil.copyfile(self._path(number), partial)
        else:
            with open(partial, "wb", buffering=0) as file:
                fill(file, self.folder, nbytes)
        return self._open(partial, "r+")

    def finish(self):
        """End a pass: its sums are whole, on the disk."""
        number = self.done
        self._close()
        flush(self.folder / PARTIAL)
        os.replace(self.folder / PARTIAL, self._path(number + 1))
        flush(self.folder)
        self._path(number).unlink(missing_ok=True)

    @property
    def sums(self):
        """Sums of the passes that are whole, to be read."""
        return self._sums or self._open(self._path(self.done), "r")

    def _path(self, number):
        return self.folder / f"sums-{number}"

    def _open(self, path, mode):
        file = self._stack.enter_context(FileIO(path, mode))
        self._sums = DiskSums(self.shape, file)
        return self._sums

    def _close(self):
        self._stack.close()
        self._sums = None


def kept_passes(folder):
    """Count the passes whose sums lie in a folder.

    Parameters
    ----------
    folder : Path
        It need not exist.

    Returns
    -------
    int
        Whole ones.
    """
    numbers = [int(path.name.rpartition("-")[2]) for path in folder.glob("sums-*")]
    return max(numbers, default=0)


class TemporarySums:
    """Sums that go with the process, in the manner of `KeptSums`.

    Parameters
    ----------
    sums : DiskSums or MemorySums
        From `tomoseg_tf.prediction.sums.open_sums`, all 0.
    """

    done = 0

    def __init__(self, sums):
        self.sums = sums

    def begin(self):
        """Give the sums to add to."""
        return self.sums

    def finish(self):
        """End a pass: nothing is to be done."""
