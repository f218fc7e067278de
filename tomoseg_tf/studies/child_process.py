"""Processes that studies start: where they run, what they say, and how they ended.

A child writes messages to its standard output, a JSON object on a line each.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import tomoseg_tf


def child_environment():
    """Environment variables by which a child imports this very package.

    Returns
    -------
    dict of str to str
        Those of this process, with the place of the package first in PYTHONPATH.
    """
    root = str(Path(tomoseg_tf.__file__).parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def visible_gpus():
    """List the GPUs of this machine without taking any of their memory.

    Returns
    -------
    list of str
        Identifiers for ``CUDA_VISIBLE_DEVICES``, those that it names already if it is set.
    """
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1")]
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        return told.stdout.split()
    return []


def open_messages():
    """Take the standard output for messages; what a library prints goes to the standard error.

    Returns
    -------
    callable
        ``say(**message)`` writes one message, from any thread; nothing if nobody listens.
    """
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(**message):
        with lock, contextlib.suppress(BrokenPipeError):
            messages.write(json.dumps(message) + "\n")
            messages.flush()

    return say


def one_line(error):
    """Say in one line what an error says.

    Parameters
    ----------
    error : Exception
        Any.

    Returns
    -------
    str
        Its text, or its name if it has none.
    """
    return " ".join(str(error).split()) or type(error).__name__


def why_ended(code, told):
    """Say in one line why a process ended without a last message.

    Parameters
    ----------
    code : int
        Exit status, that of a signal negative.
    told : str
        What it wrote to the standard error.

    Returns
    -------
    str
        The signal, or the last line that it told.
    """
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    lines = told.strip().splitlines()
    return f"its process ended with {lines[-1] if lines else f'exit status {code}'}"
