"""The journal of a segmentation: what it is to be, and how far it is."""

import json
import os
from pathlib import Path


class Journal:
    """An append-only file: the plan in its first line, then a line for each thing that is done.

    A line counts once its newline is on the disk; what a killed process left of a last one is cut
    off.

    Parameters
    ----------
    path : str or Path
        The file; it need not exist.

    Attributes
    ----------
    plan : dict or None
        All that decides the bytes of the outputs; None if there is no journal.
    entries : list of dict
        The lines after that.
    damaged : str or None
        What to tell the user where there is one that cannot be read, which then counts as none.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.plan, self.entries, self.damaged = None, [], None
        if self.path.exists():
            self._read()

    def begin(self, plan):
        """Start anew.

        Parameters
        ----------
        plan : dict
            Plain JSON values.
        """
        self.path.unlink(missing_ok=True)
        self.plan, self.entries, self.damaged = plan, [], None
        self._append({"plan": plan})
        flush(self.path.parent)

    def add(self, entry):
        """Note what is done, on the disk before this returns.

        Parameters
        ----------
        entry : dict
            Plain JSON values.
        """
        self.entries.append(entry)
        self._append(entry)

    def all(self, name):
        """Find what was noted under a name.

        Parameters
        ----------
        name : str
            A key.

        Returns
        -------
        list
            Its values, in the order of the lines.
        """
        return [entry[name] for entry in self.entries if name in entry]

    def last(self, name):
        """Find what was noted last under a name; None if nothing was."""
        found = self.all(name)
        return found[-1] if found else None

    def _append(self, entry):
        line = json.dumps(entry).encode() + b"\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        whole = os.fstat(descriptor).st_size
        try:
            while line:
                line = line[os.write(descriptor, line) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, whole)  # the next line must not follow a part of this one
            raise
        finally:
            os.close(descriptor)

    def _read(self):
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self.path, len(whole))
        lines = []
        try:
            for line in whole.splitlines():
                lines.append(dict(json.loads(line)))
            if lines:
                self.plan, self.entries = lines[0]["plan"], lines[1:]
        except (ValueError, KeyError, TypeError):
            self.damaged = (
                f"{self.path}, line {len(lines) + 1}: damaged; start anew with --overwrite, or "
                f"delete {self.path.parent}"
            )


def flush(path):
    """Force a file, or the names in a folder, to the disk.

    Parameters
    ----------
    path : str or Path
        It exists.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not os.path.isdir(path):  # some file systems cannot flush folders
            raise
    finally:
        os.close(descriptor)
