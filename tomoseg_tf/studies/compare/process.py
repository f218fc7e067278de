"""One step of a comparison in a process of its own, which tells its parent how it goes on.

So the memory that is measured is that of one entry, and a process that the system ends for lack of
memory costs that entry only. The parent writes the step and its job as two lines to the standard
input of the child and keeps it open: when that ends, as it does when the parent is killed, the
child ends too.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading

from tomoseg_tf.studies.child_process import (
    child_environment,
    one_line,
    open_messages,
    why_ended,
)
from tomoseg_tf.studies.compare.job import Job
from tomoseg_tf.studies.compare.work import score_entry, train_entry

TRAIN, SCORE = "train", "score"


class EntryError(Exception):
    """An entry that failed; the text says why in one line."""


def do_step(step, job, *, isolated=True, notify, report=None, progress=None):
    """Train or score an entry.

    Parameters
    ----------
    step : {"train", "score"}
        Which of the two.
    job : Job
        What is to be done.
    isolated : bool
        Whether it is done in a process of its own.
    notify, report, progress : callable
        As in `tomoseg_tf.training.train`.

    Returns
    -------
    dict or None
        The result of "score".

    Raises
    ------
    EntryError
        If the entry fails, by an error or because its process was ended.
    """
    if isolated:
        return _in_child(step, job, notify, report, progress)
    try:
        return _do(step, job, notify=notify, report=report, progress=progress)
    except (ValueError, OSError, MemoryError) as error:
        raise EntryError(one_line(error)) from error


def _do(step, job, **told):
    if step == TRAIN:
        return train_entry(job, **told)
    return score_entry(job)


def _in_child(step, job, notify, report, progress):
    """Start the child and pass on what it says."""
    hear = {"notify": notify, "report": report}
    hear["progress"] = None if progress is None else lambda pair: progress(*pair)
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=child_environment(),
            text=True,
            encoding="utf-8",
        ) as child,
    ):
        try:
            child.stdin.write(f"{step}\n{job.to_json()}\n")
            child.stdin.flush()
            last = _listen(child.stdout, hear)
        except BrokenPipeError:
            last = {}
        finally:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
        code = child.wait()
        if "result" in last:
            return last["result"]
        raise EntryError(last.get("error") or _why(code, errors))


def _listen(lines, hear):
    """Pass on messages; return the last one, which is the result or the error."""
    last = {}
    for line in lines:
        last = json.loads(line)
        for name, function in hear.items():
            if name in last and function is not None:
                function(last[name])
    return last


def _why(code, errors):
    """Say in one line why a process ended without a word."""
    errors.seek(0)
    lack = ", as the system does when the memory is not enough" if code == -signal.SIGKILL else ""
    return why_ended(code, errors.read().decode(errors="replace")) + lack


def main():
    """Be the child: do the step that the standard input names."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say = open_messages()
    step, job = sys.stdin.readline().strip(), Job.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        result = _do(
            step,
            job,
            notify=lambda text: say(notify=text),
            report=lambda row: say(report=row),
            progress=lambda done, total: say(progress=(done, total)),
        )
    except (ValueError, OSError, MemoryError) as error:
        say(error=one_line(error))
        sys.exit(1)
    say(result=result)


def _end_with_parent():
    """Wait until the parent closes the standard input, at its end at the latest."""
    while os.read(0, 1):  # not through sys.stdin, whose lock would be held when the process ends
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
