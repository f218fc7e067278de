"""The journal of records that are being written: what they are to be, and what is done."""

import json
import os
from pathlib import Path

import pydantic

from tomoseg_tf.records.manifest import Shard

FILE = "journal.jsonl"


class Journal:
    """An append-only file: the plan in its first line, then a line for each whole shard.

    A line counts once its newline is on the disk; what a killed process left of a last one is cut
    off. Shards are flushed to the disk before their line is.

    Parameters
    ----------
    folder : Path
        Where the journal lies.

    Raises
    ------
    ValueError
        If there is one that cannot be read.
    """

    def __init__(self, folder):
        self.path = Path(folder) / FILE
        self.plan, self.shards = None, {}
        if self.path.exists():
            self._read()

    def begin(self, plan):
        """Start anew.

        Parameters
        ----------
        plan : dict
            All that decides the bytes of the records, as plain JSON values.
        """
        self.path.unlink(missing_ok=True)
        self.plan, self.shards = plan, {}
        self._append({"plan": plan})

    def add(self, split, shard):
        """Note a shard that is whole.

        Parameters
        ----------
        split : str
            Its split.
        shard : Shard
            What the manifest will say of it.
        """
        self.shards.setdefault(split, []).append(shard)
        self._append({"split": split, "shard": shard.model_dump(mode="json")})

    def _append(self, entry):
        with open(self.path, "ab") as file:
            file.write(json.dumps(entry).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self):
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self.path, len(whole))
        try:
            for number, line in enumerate(whole.splitlines()):
                entry = json.loads(line)
                if number == 0:
                    self.plan = entry["plan"]
                else:
                    shard = Shard.model_validate_json(json.dumps(entry["shard"]))
                    self.shards.setdefault(entry["split"], []).append(shard)
        except (ValueError, KeyError, TypeError, pydantic.ValidationError):
            raise ValueError(
                f"{self.path}, line {number + 1}: damaged; delete {self.path.parent} or start anew "
                "with --overwrite"
            ) from None
