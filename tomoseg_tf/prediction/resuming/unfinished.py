"""Outputs on their way: a killed process leaves what is done to the next.

Beside each output ``NAME`` a hidden folder ``.NAME.unfinished`` holds its slices in a plain file;
that of the first output also holds the journal. A range of slices counts once its bytes and then
its line in the journal are on the disk. When all slices are there, each output is written in its
own format under a temporary name, as any other is, and its hidden folder removed.
"""

import shutil
import time
from contextlib import suppress

import numpy as np

from tomoseg_tf.prediction.executor import Output
from tomoseg_tf.prediction.resuming.hidden import JOURNAL, hidden_folder, progress_of
from tomoseg_tf.prediction.resuming.journal import Journal, flush
from tomoseg_tf.prediction.resuming.kept_sums import kept_passes
from tomoseg_tf.prediction.resuming.result_spool import ResultSpool
from tomoseg_tf.prediction.threshold import count_voxels
from tomoseg_tf.volume.storage.plan_differences import differences, shorten

SLICES = "slices.raw"
SHARE = 20  # the time from one entry to the next, over that which an entry takes


class Unfinished:
    """The outputs of a segmentation until they are complete.

    Parameters
    ----------
    targets : list of Target
        The outputs; the journal lies beside the first.
    shape : tuple of int
        Their shape (Z, Y, X).

    Attributes
    ----------
    folder : Path
        Where the journal lies.
    journal : Journal
        What an earlier process noted.
    spools : list of ResultSpool
        One for each output.
    """

    def __init__(self, targets, shape):
        self.targets, self.shape = targets, shape
        folders = [hidden_folder(target.path) for target in targets]
        self.folder = folders[0]
        self.spools = [
            ResultSpool(folder / SLICES, shape, target.dtype, target.channels)
            for folder, target in zip(folders, targets, strict=True)
        ]
        self.journal = Journal(self.folder / JOURNAL)
        self._noted, self._pause = time.monotonic(), 0

    @property
    def done(self):
        """Slices of all outputs that are noted in the journal."""
        stops = self.journal.all("stop")
        return stops[-1] if stops else 0

    @property
    def progress(self):
        """Say how far an earlier process came; None if it did nothing."""
        return progress_of(self.journal)

    def check(self, plan, *, overwrite):
        """Check that the unfinished outputs, if there are any, are of a plan.

        Parameters
        ----------
        plan : dict
            From `tomoseg_tf.prediction.fingerprint.describe_run`.
        overwrite : bool
            Whether those of another plan, or with a damaged journal, may be removed.

        Returns
        -------
        bool
            Whether there are some to go on with.

        Raises
        ------
        ValueError
            If there are some of another plan, or with a damaged journal, which may not be removed.
        """
        if self.journal.damaged and not overwrite:
            raise ValueError(self.journal.damaged)
        if self.journal.plan is None:
            return False
        found = differences(self.journal.plan, plan)
        if found and not overwrite:
            raise ValueError(
                f"{self.targets[0].path}: an unfinished segmentation is in {self.folder}, but "
                f"{shorten(found)}; run the command that began it, name another output, or start "
                "anew with --overwrite"
            )
        return not found

    def may_replace(self, index, overwrite):
        """Tell whether an output may be replaced: an unfinished one may have replaced it already.

        Parameters
        ----------
        index : int
            Of the output.
        overwrite : bool
            Whether the user said so.

        Returns
        -------
        bool
        """
        begun = index in self.journal.all("finishing")
        return overwrite or begun or bool(self.journal.last("overwrite"))

    def begin(self, plan, *, overwrite):
        """Go on with what is there, or begin; to be called by a single writer.

        Parameters
        ----------
        plan : dict
            From `tomoseg_tf.prediction.fingerprint.describe_run`.
        overwrite : bool
            Whether existing outputs may be replaced.
        """
        if self.journal.plan is not None and not differences(self.journal.plan, plan):
            self._keep_whole()
        else:
            self.discard()
            for spool in self.spools:
                spool.path.parent.mkdir(exist_ok=True)
                flush(spool.path.parent.parent)
            self.journal.begin(plan)
            self.journal.add({"overwrite": overwrite, "slices": self.shape[0]})
        finished = self.journal.all("finished")
        for index, spool in enumerate(self.spools):
            if index not in finished:
                spool.path.parent.mkdir(exist_ok=True)
                spool.go_on(self.done)
                spool.on_write = self._on_write

    def outputs(self):
        """Give the executor what it writes to.

        Returns
        -------
        list of Output
        """
        return [
            Output(target.convert, spool, target.dtype, target.channels)
            for target, spool in zip(self.targets, self.spools, strict=True)
        ]

    def finish(self, spacing, *, overwrite):
        """Write the outputs in their formats, the first one last, and remove what is hidden.

        Parameters
        ----------
        spacing : tuple of float or None
            Of the voxels.
        overwrite : bool
            Whether existing outputs may be replaced.

        Returns
        -------
        (256,) ndarray of int64
            How often each value occurs in the first output, a segmentation.
        """
        if not self.journal.all("finished"):
            self._note()
        for index in reversed(range(len(self.targets))):
            if index not in self.journal.all("finished"):
                self._finish(index, spacing, self.may_replace(index, overwrite))
        counts = np.array(self.journal.last("counts"), np.int64)
        self.journal.path.unlink()
        self.discard()
        return counts

    def leave(self):
        """Leave what is done to the next process; if nothing is, remove all."""
        if not self.journal.all("finishing"):
            with suppress(OSError):  # of a full disk: the entry before it counts
                self._note()
        if not self.done and not kept_passes(self.folder):
            self.discard()
        for spool in self.spools:
            spool.close()

    def discard(self):
        """Remove all that is hidden; the journal first, without which the rest counts nothing."""
        self.journal.path.unlink(missing_ok=True)
        for spool in self.spools:
            spool.close()
            shutil.rmtree(spool.path.parent, ignore_errors=True)

    def _keep_whole(self):
        """Go on after the last slice up to which all is as it was written."""
        entries, start = [], 0
        finished = self.journal.all("finished")
        for entry in self.journal.entries:
            if "stop" in entry and not finished:
                pairs = zip(self.spools, entry["checksums"], strict=True)
                if not all(spool.holds(start, entry["stop"], value) for spool, value in pairs):
                    break
                start = entry["stop"]
            entries.append(entry)
        if len(entries) < len(self.journal.entries):
            self.journal.begin(self.journal.plan)
            for entry in entries:
                self.journal.add(entry)

    def _on_write(self):
        """Note what all outputs have, unless that was done a moment ago."""
        if len({spool.stop for spool in self.spools}) > 1:
            return
        if time.monotonic() - self._noted >= SHARE * self._pause:
            self._note()

    def _note(self):
        """Note the slices that all outputs have, on the disk."""
        begun = time.monotonic()
        stops = {spool.stop for spool in self.spools}
        stop = min(stops)
        if len(stops) > 1 or stop <= self.done:
            return
        checksums = [spool.settle() for spool in self.spools]
        self.journal.add({"stop": stop, "checksums": checksums})
        self._noted = time.monotonic()
        self._pause = self._noted - begun

    def _finish(self, index, spacing, overwrite):
        """Write an output in its format."""
        target, spool = self.targets[index], self.spools[index]
        counts = np.zeros(256, np.int64)
        with target.open(self.shape, spacing, overwrite) as output:
            for start, slab in spool.slabs():
                output.writer.write(start, slab)
                if index == 0:
                    counts += count_voxels(slab)
            target.check(overwrite)  # before it is noted: a file of others stays one of others
            if index not in self.journal.all("finishing"):
                self.journal.add({"finishing": index})
        self.journal.add({"finished": index} | ({} if index else {"counts": counts.tolist()}))
        if index:
            spool.remove()
