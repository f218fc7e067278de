"""Pairs of volume and truth from two folders, by the names of the files."""

from pathlib import Path

NAMED = 5  # files that an error names


def pair_folders(volumes, truths):
    """Pair the files of two folders that have one name.

    Parameters
    ----------
    volumes, truths : str or Path
        Folders, of files or of folders of slices. Suffixes may differ; what begins with a dot does
        not count.

    Returns
    -------
    list of (Path, Path)
        Volume and truth, in the order of their names.

    Raises
    ------
    ValueError
        If one is no folder or empty, a file has no partner, or two files of a folder have one name.

    Examples
    --------
    >>> pair_folders("scans", "truth")  # doctest: +SKIP
    [(PosixPath('scans/000.tif'), PosixPath('truth/000.tif')), ...]
    """
    scans, labels = _by_name(volumes), _by_name(truths)
    for folder, alone in ((truths, scans.keys() - labels), (volumes, labels.keys() - scans)):
        if alone:
            named = ", ".join(sorted(alone)[:NAMED]) + (", ..." if len(alone) > NAMED else "")
            raise ValueError(
                f"{folder}: has no file of the name {named}; each volume needs a truth of its name"
            )
    return [(scans[name], labels[name]) for name in sorted(scans)]


def _by_name(folder):
    """Files of a folder by their names without suffixes."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: is no folder; --pairs takes one of volumes and one of truths")
    found = {}
    for path in sorted(folder.iterdir()):
        name = path.name.split(".")[0]
        if not name:
            continue
        if name in found:
            raise ValueError(
                f"{path}: {found[name].name} has this name, too; keep one of them in the folder"
            )
        found[name] = path
    if not found:
        raise ValueError(f"{folder}: is empty; it must hold a file for each sample")
    return found
