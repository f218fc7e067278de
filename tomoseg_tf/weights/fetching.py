"""Weights from an archive, of the web or of this machine, unpacked once into the cache."""

import datetime
import hashlib
import json
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from tomoseg_tf.volume import file_hash, staged_folder
from tomoseg_tf.weights.address import split_pin
from tomoseg_tf.weights.archive import archived_name, unpack_weights
from tomoseg_tf.weights.cache import cache_folder, locked_entry
from tomoseg_tf.weights.download import download
from tomoseg_tf.weights.sums import check_sums

ORIGIN = "origin.json"  # of an entry of the cache, beside the weights folder
KEY = 20  # hexadecimal digits


def fetch_weights(address, *, sha256=None, again=False, progress=None):
    """Fetch an archive of weights once, check it, and keep what it holds in the cache.

    Parameters
    ----------
    address : str
        ``https://`` or ``http://``; the SHA-256 of the archive may stand behind it, as
        ``#sha256=...``.
    sha256 : str, optional
        SHA-256 of the archive, in place of that.
    again : bool
        Fetch it even if it is in the cache.
    progress : callable, optional
        Called as ``progress(done, total)`` in bytes.

    Returns
    -------
    Path
        Weights folder in the cache, as its SHA256SUMS says. What is there is used without asking
        the server.

    Raises
    ------
    ValueError
        If it cannot be fetched, is not the archive expected, no archive of weights, or the cache
        cannot be written. Then what was in the cache stays.
    """
    url, pinned = split_pin(address)
    sha256 = sha256 or pinned
    key = _key(url)
    if not again and (kept := _kept(key, sha256)):
        return kept
    with locked_entry(key) as entry:
        if not again and (kept := _kept(key, sha256)):  # another process was faster
            return kept
        partial = entry.with_name(f".{key}.part")
        try:
            found = download(url, partial, sha256=sha256, progress=progress)
            return _keep(partial, entry, {"address": url, "sha256": found}, _name_of(url))
        except ValueError as error:
            raise ValueError(str(error).replace(str(partial), url)) from None
        finally:
            partial.unlink(missing_ok=True)


def fetched_before(url):
    """Find weights in the cache by the address that they are from.

    Parameters
    ----------
    url : str
        Of the archive.

    Returns
    -------
    Path or None
        Weights folder; None if it is not there or not whole.
    """
    return _kept(_key(url), None)


def unpack_into_cache(archive: Path, *, sha256=None):
    """Unpack an archive of weights on this machine once into the cache.

    Parameters
    ----------
    archive : Path
        The archive.
    sha256 : str, optional
        What its SHA-256 must be.

    Returns
    -------
    Path
        Weights folder in the cache.

    Raises
    ------
    ValueError
        If it is another archive than expected or none of weights, or the cache cannot be written.
    """
    found = file_hash(archive)
    if sha256 is not None and found != sha256:
        raise ValueError(
            f"{archive} is not the file that was named: its SHA-256 is {found}, not {sha256}"
        )
    key = found[:KEY]
    if kept := _kept(key, found):
        return kept
    with locked_entry(key) as entry:
        if kept := _kept(key, found):
            return kept
        origin = {"address": str(archive.resolve()), "sha256": found}
        return _keep(archive, entry, origin, archive.name)


def origin_of(folder: Path):
    """Tell where weights in the cache are from.

    Parameters
    ----------
    folder : Path
        Weights folder in the cache.

    Returns
    -------
    dict of str to str
        ``address``, ``sha256`` of the archive and ``fetched``, a date; empty for other folders.
    """
    try:
        found = json.loads((Path(folder).parent / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def cached_weights():
    """List the weights in the cache.

    Returns
    -------
    list of Path
        Their folders, by name.
    """
    found = (cache_folder() / "weights").glob("*/*/config.json")
    return sorted((path.parent for path in found), key=lambda path: path.name)


def _key(url):
    return hashlib.sha256(url.encode()).hexdigest()[:KEY]


def _kept(key, sha256):
    """Find the weights of an entry that is whole and of the archive expected; None else."""
    entry = cache_folder() / "weights" / key
    for config in entry.glob("*/config.json"):
        origin = origin_of(config.parent)
        try:
            check_sums(config.parent)
        except (ValueError, OSError):
            return None
        return config.parent if sha256 in (None, origin.get("sha256")) else None
    return None


def _keep(archive, entry, origin, name):
    """Unpack an archive into an entry, which is replaced as a whole."""
    name = archived_name(archive, name)
    origin["fetched"] = datetime.date.today().isoformat()
    with staged_folder(entry, overwrite=True, marker=ORIGIN) as staged:
        unpack_weights(archive, staged / name)
        (staged / ORIGIN).write_text(json.dumps(origin, indent=2) + "\n", encoding="utf-8")
    return entry / name


def _name_of(url):
    """Name of the file of an address."""
    return PurePosixPath(unquote(urlsplit(url).path)).name
