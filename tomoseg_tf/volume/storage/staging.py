"""Output that appears under its final name only when it is complete."""

import fnmatch
import glob
import os
import platform
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

from tomoseg_tf.volume.storage.full_disk import naming_full_disk


def check_destination(path, overwrite=False, *, folder=False, marker=None, contents=None):
    """Check that a new file or folder may be written at a path, before any work is done.

    Parameters
    ----------
    path : str or Path
        Where the output will be.
    overwrite : bool, optional
        Whether an existing output of the same kind may be replaced.
    folder : bool, optional
        Whether the output is a folder.
    marker : str or sequence of str, optional
        Name (or pattern) of a file in the folders that may be replaced, or of all of several; an
        empty folder may be, too.
    contents : sequence of str, optional
        Patterns of all files in the folders that may be replaced, such as ``scans/*.tif``; hidden
        files may lie there, too.

    Raises
    ------
    ValueError
        If it exists (and may not be replaced, is a folder where a file is to be written or the
        reverse, the current folder, or a folder without the marker or with other contents), or the
        folder it belongs into does not exist.
    """
    path = Path(path)
    if os.path.lexists(path):
        if not overwrite:
            raise ValueError(f"{path} already exists; choose another name or pass --overwrite")
        if path.is_dir() != folder:
            is_now, wanted = ("folder", "file") if path.is_dir() else ("file", "folder")
            raise ValueError(
                f"{path} already exists and is a {is_now}, not a {wanted}; choose another name"
            )
        if folder and os.path.samefile(path, os.curdir):
            raise ValueError(f"{path} is the current folder; name a new folder in it")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: the folder {path.parent} does not exist; create it first")
    _check_marker(path, marker)
    _check_contents(path, contents)


@contextmanager
def staged_file(path, *, overwrite=False):
    """Write a file under a temporary name that becomes the final one on success.

    The file is flushed to the disk before it is renamed; on any exception it is removed. A link
    stays a link: the file it leads to is replaced.

    Parameters
    ----------
    path : str or Path
        Final name of the file.
    overwrite : bool, optional
        Whether an existing file may be replaced. It stays as it is until the new one is complete.

    Yields
    ------
    Path
        Temporary name beside `path`, or beside what it links to, to be written by the caller;
        nothing is there yet.

    Raises
    ------
    ValueError
        If `path` cannot be written (see `check_destination`).
    """
    with staged_files(path, overwrite=overwrite) as (partial,):
        yield partial


@contextmanager
def staged_files(*paths, overwrite=False):
    """Write files that belong together under temporary names that become the final ones on success.

    All are flushed to the disk before any existing one is touched. Then the first goes before the
    others are replaced, and the new one comes last: it never stands beside others than its own. A
    link stays a link: the file it leads to is replaced.

    Parameters
    ----------
    *paths : str or Path
        Final names of the files.
    overwrite : bool, optional
        As for `staged_file`.

    Yields
    ------
    list of Path
        Temporary names, as `staged_file` has them.

    Raises
    ------
    ValueError
        If one of them cannot be written (see `check_destination`).
    """
    paths = [follow_link(path) for path in paths]
    for path in paths:
        check_destination(path, overwrite)
    partials = [_partial(path) for path in paths]
    try:
        with naming_full_disk(paths[0]):
            yield partials
            for partial in partials:
                _flush(partial)
        for path in paths:
            check_destination(path, overwrite)  # it may have come into being meanwhile
        if len(paths) > 1:
            paths[0].unlink(missing_ok=True)
        for partial, path in reversed(list(zip(partials, paths, strict=True))):
            os.replace(partial, path)
    except BaseException:
        for partial in partials:
            partial.unlink(missing_ok=True)
        raise
    for folder in {path.parent for path in paths}:
        _flush(folder)


@contextmanager
def staged_folder(path, *, overwrite=False, marker=None, contents=None):
    """Fill a folder under a temporary name that becomes the final one on success.

    Its files are flushed to the disk before it is renamed; on any exception it is removed. A folder
    that it replaces is moved aside first and deleted last; where a process was killed in between,
    the next one puts it back. A link stays a link: the folder it leads to is replaced.

    Parameters
    ----------
    path : str or Path
        Final name of the folder.
    overwrite : bool, optional
        Whether an existing folder may be replaced.
    marker : str or sequence of str, optional
        Pattern of a file name, such as ``manifest.json``, or several. A folder that is not empty is
        replaced only if it holds such a file, so that a mistyped name does not cost a home folder.
    contents : sequence of str, optional
        Patterns of all its files, such as ``scans/*.tif``. A folder in which somebody put others
        is not replaced.

    Yields
    ------
    Path
        Temporary folder beside `path`, or beside what it links to, empty.

    Raises
    ------
    ValueError
        If `path` cannot be written (see `check_destination`) or is a folder of something else.
    """
    path = follow_link(path)
    old = _replaced(path)
    check_destination(path, overwrite, folder=True, marker=marker, contents=contents)
    partial = _partial(path)
    partial.mkdir()
    try:
        with naming_full_disk(path):
            yield partial
        for folder, _, names in os.walk(partial):
            for name in names:
                _flush(Path(folder, name))
            _flush(folder)
        check_destination(path, overwrite, folder=True, contents=contents)
        _swap(partial, path, old)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _flush(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def follow_link(path):
    """Name what a link leads to, so that the link stays where that is replaced.

    Parameters
    ----------
    path : str or Path
        Final name of an output.

    Returns
    -------
    Path
        The same, unless it is a link or has no name, as ``.`` has none.
    """
    path = Path(path)
    return path.resolve() if path.is_symlink() or not path.name else path


def _swap(partial, path, old):
    """Rename a finished folder onto its final name, an existing one moved aside."""
    if not path.exists():
        os.rename(partial, path)
        return
    os.rename(path, old)
    try:
        os.rename(partial, path)
    except BaseException:
        os.rename(old, path)
        raise


def _check_marker(path, marker):
    """Refuse to replace a folder that does not look like what is going to be written."""
    if marker is None or not path.is_dir() or not any(path.iterdir()):
        return
    for pattern in (marker,) if isinstance(marker, str) else marker:
        if not any(path.glob(pattern)):
            raise ValueError(
                f"{path} already exists and holds no {pattern}: it is something else; "
                "choose another name"
            )


def _check_contents(path, contents):
    """Refuse to replace a folder with files that are not among what is going to be written."""
    if contents is None or not path.is_dir():
        return
    for item in sorted(path.rglob("*")):
        name = item.relative_to(path).as_posix()
        counts = item.is_symlink() or not (item.is_dir() or item.name.startswith("."))
        if counts and not any(fnmatch.fnmatchcase(name, pattern) for pattern in contents):
            raise ValueError(
                f"{path} already exists and holds {name}, which would be lost; move that elsewhere "
                "or choose another name"
            )


def _partial(path):
    """Temporary name of an output, free; what killed processes of this machine left is removed."""
    partial, others = _temporary(path, "partial")
    for left in others:
        _remove(left)
    return partial


def _replaced(path):
    """Temporary name of the folder that an output replaces; what killed processes left is cleared.

    If the output is missing, one was killed between its two renames: the latest folder that was
    moved aside is the only copy and is put back.
    """
    replaced, others = _temporary(path, "replaced")
    others.sort(key=lambda left: left.lstat().st_ctime_ns)
    if others and not os.path.lexists(path):
        os.rename(others.pop(), path)
    for left in others:
        shutil.rmtree(left, ignore_errors=True)
    return replaced


def _temporary(path, kind):
    """Temporary name beside an output, and those that no living process of this machine uses."""
    host = platform.node() or "localhost"
    stem = f".{path.name}.{kind}-{host}-"
    others = []
    for left in path.parent.glob(f"{glob.escape(stem)}*"):
        number = left.name.removeprefix(stem)
        if number == str(os.getpid()) or (number.isdecimal() and not _is_alive(int(number))):
            others.append(left)
    return path.with_name(f"{stem}{os.getpid()}"), others


def _is_alive(process):
    """Whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _remove(path):
    """Remove a file or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(path):
    """Force a file or the entries of a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if os.path.isdir(path):
            with suppress(OSError):  # some file systems cannot flush folders
                os.fsync(descriptor)
        else:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
