"""Mirrors: a folder of archives with an index, which any server of files can serve."""

import os
from pathlib import Path
from urllib.parse import quote

from tomoseg_tf.volume import check_apart, check_destination, file_hash, staged_folder
from tomoseg_tf.weights.address import is_address, split_pin
from tomoseg_tf.weights.archive import pack_weights
from tomoseg_tf.weights.fetching import fetch_weights, fetched_before, unpack_into_cache
from tomoseg_tf.weights.index import INDEX, Index, describe_weights, join, read_index
from tomoseg_tf.weights.mirror_page import page
from tomoseg_tf.weights.shipped import CONFIG

VARIABLE = "TOMOSEG_TF_WEIGHTS"


def mirror_place():
    """Tell where names are looked for that neither a folder nor shipped weights have.

    Returns
    -------
    str or None
        The variable TOMOSEG_TF_WEIGHTS of the environment: a folder or an address.
    """
    given = os.environ.get(VARIABLE)
    return split_pin(given)[0] if given else None


def find_in_mirror(name, place, *, again=False, progress=None):
    """Find weights by name in a mirror.

    Parameters
    ----------
    name : str
        Their name.
    place : str or Path
        Folder or address of the mirror; or a folder of weights folders.
    again : bool
        Fetch them even if they are in the cache.
    progress : callable, optional
        Called as ``progress(done, total)`` in bytes.

    Returns
    -------
    Path or None
        The weights folder, fetched if need be; None if the mirror does not have them. What was
        fetched before is used without asking the mirror.

    Raises
    ------
    ValueError
        If there is no such mirror, or the archive is not the one of its index.
    """
    if not is_address(place):
        plain = Path(place) / name
        if name == plain.name and (plain / CONFIG).is_file():
            return plain
    where = archive_place(name, place)
    if is_address(where) and not again and (kept := fetched_before(where)):
        return kept
    if not is_address(place) and Path(place).is_dir() and not Path(join(place, INDEX)).is_file():
        return None  # a folder of weights folders
    entry = read_index(place).find(name)
    if entry is None:
        return None
    if is_address(where):
        return fetch_weights(where, sha256=entry.sha256, again=again, progress=progress)
    return unpack_into_cache(Path(where), sha256=entry.sha256)


def archive_place(name, place):
    """Tell where a mirror has the archive of weights.

    Parameters
    ----------
    name : str
        Their name.
    place : str or Path
        Folder or address of the mirror.

    Returns
    -------
    str
        Its path or address.
    """
    return join(place, f"{quote(name) if is_address(place) else name}.zip")


def mirror_weights(opened, folder: Path, *, overwrite=False, progress=None):
    """Copy weights into a folder that any server of files can serve.

    The folder gets ``NAME.zip`` for each, its card and picture, ``index.json`` for programs and
    ``index.html`` for people.

    Parameters
    ----------
    opened : sequence of Weights
        The weights, of different names.
    folder : Path
        The folder to write.
    overwrite : bool
        Replace an existing mirror.
    progress : callable, optional
        Called as ``progress(done, total)`` in weights.

    Returns
    -------
    Index

    Raises
    ------
    ValueError
        If two have the same name, or the folder exists, is no mirror or holds one of the weights.
    """
    folder, entries = Path(folder), []
    check_mirror(folder, overwrite)
    check_apart([folder], [fitted.folder for fitted in opened])
    opened = sorted(opened, key=lambda fitted: fitted.name)
    names = [fitted.name.lower() for fitted in opened]
    twice = next((each.name for each in opened if names.count(each.name.lower()) > 1), None)
    if twice is not None:
        raise ValueError(f"two weights are called {twice}; rename the folder of one of them")
    with staged_folder(folder, overwrite=overwrite, marker=INDEX) as partial:
        for fitted in opened:
            entries.append(_put(fitted, partial))
            if progress:
                progress(len(entries), len(opened))
        index = Index(weights=tuple(entries))
        (partial / INDEX).write_text(index.model_dump_json(indent=2) + "\n", encoding="utf-8")
        (partial / "index.html").write_text(page(index), encoding="utf-8")
    return index


def check_mirror(folder, overwrite):
    """Check that a mirror may be written, before anything is fetched for it.

    Parameters
    ----------
    folder : Path
        The folder to write.
    overwrite : bool
        Whether an existing mirror may be replaced.

    Raises
    ------
    ValueError
        If the folder exists and may not be replaced, or is no mirror.
    """
    check_destination(folder, overwrite, folder=True, marker=INDEX)
    if (folder / INDEX).is_file():
        read_index(folder)  # other programs write files of this name, too


def list_mirror(place):
    """List what a mirror has.

    Parameters
    ----------
    place : str or Path
        Folder or address.

    Returns
    -------
    tuple of IndexEntry or None
        None if it is a folder without an index.

    Raises
    ------
    ValueError
        If there is no index at the address, or it is none.
    """
    place = split_pin(place)[0]
    if is_address(place) or Path(join(place, INDEX)).is_file():
        return read_index(place).weights
    return None


def _put(fitted, folder):
    """Copy weights into a mirror; return their entry."""
    archive = folder / f"{fitted.name}.zip"
    pack_weights(fitted.folder, archive)
    (folder / f"{fitted.name}.md").write_text(fitted.read_card(), encoding="utf-8")
    if fitted.picture is not None:
        (folder / f"{fitted.name}.png").write_bytes(fitted.picture.read_bytes())
    return describe_weights(fitted, sha256=file_hash(archive), bytes=archive.stat().st_size)
