"""Find the processes that share a prediction: those of a Dask cluster, or new ones here."""

import logging
import os
from contextlib import ExitStack, contextmanager

from tomoseg_tf.backend import find_gpus

PATIENCE = 30  # seconds in which a scheduler has to answer


@contextmanager
def connect(*, cluster=None, workers=None):
    """Connect to the workers of a Dask cluster, or start some on this machine.

    Parameters
    ----------
    cluster : str or dask.distributed.Client, optional
        Address of the scheduler, such as ``tcp://host:8786``; or a client, which stays open.
    workers : int, optional
        Processes to start on this machine instead; they end with the context. Where it has GPUs
        they take turns, one GPU each.

    Yields
    ------
    dask.distributed.Client

    Raises
    ------
    ValueError
        If Dask is not installed, both or neither are given, or no scheduler answers.
    """
    if (cluster is None) == (workers is None):
        raise ValueError("give either the address of a cluster or a number of workers")
    distributed = _load_dask()
    with ExitStack() as stack:
        if workers is not None:
            cluster = stack.enter_context(_local(distributed, workers))
        elif isinstance(cluster, distributed.Client):
            yield cluster
            return
        try:
            client = distributed.Client(cluster, timeout=PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ValueError(
                f"{cluster}: no Dask scheduler answers there ({reason}); start one with dask "
                "scheduler and give its address, such as tcp://host:8786"
            ) from None
        yield stack.enter_context(client)


def _load_dask():
    """Import Dask, which is an extra."""
    try:
        import distributed
    except ImportError:
        raise ValueError(
            "predicting on several processes needs Dask, which is not installed; "
            "pip install 'tomoseg-tf[cluster]'"
        ) from None
    return distributed


def _local(distributed, workers):
    """Make a cluster of processes on this machine; its own limit of memory is left out."""
    if workers < 1:
        raise ValueError(f"workers {workers}: must be at least 1")
    gpus = len(find_gpus())
    quiet = {"silence_logs": logging.CRITICAL}  # what fails is told by the client
    options = [
        {"nthreads": 1, "memory_limit": 0, "env": environment(index, gpus), **quiet}
        for index in range(workers)
    ]
    return distributed.SpecCluster(
        scheduler={
            "cls": distributed.Scheduler,
            "options": {
                "host": "127.0.0.1",
                "dashboard": False,
                "dashboard_address": "127.0.0.1:0",  # else 8787, which another cluster may have
            },
        },
        workers={
            index: {"cls": distributed.Nanny, "options": {"host": "127.0.0.1", **each}}
            for index, each in enumerate(options)
        },
        **quiet,
    )


def environment(index, gpus):
    """Environment of a process among others on one machine.

    Parameters
    ----------
    index : int
        Which of them.
    gpus : int
        How many GPUs there are.

    Returns
    -------
    dict from str to str
        The GPU that it sees. Nothing where there is none: with fewer threads than this process,
        sums would be made in another order, and probabilities differ in their last bits.
    """
    if not gpus:
        return {}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    names = [name for name in visible.split(",") if name] or [str(gpu) for gpu in range(gpus)]
    return {"CUDA_VISIBLE_DEVICES": names[index % len(names)]}
