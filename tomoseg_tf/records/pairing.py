"""Pairs of volume and truth from two folders, by the names of the files."""

from pathlib import Path

from tomoseg_tf.volume.formats import FORMATS

NAMED = 5  # files that an error names


def pair_folders(volumes, truths):
    """Pair the files of two folders that have one name.

    Parameters
    ----------
    volumes, truths : str or Path
        Folders, of files or of folders of slices. Suffixes may differ; what begins with a dot, or
        only belongs to another file, as ``.vol.info`` or the data of a ``.nhdr``, does not count.

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
        if path.name.startswith(".") or _is_beside(path):
            continue
        name = _name(path)
        if name in found:
            raise ValueError(
                f"{path}: {found[name].name} has this name, too; keep one of them in the folder"
            )
        found[name] = path
    if not found:
        raise ValueError(f"{folder}: is empty; it must hold a file for each sample")
    return found


def _name(path):
    """Name of a file without the suffix of its format; a folder of slices has none."""
    suffixes = {".png", *(suffix for item in FORMATS for suffix in item.suffixes)}
    for suffix in sorted(suffixes, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.name if path.is_dir() else path.stem


def _is_beside(path):
    """Tell whether a file only describes another, or holds the voxels of its header."""
    name = path.name.lower()
    data = name.endswith((".raw", ".raw.gz", ".raw.bz2"))
    header = path.with_name(path.name[: name.rfind(".raw")] + ".nhdr") if data else path
    return name.endswith((".vol.info", ".vol.xml")) or (data and header.exists())
