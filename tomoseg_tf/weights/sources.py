"""Several weights at once: all that come with the package, all of a mirror, and single ones."""

from pathlib import Path

from tomoseg_tf.weights.address import is_address, split_pin
from tomoseg_tf.weights.fetching import fetch_weights
from tomoseg_tf.weights.finding import find_weights
from tomoseg_tf.weights.folder import open_weights
from tomoseg_tf.weights.index import INDEX, join
from tomoseg_tf.weights.mirror import archive_place, find_in_mirror, list_mirror
from tomoseg_tf.weights.shipped import shipped_weights

ALL = "all"


def open_sources(sources, *, progress=None):
    """Open weights named in several ways, fetched where need be.

    Parameters
    ----------
    sources : sequence of str
        Whatever `find_weights` takes; "all" for those that come with the package; a mirror (a
        folder with an index, or an address that ends in ``/`` or ``index.json``) for all in it.
    progress : callable, optional
        Called as ``progress(done, total)`` in bytes of each archive fetched.

    Returns
    -------
    list of Weights
        Each once.

    Raises
    ------
    ValueError
        If one is not found, or not as it was saved.
    """
    folders = []
    for source in sources:
        folders += _folders(source, progress)
    opened = [open_weights(folder) for folder in dict.fromkeys(folders)]
    return list({(fitted.name, *fitted.hashes.values()): fitted for fitted in opened}.values())


def _folders(source, progress):
    """Weights folders that a text stands for."""
    if source == ALL:
        return list(shipped_weights().values())
    if not _is_mirror(source):
        return [find_weights(source, progress=progress)]
    place = split_pin(source)[0]
    return [_listed(entry, place, progress) for entry in list_mirror(place) or ()]


def _listed(entry, place, progress):
    """Weights of an index; what was fetched before is used only if it is of that archive."""
    if not is_address(place):
        return find_in_mirror(entry.name, place)
    where = archive_place(entry.name, place)
    return fetch_weights(where, sha256=entry.sha256, progress=progress)


def _is_mirror(source):
    place = split_pin(source)[0]
    if is_address(place):
        return place.endswith(("/", INDEX))
    return Path(join(place, INDEX)).is_file()
