"""Where weights are found: a folder first, then the names that come with the package."""

from pathlib import Path

from tomoseg_tf.bundle import bundled

CONFIG = "config.json"


def find_weights(name_or_folder: str | Path):
    """Find a weights folder.

    Parameters
    ----------
    name_or_folder : str or Path
        An existing folder, or the name of weights that come with the package.

    Returns
    -------
    Path
        The folder, which holds a ``config.json``.

    Raises
    ------
    ValueError
        If there is no such folder or name, if the folder holds no weights, or
        if it is a single file, which must be imported first.
    """
    folder = Path(name_or_folder)
    if folder.is_file():
        raise ValueError(
            f"{folder} is a file, not a weights folder; import it first: "
            f"tomoseg-tf weights import {folder} FOLDER --model unet_3d"
        )
    if folder.is_dir():
        return _check_folder(folder)
    shipped = shipped_weights()
    if str(name_or_folder) in shipped:
        return shipped[str(name_or_folder)]
    names = ", ".join(shipped) or "none"
    raise ValueError(
        f"no weights {str(name_or_folder)!r}: neither a folder nor a shipped name ({names})"
    )


def shipped_weights():
    """List the weights that come with the package.

    Returns
    -------
    dict of str to Path
        Folder of each, by name, in alphabetical order.
    """
    return weights_in(bundled("fitted"))


def weights_in(place: Path):
    """List the weights folders directly below a folder.

    Parameters
    ----------
    place : Path
        Such as the runs of one's own; it need not exist.

    Returns
    -------
    dict of str to Path
        Folder of each, by name, in alphabetical order.
    """
    return {config.parent.name: config.parent for config in sorted(place.glob(f"*/{CONFIG}"))}


def _check_folder(folder):
    if (folder / CONFIG).is_file():
        return folder
    inside = ", ".join(str(path) for path in weights_in(folder).values())
    hint = f"; it holds weights folders, name one: {inside}" if inside else ""
    raise ValueError(f"{folder} is not a weights folder, {CONFIG} is missing{hint}")
