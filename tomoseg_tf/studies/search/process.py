"""A trial in a process of its own: its memory ends with it, and its end is not that of the search.

The parent writes the job as one line to the standard input of the child and keeps it open: when
that ends, as it does when the parent is killed, the child ends too. After each epoch the child
waits for the word of its parent.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading

from tomoseg_tf.studies.child_process import child_environment, why_ended
from tomoseg_tf.studies.search.book import COMPLETE, FAILED, PRUNED, Outcome
from tomoseg_tf.studies.search.child import GO, STOP
from tomoseg_tf.studies.search.loop import SearchError

LACK = (
    "its process was ended by SIGKILL twice without an epoch in between, as the system does when "
    "the memory is not enough"
)
TRAINER = "tomoseg_tf.studies.search.work"


class Trainer:
    """Trains trials in processes of their own.

    Parameters
    ----------
    job_of : callable
        ``job_of(trial)`` gives the job of a trial as a dictionary for JSON.
    jobs : int
        Trials trained at once.
    gpus : sequence of str
        Identifiers of the GPUs that they share; without any they share the cores.
    notify : callable
        ``notify(text)`` is called with notices and the scores of each epoch.
    module : str
        Module that is run, with the job on its standard input.
    """

    def __init__(self, job_of, *, jobs=1, gpus=(), notify, module=TRAINER):
        self._job_of, self._jobs, self._gpus = job_of, jobs, tuple(gpus)
        self._notify, self._module = notify, module
        self._children, self._lock, self._stopped = set(), threading.Lock(), False

    def __call__(self, trial, slot, report):
        """Train a trial, or what is left of it; see `run_trials`."""
        furthest, deaths = 0, 0

        def count(epoch, value, last=False):
            nonlocal furthest, deaths
            if epoch > furthest:
                furthest, deaths = epoch, 0
            return report(epoch, value, last=last)

        while True:
            last, code, told = self._train(trial, slot, count)
            if self._stopped:
                return None
            if "error" in last or "state" in last:
                return _outcome(trial, last)
            if code != -signal.SIGKILL:
                return Outcome(FAILED, facts={"reason": why_ended(code, told)})
            deaths += 1
            if deaths > 1:
                return Outcome(PRUNED, facts={"reason": LACK, "cause": "memory"})
            self._notify(f"trial {trial.number}: its process was killed; it goes on in another")

    def stop(self):
        """End all processes; what they have not kept is lost, an epoch each at most."""
        with self._lock:
            self._stopped = True
            for child in self._children:
                child.kill()

    def _train(self, trial, slot, report):
        """Run one process; return its last message, its exit status and what it told besides."""
        with tempfile.TemporaryFile() as errors:
            child = self._start(slot, trial.lock, errors)
            if child is None:
                return {}, 0, ""
            with child:
                try:
                    child.stdin.write(f"{json.dumps(self._job_of(trial))}\n")
                    child.stdin.flush()
                    last = self._listen(child, trial, report)
                except BrokenPipeError:
                    last = {}
                finally:
                    with contextlib.suppress(BrokenPipeError):
                        child.stdin.close()
                code = child.wait()
            with self._lock:
                self._children.discard(child)
            errors.seek(0)
            return last, code, errors.read().decode(errors="replace")

    def _start(self, slot, lock, errors):
        environment = child_environment()
        if self._gpus:
            environment["CUDA_VISIBLE_DEVICES"] = self._gpus[slot % len(self._gpus)]
            if self._jobs > len(self._gpus):
                environment["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        with self._lock:
            if self._stopped:
                return None
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                pass_fds=(lock,),
                process_group=0,  # Ctrl-C is for the parent
                text=True,
                encoding="utf-8",
            )
            self._children.add(child)
        if not self._gpus and self._jobs > 1:
            _share_cores(child.pid, slot, self._jobs)
        return child

    def _listen(self, child, trial, report):
        """Pass on messages; return the last one, which says how it ended."""
        last = {}
        for line in child.stdout:
            last = json.loads(line)
            if "notify" in last:
                self._notify(f"trial {trial.number}: {last['notify']}")
            if "epoch" in last:
                if last["fresh"]:
                    self._notify(_epoch_line(trial, last))
                stops = report(last["epoch"], last["value"], last=last["last"])
                child.stdin.write(f"{STOP if stops else GO}\n")
                child.stdin.flush()
        return last


def _outcome(trial, last):
    """How a trial ended, from the last message of its process."""
    if "state" in last:
        state = {"complete": COMPLETE, "pruned": PRUNED}[last["state"]]
        return Outcome(state, last.get("value"), last.get("facts", {}))
    if last["cause"] == "machine":
        raise SearchError(
            f"trial {trial.number}: {last['error']}; the same command without --overwrite goes on "
            "with the search"
        )
    return Outcome(PRUNED, facts={"reason": last["error"], "cause": last["cause"]})


def _share_cores(pid, slot, jobs):
    """Give a process its share of the cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    mine = cores[slot::jobs] or [cores[slot % len(cores)]]
    with contextlib.suppress(OSError):
        os.sched_setaffinity(pid, mine)


def _epoch_line(trial, message):
    return (
        f"trial {trial.number}  epoch {message['epoch']}/{message['epochs']}  "
        f"val {message['score']} {message['value']:.4f}  {message['seconds']:.1f} s"
    )
