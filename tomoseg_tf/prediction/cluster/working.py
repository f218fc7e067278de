"""What a worker does: the same prediction as a single process, for its range of slices."""

import contextlib
import os
import socket
import threading
import zlib
from dataclasses import dataclass, replace
from typing import Any

from tomoseg_tf.prediction.cluster.ranges import RangeStore

_ONE = threading.Lock()  # ranges at a time in a process: each takes the memory of a whole plan
_ready = {}  # the last job and its networks, which all ranges of it share


@dataclass(frozen=True)
class Job:
    """A prediction, as it is sent to the workers.

    Attributes
    ----------
    open : callable
        ``open()`` makes the networks ready.
    predict : callable
        ``predict(networks, outputs, roi=...)`` predicts a part of the volume.
    outputs : list of Output
        What is made of the probabilities, without writers.
    roi : tuple of (int, int)
        Part of the volume that all workers predict together.
    store : RangeStore
        Where the results go.
    folder : str
        Working folder of the client: relative names mean the same on a worker.
    """

    open: Any
    predict: Any
    outputs: list
    roi: tuple
    store: RangeStore
    folder: str


def pack(job):
    """Turn a job into bytes that are sent with each range."""
    import cloudpickle  # comes with Dask

    return zlib.compress(cloudpickle.dumps(job), 1)


def predict_range(packed, start, stop):
    """Predict a range of slices on a worker and write it into the store.

    Parameters
    ----------
    packed : bytes
        From `pack`.
    start, stop : int
        Slices of the volume.

    Returns
    -------
    str
        Name of the host.

    Raises
    ------
    ValueError
        If the worker does not see the files of the client, or what a prediction raises.
    """
    with _ONE, contextlib.ExitStack() as stack:
        if packed not in _ready:
            _ready.clear()
            job = _unpack(packed)
            stack.enter_context(contextlib.chdir(job.folder))
            _ready[packed] = job, job.open()
        else:
            stack.enter_context(contextlib.chdir(_ready[packed][0].folder))
        job, networks = _ready[packed]
        outputs = [
            replace(output, writer=job.store.writer(index, start))
            for index, output in enumerate(job.outputs)
        ]
        job.predict(networks, outputs, roi=((start, stop), *job.roi[1:]))
    return socket.gethostname()


def _unpack(packed):
    """Undo `pack`; check that this machine sees the files."""
    import cloudpickle

    job = cloudpickle.loads(zlib.decompress(packed))
    for folder in (job.folder, job.store.path):
        if not os.path.isdir(folder):
            raise ValueError(
                f"the worker on {socket.gethostname()} has no folder {folder}; workers need the "
                "files under the same names, on a file system that all of them see"
            )
    return job
