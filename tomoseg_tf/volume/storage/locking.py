"""One writer at a time for each output."""

import errno
import fcntl
import os
import socket
from contextlib import contextmanager
from pathlib import Path

from tomoseg_tf.volume.storage.full_disk import naming_full_disk

NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)


@contextmanager
def single_writer(path):
    """Keep other processes from writing the same output meanwhile.

    The lock is a file ``.NAME.lock`` beside the output, held by the system: it ends with the
    process, however that ends, so that what a killed process left is taken over. The file is
    removed on leaving.

    Parameters
    ----------
    path : str or Path
        Final name of the output; it need not exist, the folder it belongs into must.

    Yields
    ------
    str or None
        What the user should know if the file system has no locks, as that of some clusters.

    Raises
    ------
    ValueError
        If another process is writing this output, or the folder does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise ValueError(f"{path}: the folder {path.parent} does not exist; create it first")
    real = path.resolve()
    lock = real.with_name(f".{real.name}.lock")
    descriptor = _acquire(lock, path)
    if descriptor is None:
        yield f"{path}: its file system has no locks; let no other process write there meanwhile"
        return
    try:
        with naming_full_disk(path):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield None
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _acquire(lock, path):
    """Open and lock a file that is still there under its name once it is locked."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(descriptor, lock):
                return descriptor
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise ValueError(
                f"{path} is being written by {holder or 'another process'}; "
                "wait for it to end, or choose another name"
            ) from None
        except OSError as error:
            os.close(descriptor)
            lock.unlink(missing_ok=True)
            if error.errno in NO_LOCKS:
                return None
            raise
        os.close(descriptor)


def _is_at(descriptor, lock):
    """Whether an open file is the one of this name: the last holder may have removed it."""
    try:
        there = os.stat(lock)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)
