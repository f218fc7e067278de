"""The cache: weights fetched or unpacked once, and used from then on without a network."""

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path

from tomoseg_tf.volume.storage.locking import NO_LOCKS

VARIABLE = "TOMOSEG_TF_CACHE"


def cache_folder():
    """Tell where fetched weights are kept.

    Returns
    -------
    Path
        The variable TOMOSEG_TF_CACHE of the environment, or ``tomoseg-tf`` in the user's folder
        for such files; it may not exist.
    """
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE]).expanduser()
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "tomoseg-tf"


def is_cached(folder: Path):
    """Tell whether a folder lies in the cache, so that it must stay as it is.

    Parameters
    ----------
    folder : Path
        Such as that of weights.

    Returns
    -------
    bool
    """
    return cache_folder().resolve() in Path(folder).resolve().parents


@contextmanager
def locked_entry(key):
    """Be the only process that makes an entry of the cache; others wait.

    Parameters
    ----------
    key : str
        Name of the entry.

    Yields
    ------
    Path
        The entry's folder, which need not exist; the folder above does.

    Raises
    ------
    ValueError
        If the cache cannot be written.
    """
    entry = cache_folder() / "weights" / key
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(entry.with_name(f".{key}.lock"), os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise ValueError(
            f"{entry.parent}: weights cannot be kept there ({error.strerror}); set {VARIABLE} to "
            "a folder that can be written"
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # ends with the process, however that ends
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        yield entry
    finally:
        os.close(descriptor)
