"""A process of its own that answers a request, for what loads TensorFlow.

TensorFlow and the OpenGL drivers of Mesa were seen to crash in one process.
"""

import json
import signal
import sys

from tomoseg_tf.studies.child_process import one_line

EXPECTED = (ValueError, OSError, MemoryError)  # what a user can cause


def serve(handle):
    """Answer the request on standard input, in lines of JSON on standard output.

    Parameters
    ----------
    handle : callable
        Called as ``handle(request, progress)``, gives the answer; ``progress(done, total)`` writes
        a line ``{"progress": [done, total]}``. What it raises of `EXPECTED` becomes the answer
        ``{"error": ...}``.
    """
    before = signal.signal(signal.SIGTERM, _end)
    try:
        answer = handle(json.load(sys.stdin), lambda *pair: _say({"progress": pair}))
    except EXPECTED as error:
        answer = {"error": one_line(error)}
    finally:
        signal.signal(signal.SIGTERM, before)
    _say(answer)


def _end(*_):
    """Clean up as after Ctrl-C, and let nothing interrupt that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _say(answer):
    """Write a line at once."""
    print(json.dumps(answer), flush=True)
