"""Where Optuna keeps the trials: a journal file in the folder of the search, or a database."""

import fcntl
import os
from pathlib import Path

import optuna
import sqlalchemy
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

JOURNAL = "journal.log"
START = b'{"op_code"'  # of every line of a journal
DATABASES = (".db", ".sqlite", ".sqlite3")
PATIENCE = 60  # seconds that SQLite waits for another process

optuna.logging.set_verbosity(optuna.logging.WARNING)


class FileLock:
    """A lock for Optuna that the system frees when its process ends, however that ends.

    A process killed while it appends to the journal leaves the beginning of a line, which would
    spoil the next line for all readers: whoever gets the lock removes it first.

    Parameters
    ----------
    path : str or Path
        The journal; the lock is on the file itself.
    """

    def __init__(self, path):
        self._path = os.fspath(path)
        self._held = None

    def acquire(self):
        """Wait for the lock; then cut the journal after its last whole line."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            cut_unfinished_line(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._held = descriptor
        return True

    def release(self):
        """Free the lock."""
        descriptor, self._held = self._held, None
        os.close(descriptor)


def cut_unfinished_line(descriptor, block=1 << 16):
    """Cut an open file after its last line break.

    Parameters
    ----------
    descriptor : int
        Of a file open for reading and writing.
    block : int, optional
        Bytes read at once, from the end on.
    """
    end = os.fstat(descriptor).st_size
    place = end
    while place:
        begin = max(place - block, 0)
        found = os.pread(descriptor, place - begin, begin).rfind(b"\n")
        if found >= 0:
            place = begin + found + 1
            break
        place = begin
    if place < end:
        os.ftruncate(descriptor, place)


def check_storage(place):
    """Check that a journal may be kept in a file: it is new, empty, or a journal already.

    Parameters
    ----------
    place : str or None
        As for `open_storage`; what is no journal file passes.

    Raises
    ------
    ValueError
        If it is another file, or its folder does not exist.
    """
    if place is None or _is_database(place):
        return
    path = Path(place)
    if not path.parent.is_dir():
        raise ValueError(f"{path}: the folder {path.parent} does not exist; create it first")
    if not path.exists():
        return
    # a process killed in the first line leaves a part of it
    if not path.is_file() or not START.startswith(_beginning(path)):
        raise ValueError(
            f"--storage {path} exists and is no journal of trials; name a new file, or an SQLite "
            f"file by a suffix of {', '.join(DATABASES)}"
        )


def open_storage(place, folder):
    """Open the storage of a search.

    Parameters
    ----------
    place : str or None
        URL of a database as SQLAlchemy has it (``postgresql://...``), an SQLite file (``.db``,
        ``.sqlite``, ``.sqlite3``) or a journal file; None for the journal in the folder.
    folder : Path
        Folder of the search.

    Returns
    -------
    optuna.storages.BaseStorage
        The storage.

    Raises
    ------
    ValueError
        If it cannot be opened, or is another file.
    """
    if place is None or not _is_database(place):
        check_storage(place)
        path = Path(folder, JOURNAL) if place is None else Path(place)
        return JournalStorage(JournalFileBackend(str(path), lock_obj=FileLock(path)))
    url = _url(place)
    local = url.get_backend_name() == "sqlite"
    options = {"connect_args": {"timeout": PATIENCE}} if local else {"pool_pre_ping": True}
    try:
        return RDBStorage(url.render_as_string(hide_password=False), engine_kwargs=options)
    except (sqlalchemy.exc.SQLAlchemyError, ImportError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"--storage {describe_storage(place)} cannot be opened: {reason}; check the address, "
            "and that its driver is installed"
        ) from None


def describe_storage(place):
    """Name a storage without its password.

    Parameters
    ----------
    place : str or None
        As for `open_storage`.

    Returns
    -------
    str
        What the folder of the search states, so that the search is not gone on with elsewhere.
    """
    if place is None:
        return JOURNAL
    return _url(place).render_as_string() if _is_database(place) else str(place)


def _beginning(path):
    """Read as much of a file as the start of a journal has."""
    with open(path, "rb") as file:
        return file.read(len(START))


def _is_database(place):
    return "://" in place or Path(place).suffix.lower() in DATABASES


def _url(place):
    text = place if "://" in place else f"sqlite:///{Path(place).absolute()}"
    try:
        return sqlalchemy.engine.make_url(text)
    except sqlalchemy.exc.ArgumentError:
        raise ValueError(
            "--storage is no address of a database; it reads as in postgresql://user@host/name"
        ) from None
