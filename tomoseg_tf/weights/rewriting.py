"""Changes to what a weights folder says, made to a copy that then takes its place."""

import os
import shutil
from pathlib import Path

from tomoseg_tf.volume import staged_folder
from tomoseg_tf.weights.cache import is_cached
from tomoseg_tf.weights.config import read_config
from tomoseg_tf.weights.folder import open_weights
from tomoseg_tf.weights.shipped import CONFIG, shipped_weights
from tomoseg_tf.weights.sums import CARD, MARKERS, PICTURE, SUMS, write_sums


def check_own(fitted):
    """Refuse weights that are not the user's to change, or cannot be replaced where they are.

    Parameters
    ----------
    fitted : Weights
        The weights.

    Raises
    ------
    ValueError
        If they come with the package, lie in the cache, are the current folder, or their folder
        lies where nothing can be written.
    """
    place = fitted.folder.resolve()
    if is_cached(fitted.folder):
        raise ValueError(
            f"{fitted.folder}: these weights were fetched and stay as they are; make a folder of "
            "your own: tomoseg-tf weights fetch SOURCE -o FOLDER"
        )
    if place in {path.resolve() for path in shipped_weights().values()}:
        raise ValueError(
            f"{fitted.folder}: these weights come with the package and stay as they are; copy the "
            "folder and name the copy"
        )
    if os.path.samefile(place, os.curdir):
        raise ValueError(
            f"{place} is the current folder, which cannot be replaced by what changes; go to "
            f"another one (cd ..) and name {place.name} from there"
        )
    if not os.access(place.parent, os.W_OK | os.X_OK):
        raise ValueError(
            f"{place}: nothing can be written in {place.parent}; copy the folder and name the copy"
        )


def rewrite_weights(fitted, *, config=None, card=None, picture=None):
    """Replace what is said of weights; the arrays stay, and the hashes are renewed.

    Parameters
    ----------
    fitted : Weights
        Opened.
    config : WeightsConfig, optional
        In place of theirs.
    card : str, optional
        Markdown.
    picture : bytes, optional
        The picture of the card, a PNG file.

    Returns
    -------
    Weights
        As they are now.
    """
    contents = {}
    if config is not None:
        contents[CONFIG] = config.to_json().encode()
    if card is not None:
        contents[CARD] = card.encode()
    if picture is not None:
        contents[PICTURE] = picture
    with staged_folder(fitted.folder, overwrite=True, marker=MARKERS) as partial:
        shutil.copytree(fitted.folder, partial, dirs_exist_ok=True)
        for name, content in contents.items():
            (partial / name).write_bytes(content)
        write_sums(partial, dict.fromkeys([*fitted.hashes, *contents]))
    return open_weights(fitted.folder)


def copy_weights(fitted, folder: str | Path, *, overwrite=False):
    """Copy weights into a folder of one's own, all that their SHA256SUMS lists.

    Parameters
    ----------
    fitted : Weights
        Opened.
    folder : str or Path
        The weights folder to write.
    overwrite : bool
        Replace existing weights.

    Returns
    -------
    Weights
        The copy.

    Raises
    ------
    ValueError
        If the folder exists.
    """
    with staged_folder(folder, overwrite=overwrite, marker=MARKERS) as partial:
        for name in (*fitted.hashes, SUMS):
            shutil.copyfile(fitted.folder / name, partial / name)
    return open_weights(Path(folder))


def seal_weights(folder: str | Path):
    """Write the hashes of a weights folder anew, of all files in it, after a change on purpose.

    Parameters
    ----------
    folder : str or Path
        Weights folder.

    Returns
    -------
    Weights
        As they are now.

    Raises
    ------
    ValueError
        If it is no weights folder, its configuration is wrong, or it holds a file that weights may
        not have.
    """
    folder = Path(folder)
    if not (folder / CONFIG).is_file():
        raise ValueError(f"{folder} is not a weights folder, {CONFIG} is missing")
    read_config(folder / CONFIG)
    write_sums(folder)
    return open_weights(folder)
