"""The process of one trial: told what to do, and after each epoch whether to go on."""

import contextlib
import json
import os
import queue
import signal
import threading
from pathlib import Path

from tomoseg_tf.studies.child_process import one_line, open_messages

GO, STOP = "go", "stop"


def answer(do):
    """Be the child: do the job that the standard input states, and say how it ended.

    Parameters
    ----------
    do : callable
        ``do(job, tell, notify)`` returns the last message. ``tell(**epoch)`` says that an epoch is
        over and returns whether to stop.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent decides; with it the child ends
    with contextlib.suppress(OSError):  # where the memory is not enough, the parent shall live
        Path("/proc/self/oom_score_adj").write_text("800")
    say, words = open_messages(), queue.Queue()

    def tell(**epoch):
        say(**epoch)
        return words.get() == STOP

    threading.Thread(target=_hear, args=(words,), daemon=True).start()
    job = json.loads(words.get())
    try:
        say(**do(job, tell, lambda text: say(notify=text)))
    except MemoryError as error:
        say(error=one_line(error), cause="memory")
    except OSError as error:
        say(error=one_line(error), cause="machine")
    except ValueError as error:
        say(error=one_line(error), cause="settings")


def _hear(words):
    """Pass on the lines of the parent; end with it, at the end of its lines at the latest."""
    begun = b""
    while part := os.read(0, 1 << 16):  # sys.stdin's lock would be held when the process ends
        *lines, begun = (begun + part).split(b"\n")
        for line in lines:
            words.put(line.decode())
    os._exit(1)
