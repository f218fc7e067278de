"""Where weights are found: folders and archives first, then names, shipped or in a mirror."""

from pathlib import Path

from tomoseg_tf.weights.address import check_digest, is_address, split_pin
from tomoseg_tf.weights.fetching import fetch_weights, unpack_into_cache
from tomoseg_tf.weights.mirror import VARIABLE, find_in_mirror, mirror_place
from tomoseg_tf.weights.shipped import CONFIG, shipped_weights, weights_in

OTHER_ARCHIVES = (".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")


def find_weights(name_or_folder: str | Path, *, sha256=None, again=False, progress=None):
    """Find a weights folder.

    Parameters
    ----------
    name_or_folder : str or Path
        An existing folder or zip archive of weights; the address of an archive (``https://``,
        ``http://`` or ``file://``), fetched once and kept in the cache; the name of weights that
        come with the package, or else lie in the mirror that the variable TOMOSEG_TF_WEIGHTS of
        the environment names, a folder or an address. Behind an archive or address may stand
        ``#sha256=...``, which is then checked.
    sha256 : str, optional
        SHA-256 of the archive, in place of the one behind it.
    again : bool
        Fetch even what is in the cache.
    progress : callable, optional
        Called as ``progress(done, total)`` in bytes if something is fetched.

    Returns
    -------
    Path
        The folder, which holds a ``config.json``.

    Raises
    ------
    ValueError
        If there is no such folder, archive or name, if the folder holds no weights, if an archive
        is refused, or if it is another single file, which must be imported first.
    """
    place, pinned = split_pin(name_or_folder)
    sha256 = pinned if sha256 is None else check_digest(sha256, place)
    if is_address(place):
        return fetch_weights(place, sha256=sha256, again=again, progress=progress)
    path = Path(place)
    if path.is_file():
        return _of_file(path, sha256)
    if sha256 is not None:
        raise ValueError(f"{place} is no file; only of an archive a SHA-256 can be stated")
    if path.is_dir():
        return _check_folder(path)
    shipped = shipped_weights()
    if place in shipped:
        return shipped[place]
    if is_address(name_or_folder):
        raise ValueError(f"{name_or_folder}: there is no such file or folder")
    return _of_mirror(place, shipped, again=again, progress=progress)


def needs_fetching(name_or_folder):
    """Tell whether finding weights may take long, for a network or an archive to unpack.

    Parameters
    ----------
    name_or_folder : str
        As for `find_weights`.

    Returns
    -------
    bool
        False for folders and shipped names, and for what is nothing of all that.
    """
    place, _ = split_pin(name_or_folder)
    path = Path(place)
    if is_address(place) or path.is_file():
        return True
    return not path.is_dir() and place not in shipped_weights() and mirror_place() is not None


def _of_file(path, sha256):
    """Unpack an archive; tell what is to be done with another file."""
    with open(path, "rb") as file:
        start = file.read(2)
    if start == b"PK" or path.suffix.lower() == ".zip" or sha256 is not None:
        if path.suffix.lower() == ".keras":
            raise ValueError(
                f"{path} is a whole model of Keras; save its weights alone with "
                "model.save_weights('NAME.weights.h5'), then import that: tomoseg-tf weights import"
            )
        return unpack_into_cache(path, sha256=sha256)
    if path.suffix.lower() in OTHER_ARCHIVES:
        raise ValueError(
            f"{path} is an archive of another kind than the .zip of weights; unpack it, and name "
            "the folder in it"
        )
    raise ValueError(
        f"{path} is a file, not a weights folder; import it first: "
        f"tomoseg-tf weights import {path} FOLDER --model unet_3d"
    )


def _of_mirror(name, shipped, **options):
    """Find a name in the mirror, or say where it was looked for."""
    names = ", ".join(shipped) or "none"
    where = f"no weights {name!r}: neither a folder nor a shipped name ({names})"
    place = mirror_place()
    if place is None:
        raise ValueError(where)
    found = find_in_mirror(name, place, **options)
    if found is None:
        raise ValueError(f"{where}, nor in the mirror {place} ({VARIABLE})")
    return found


def _check_folder(folder):
    if (folder / CONFIG).is_file():
        return folder
    inside = ", ".join(str(path) for path in weights_in(folder).values())
    hint = f"; it holds weights folders, name one: {inside}" if inside else ""
    raise ValueError(f"{folder} is not a weights folder, {CONFIG} is missing{hint}")
