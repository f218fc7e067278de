"""A weights folder as one zip archive: packed always alike, unpacked only if it is nothing else."""

import shutil
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tomoseg_tf.volume import check_destination, staged_file, staged_folder
from tomoseg_tf.weights.config import read_config
from tomoseg_tf.weights.shipped import CONFIG
from tomoseg_tf.weights.sums import MARKERS, MOST_FILES, NAME, SUMS, check_files, check_sums

DAY = (1980, 1, 1, 0, 0, 0)  # the first that an archive can state
RATIO = 20  # of the bytes unpacked to those of the archive; weights hardly shrink
FREE = 2**24  # bytes unpacked that any archive may have
DIRECTORY = 2**16  # bytes of the list of files in an archive
CLUTTER = ("__MACOSX/", ".DS_Store")
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, struct.error),
    *(NotImplementedError, RuntimeError, OverflowError, UnicodeDecodeError),
)


def pack_weights(folder: Path, path: Path, *, name=None, overwrite=False):
    """Pack a weights folder into a zip archive; the same weights give the same bytes.

    Only what SHA256SUMS lists is packed. It is stored without compression, which would save a few
    percent and depends on the version of the library.

    Parameters
    ----------
    folder : Path
        Weights folder.
    path : Path
        The archive, ``.zip``.
    name : str, optional
        What the weights are called; by default as the folder.
    overwrite : bool
        Replace an existing archive.

    Returns
    -------
    list of str
        Files in the folder that are not packed, since SHA256SUMS does not list them.

    Raises
    ------
    ValueError
        If a file of the weights is missing, changed or could not be unpacked, the name is none, or
        the archive exists.
    """
    folder, path = Path(folder), Path(path)
    name = folder.resolve().name if name is None else name
    check_name(name)
    if path.suffix.lower() != ".zip":
        raise ValueError(f"{path}: name an archive that ends in .zip")
    check_destination(path, overwrite)
    listed = sorted(check_sums(folder))
    check_files(folder, listed)
    names = [*listed, SUMS]
    with (
        staged_file(path, overwrite=overwrite) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive,
    ):
        for each in names:
            _add(archive, folder / each, f"{name}/{each}")
    inside = (item.name for item in folder.iterdir())
    return sorted(each for each in inside if each not in names and not each.startswith("."))


def unpack_weights(archive: Path, folder: Path, *, overwrite=False):
    """Unpack an archive into a weights folder, which appears only when it is complete and right.

    Parameters
    ----------
    archive : Path
        As `pack_weights` or any other program makes it: the files of one weights folder, in a
        folder of their own or not.
    folder : Path
        The weights folder to write.
    overwrite : bool
        Replace existing weights.

    Raises
    ------
    ValueError
        If it is no such archive, is damaged, holds links, other folders, paths outside or much
        more than its own size, or the files are not those that its SHA256SUMS lists.
    """
    with (
        _opened(archive) as (file, members),
        staged_folder(folder, overwrite=overwrite, marker=MARKERS) as partial,
    ):
        for name, member in members.items():
            with file.open(member) as source, open(partial / name, "xb") as target:
                shutil.copyfileobj(source, target, 2**20)
        try:
            listed = check_sums(partial, own=False)
            read_config(partial / CONFIG)
        except ValueError as error:
            raise ValueError(str(error).replace(str(partial), str(archive))) from None
        unlisted = next((name for name in members if name not in (*listed, SUMS)), None)
        if unlisted is not None:
            raise ValueError(f"{archive}: {unlisted} is not in {SUMS}; have the weights sent again")


def archived_name(archive: Path, called=None):
    """Tell what the weights in an archive are called.

    Parameters
    ----------
    archive : Path
        The archive.
    called : str, optional
        Name of the archive, if that of the file is another.

    Returns
    -------
    str
        The name of the folder in it; without one, that of the archive.

    Raises
    ------
    ValueError
        As `unpack_weights`, for what the list of its files shows.
    """
    with _opened(archive) as (_, members):
        folder = PurePosixPath(next(iter(members.values())).filename).parent.name
    name = folder or Path(called or archive).stem
    check_name(name)
    return name


def check_name(name):
    """Refuse a name of weights that could not be a folder everywhere.

    Parameters
    ----------
    name : str
        The name.

    Raises
    ------
    ValueError
        If it has other characters than letters, digits and any of ``_.+-`` and spaces, or begins
        with another than a letter, digit or ``_``.
    """
    if not NAME.fullmatch(name) or name.endswith((" ", ".")):
        raise ValueError(
            f"{name!r} cannot be the name of weights: take letters, digits and any of _.+-"
        )


def _add(archive, path, name):
    """Add a file, without its date and rights."""
    entry = zipfile.ZipInfo(name, DAY)
    entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
    entry.file_size = path.stat().st_size
    with open(path, "rb") as source, archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target, 2**20)


@contextmanager
def _opened(archive):
    """Open an archive and check the list of its files; what is wrong with it is one line."""
    try:
        if _directory_size(archive) > DIRECTORY:
            raise ValueError(f"{archive}: more than {MOST_FILES} files; weights are a few")
        with zipfile.ZipFile(archive) as file:
            yield file, _members(file, archive)
    except DAMAGE as error:
        raise ValueError(
            f"{archive} is damaged or cut off ({error}); fetch or copy it again"
        ) from None


def _members(file, archive):
    """Files of an archive by their names in the weights folder."""
    entries = [entry for entry in file.infolist() if not _is_clutter(entry.filename)]
    if len(entries) > MOST_FILES:
        raise ValueError(f"{archive}: more than {MOST_FILES} files; weights are a few")
    for entry in entries:
        _check_entry(entry, archive)
    entries = [entry for entry in entries if not entry.is_dir()]
    folders = {PurePosixPath(entry.filename).parent for entry in entries}
    members = {PurePosixPath(entry.filename).name: entry for entry in entries}
    if len(folders) > 1 or CONFIG not in members:
        raise ValueError(
            f"{archive} is no weights folder packed: {CONFIG} and all other files must be in one "
            "folder; make it with tomoseg-tf weights pack"
        )
    if len({name.lower() for name in members}) < len(entries):
        raise ValueError(f"{archive}: two files have the same name; have the weights sent again")
    unpacked, size = sum(entry.file_size for entry in entries), Path(archive).stat().st_size
    if unpacked > RATIO * size + FREE:
        raise ValueError(
            f"{archive}: {size} bytes would unpack to {unpacked}; weights hardly shrink, it is not "
            "unpacked"
        )
    return members


def _is_clutter(name):
    return name.startswith(CLUTTER[0]) or PurePosixPath(name).name == CLUTTER[1]


def _check_entry(entry, archive):
    """Refuse an entry that is no plain file in at most one folder."""
    name, kind = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
    parts = name.removesuffix("/").split("/")
    if len(parts) > 2 or not all(NAME.fullmatch(part) for part in parts):
        shown = name if len(name) <= 60 else f"{name[:57]}..."
        raise ValueError(
            f"{archive}: {shown!r} would not be a file of one weights folder; nothing was unpacked"
        )
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ValueError(f"{archive}: {name} is a link or device, not a file; nothing was unpacked")
    if entry.flag_bits & 1:
        raise ValueError(f"{archive}: {name} is encrypted; have the weights sent without")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{archive}: {name} is compressed in a rare way; pack it again")


def _directory_size(path):
    """Bytes that an archive states for the list of its files, read before it takes memory."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 2**16 - 42))
        tail = file.read()
        end = tail.rfind(b"PK\5\6")
        if end < 0 or len(tail) < end + 22:
            raise ValueError(f"{path} is no zip archive, or is cut off{_look(path)}")
        stated = struct.unpack_from("<I", tail, end + 12)[0]
        locator = tail[end - 20 : end] if end >= 20 else b""
        if locator.startswith(b"PK\6\7"):  # the sizes of large archives stand elsewhere
            file.seek(struct.unpack_from("<Q", locator, 8)[0])
            record = file.read(56)
            stated = struct.unpack_from("<Q", record, 40)[0]
    return stated


def _look(path):
    """Say what a file is that is no archive, if it is a page of the web."""
    with open(path, "rb") as file:
        start = file.read(512).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return ": it is a web page; give the address of the file itself"
    return "" if start else ": it is empty"
