"""Records on their way: a folder beside the final one that a killed process leaves to the next."""

import json
import os
import shutil
from contextlib import contextmanager

from tomoseg_tf.records.journal import Journal
from tomoseg_tf.records.manifest import FILE
from tomoseg_tf.volume import check_destination, file_hash, naming_full_disk
from tomoseg_tf.volume.storage.plan_differences import differences, shorten
from tomoseg_tf.volume.storage.staging import follow_link


class Unfinished:
    """Records that are being written, beside the folder that they will become.

    ``.NAME.unfinished`` holds the journal and, in ``records``, the shards. When all is there,
    ``records`` is renamed to the final name and the rest removed. An existing folder that is
    replaced is ``.NAME.replaced`` for that moment; where a process was killed then, the next one
    puts it back or removes it. Only one process at a time may be at it (`single_writer`).

    Parameters
    ----------
    target : str or Path
        Final folder, or a link to it.
    """

    def __init__(self, target):
        self.target = follow_link(target)
        self.folder = self.target.with_name(f".{self.target.name}.unfinished")
        self.shards = self.folder / "records"
        self.old = self.target.with_name(f".{self.target.name}.replaced")
        self.journal = None

    def tidy(self):
        """Bring a publication that was killed to an end: nothing is lost, nothing left over."""
        if self.old.exists() and not self.target.exists():
            os.rename(self.old, self.target)
        elif self.old.exists():
            shutil.rmtree(self.old)
        if self.folder.exists() and not self.shards.exists():
            shutil.rmtree(self.folder)

    def open(self, plan, *, overwrite):
        """Go on with what an earlier process left, or begin.

        Parameters
        ----------
        plan : dict
            All that decides the bytes of the records, as plain JSON values.
        overwrite : bool
            Whether unfinished records of another plan are removed.

        Returns
        -------
        dict from str to list of Shard
            Shards that are whole, by split.

        Raises
        ------
        ValueError
            If there are unfinished records of another plan, or their journal is damaged.
        """
        if self.folder.exists() and not self._is_of(plan, overwrite):
            shutil.rmtree(self.folder)
        if not self.folder.exists():
            self.shards.mkdir(parents=True)
            self.journal = Journal(self.folder)
            self.journal.begin(plan)
            return {}
        kept = self._whole_shards()
        self._keep(kept)
        return kept

    def add(self, split, shard):
        """Note a shard that is whole, after flushing it to the disk.

        Parameters
        ----------
        split : str
            Its split.
        shard : Shard
            What the manifest will say of it.
        """
        _flush(self.shards / shard.name)
        _flush(self.shards)
        self.journal.add(split, shard)

    def publish(self, *, overwrite):
        """Give the finished records their final name.

        Parameters
        ----------
        overwrite : bool
            Whether an existing folder is replaced.

        Raises
        ------
        ValueError
            If the final folder came into being meanwhile.
        """
        for path in self.shards.iterdir():
            _flush(path)
        _flush(self.shards)
        check_target(self.target, overwrite)
        if self.target.exists():
            os.rename(self.target, self.old)
        os.rename(self.shards, self.target)
        _flush(self.target.parent)
        self.tidy()

    def leave(self):
        """Leave the whole shards to the next process; without any, remove all."""
        if any(self.journal.shards.values()):
            self._keep(self.journal.shards)
        else:
            self.discard()

    def discard(self):
        """Remove all of it; an existing folder that was to be replaced is back in its place."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.tidy()

    def _keep(self, shards_by_split):
        """Remove what is none of these shards."""
        names = {shard.name for shards in shards_by_split.values() for shard in shards}
        for path in self.shards.iterdir():
            if path.name not in names:
                path.unlink()

    def _is_of(self, plan, overwrite):
        """Whether the unfinished records are of this plan; an error unless they may be replaced."""
        try:
            self.journal = Journal(self.folder)
        except ValueError:
            if overwrite:
                return False
            raise
        if self.journal.plan is None:
            return False
        found = differences(self.journal.plan, plan)
        if found and not overwrite:
            raise ValueError(
                f"{self.target}: unfinished records of other settings are in {self.folder}: "
                f"{shorten(found)}; use those, another folder, or --overwrite to start anew"
            )
        return not found

    def _whole_shards(self):
        """Shards that are as the journal says, up to the first of each split that is not."""
        kept = {split: self._first(shards) for split, shards in self.journal.shards.items()}
        if kept != self.journal.shards:
            self.journal.begin(self.journal.plan)
            for split, shards in kept.items():
                for shard in shards:
                    self.journal.add(split, shard)
        return kept

    def _first(self, shards):
        for index, shard in enumerate(shards):
            path = self.shards / shard.name
            whole = path.is_file() and path.stat().st_size == shard.bytes
            if not whole or file_hash(path) != shard.sha256:
                return shards[:index]
        return list(shards)


def has_unfinished(target):
    """Tell whether there are unfinished records to go on with.

    Parameters
    ----------
    target : str or Path
        Final folder of the records.

    Returns
    -------
    bool
        True after an interruption, once a shard was whole.
    """
    return Unfinished(target).folder.is_dir()


def check_target(target, overwrite):
    """Check that records may be written at a path.

    Parameters
    ----------
    target : Path
        Final folder.
    overwrite : bool
        Whether an existing folder of records may be replaced.

    Raises
    ------
    ValueError
        If it exists (and may not be replaced, or is not empty and no folder of records), or the
        folder it belongs into does not exist.
    """
    check_destination(target, overwrite, folder=True)
    if target.is_dir() and any(target.iterdir()) and not _holds_records(target):
        raise ValueError(
            f"{target} already exists and holds no {FILE} of records: it is something else; "
            "choose another name"
        )


def _holds_records(folder):
    """Tell records from a training run, which has a manifest of the same name."""
    try:
        manifest = json.loads((folder / FILE).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and "shards" in manifest


def tidy(target):
    """Bring a publication that was killed to an end; see `Unfinished.tidy`.

    Parameters
    ----------
    target : str or Path
        Final folder.
    """
    Unfinished(target).tidy()


def resume_notice(target, done):
    """Say where unfinished records are gone on with.

    Parameters
    ----------
    target : str or Path
        Final folder.
    done : dict from str to sequence of Shard
        Shards that are whole already, by split.

    Returns
    -------
    str or None
        None if there are none.
    """
    shards = [shard for each in done.values() for shard in each]
    if not shards:
        return None
    patches = sum(shard.records for shard in shards)
    return f"Going on after {len(shards)} whole shards ({patches} patches) of {target}"


@contextmanager
def unfinished_records(target, plan, *, overwrite=False):
    """Write records in a way that a process killed at any moment leaves its work to the next.

    Parameters
    ----------
    target : str or Path
        Final folder.
    plan : dict
        All that decides the bytes of the records, as plain JSON values.
    overwrite : bool, optional
        Whether existing records are replaced, and unfinished ones of another plan removed.

    Yields
    ------
    unfinished : Unfinished
        Its `shards` is the folder to write into, `add` is to be called with each whole shard.
    done : dict from str to list of Shard
        Shards that are whole already, by split.

    Raises
    ------
    ValueError
        If there are unfinished records of another plan, or their journal is damaged.

    Notes
    -----
    The whole shards are kept after an interruption (Ctrl-C, SIGTERM) and after an error of the
    system, such as a full disk; nothing is left after any other, which would come again.
    """
    unfinished = Unfinished(target)
    done = unfinished.open(plan, overwrite=overwrite)
    try:
        with naming_full_disk(target):
            yield unfinished, done
            unfinished.publish(overwrite=overwrite)
    except BaseException as error:
        passing = (KeyboardInterrupt, OSError)
        if isinstance(error, passing) or isinstance(error.__cause__, passing):
            unfinished.leave()
        else:
            unfinished.discard()
        raise


def _flush(path):
    """Force a file or the entries of a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():  # some file systems cannot flush folders
            raise
    finally:
        os.close(descriptor)
