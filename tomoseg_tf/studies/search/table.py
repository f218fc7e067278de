"""What came out of a search: one row for each trial, as text, CSV and Markdown."""

import csv
import io
import json
import math
from dataclasses import dataclass
from pathlib import Path

from tomoseg_tf.studies.study_folder import write_text
from tomoseg_tf.table import aligned

SHOWN = 10
STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}


@dataclass(frozen=True)
class Row:
    """One trial.

    Attributes
    ----------
    number : int
        From 0.
    state : str
        "complete", "pruned", "failed" or, of a search that goes on, "running".
    score : float or None
        The best validation score of a complete trial; the last one of another.
    judged : float or None
        Score of the best weights on the records that the next step is trained on.
    settings : dict
        What it changed in the recipe, by dotted key.
    values : dict of int to float
        Validation score by epoch.
    facts : dict
        ``best_epoch``, ``seconds`` and the ``reason`` why it ended, as far as there are any.
    """

    number: int
    state: str
    score: float | None
    judged: float | None
    settings: dict
    values: dict
    facts: dict

    @property
    def chooses(self):
        """Score by which the best trial is chosen."""
        return self.score if self.judged is None else self.judged


@dataclass(frozen=True)
class SearchResult:
    """A search and its trials.

    Attributes
    ----------
    folder : Path
        Its folder.
    rows : list of Row
        In the order of their numbers.
    monitor : str
        Score that the trials compete by.
    judged_by : str or None
        Score by which the best one is chosen, if that is another.
    rungs : list of int
        Epochs after which trials are pruned.
    """

    folder: Path
    rows: list
    monitor: str
    judged_by: str | None
    rungs: list

    @property
    def falls(self):
        """Whether the monitored score improves downwards."""
        return self.monitor == "loss"

    @property
    def best(self):
        """The best complete trial; None without any."""
        return next((row for row in self.ranked() if row.state == "complete"), None)

    @property
    def weights(self):
        """Folder of the best weights."""
        return self.folder / "best"

    def ranked(self):
        """List the trials from the best on: the complete ones first, then by their epochs."""

        def place(row):
            chosen = row.judged if self.judged_by is not None else row.score
            unknown = chosen is None or math.isnan(chosen)
            falls = self.falls and self.judged_by is None
            value = 0.0 if unknown else chosen if falls else -chosen
            complete = row.state == "complete"
            return not complete, 0 if complete else -len(row.values), unknown, value, row.number

        return sorted(self.rows, key=place)

    def to_dict(self):
        """Return everything as plain values for JSON."""
        best = self.best
        return {
            "folder": str(self.folder),
            "monitor": self.monitor,
            "judged_by": self.judged_by,
            "rungs": self.rungs,
            "best": None if best is None else best.number,
            "weights": str(self.weights),
            "trials": [_plain(row) for row in self.rows],
        }

    def table(self, shown=SHOWN):
        """Write the best trials as aligned text."""
        heads, cells = self._cells(self.ranked()[:shown])
        return aligned([heads, *cells], left=(1,), rule=1)

    def markdown(self):
        """Write all trials as a Markdown table, from the best on."""
        heads, cells = self._cells(self.ranked())
        rule = ["---:" if index != 1 else "---" for index in range(len(heads))]
        return "".join(f"| {' | '.join(line)} |\n" for line in (heads, rule, *cells))

    def _cells(self, rows):
        keys = list(rows[0].settings) if rows else []
        judged = [] if self.judged_by is None else [f"{self.judged_by} (next records)"]
        heads = ["trial", "state", f"val {self.monitor}", *judged, "epochs", "min"]
        cells = [
            [
                str(row.number),
                row.state,
                _text(row.score, 4),
                *([_text(row.judged, 4)] if judged else []),
                str(len(row.values)),
                _text(row.facts.get("seconds", 0) / 60, 1),
                *(_setting(row.settings[key]) for key in keys),
            ]
            for row in rows
        ]
        return [*heads, *short_names(keys)], cells


def read_rows(book):
    """Read the trials of a search.

    Parameters
    ----------
    book : tomoseg_tf.studies.search.book.Book
        The trials.

    Returns
    -------
    list of Row
        In the order of their numbers.
    """
    rows = []
    for trial in book.trials():
        values = dict(sorted(trial.intermediate_values.items()))
        last = values[max(values)] if values else None
        facts = trial.user_attrs
        rows.append(
            Row(
                trial.number,
                STATES[trial.state.name],
                last if trial.value is None else trial.value,
                facts.get("judged"),
                book.settings(trial),
                values,
                {key: facts[key] for key in ("best_epoch", "seconds", "reason") if key in facts},
            )
        )
    return rows


def write_tables(result):
    """Write ``table.csv`` and ``table.md`` into the folder of a search."""
    if not result.rows:
        return
    write_text(result.folder / "table.md", result.markdown())
    keys = list(result.rows[0].settings)
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    facts = ("best_epoch", "seconds", "reason")
    writer.writerow(["trial", "state", result.monitor, "judged", "epochs", *facts, *keys])
    for row in result.rows:
        known = [row.facts.get(name) for name in facts]
        settings = [_exact(row.settings[key]) for key in keys]
        start = [row.number, row.state, row.score, row.judged, len(row.values)]
        writer.writerow(["" if cell is None else cell for cell in (*start, *known, *settings)])
    write_text(result.folder / "table.csv", content.getvalue())


def short_names(keys):
    """Name settings by the last part of their keys, where that tells them apart.

    Parameters
    ----------
    keys : sequence of str
        Dotted keys.

    Returns
    -------
    list of str
        Their names.

    Examples
    --------
    >>> short_names(["optimiser.learning_rate", "loss.name", "model.name"])
    ['learning_rate', 'loss.name', 'model.name']
    """
    ends = [key.rpartition(".")[2] for key in keys]
    return [
        end if ends.count(end) == 1 else ".".join(key.split(".")[-2:])
        for key, end in zip(keys, ends, strict=True)
    ]


def _text(number, digits):
    return "—" if number is None or math.isnan(number) else f"{number:.{digits}f}"


def _setting(value):
    return f"{value:.3g}" if isinstance(value, float) else _exact(value)


def _exact(value):
    return str(value) if isinstance(value, (float, int, str)) else json.dumps(value)


def _plain(row):
    values = {str(epoch): _number(value) for epoch, value in row.values.items()}
    return {
        "number": row.number,
        "state": row.state,
        "score": _number(row.score),
        "judged": _number(row.judged),
        "settings": row.settings,
        "values": values,
        **row.facts,
    }


def _number(value):
    return None if value is None or math.isnan(value) else value
