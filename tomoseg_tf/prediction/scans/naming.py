"""Which scans are meant by patterns and lists, and what their results are called."""

import glob
from pathlib import Path

from tomoseg_tf.volume import Location, split_location
from tomoseg_tf.volume.formats import FORMATS, format_of_suffix, name_choices
from tomoseg_tf.volume.tiff.slices import natural_key

LIST = "@"  # before the name of a text file with a scan in each line


def names_several(names):
    """Tell whether names may stand for several scans: more than one, a pattern, or a list.

    Parameters
    ----------
    names : sequence of str or Path
        As a user gave them.

    Returns
    -------
    bool
    """
    return len(names) != 1 or str(names[0]).startswith(LIST) or _is_pattern(names[0])


def list_scans(names):
    """List the scans that names stand for.

    Parameters
    ----------
    names : sequence of str or Path
        Scans; patterns such as ``scans/*.tif`` or ``series/*.h5::/exchange/data``; or
        ``@list.txt``, a text file with a name or pattern in each line, where empty lines and those
        that begin with # do not count.

    Returns
    -------
    list of Location
        Each once; those of a pattern in natural order.

    Raises
    ------
    ValueError
        If a list cannot be read, or nothing fits a pattern.
    """
    found = []
    for name in names:
        if str(name).startswith(LIST):
            found += list_scans(_lines(Path(str(name).removeprefix(LIST))))
        else:
            found += _expanded(name)
    return list(dict.fromkeys(found))


def name_results(scans, folder, suffix):
    """Name a result after each scan.

    Parameters
    ----------
    scans : list of Location
        The scans.
    folder : Path
        Where the results go.
    suffix : str
        Suffix of their format, such as ``.tif``; empty for folders of slices.

    Returns
    -------
    list of Path
        In the order of the scans. Where names would be alike, those of the folders above go before
        them, as far up as they differ: ``t1/rec.h5`` and ``t2/rec.h5`` give ``t1_rec.tif`` and
        ``t2_rec.tif``.

    Raises
    ------
    ValueError
        If two scans lie in one file, so that their names cannot differ, the suffix is of no
        format, or a folder of slices would be named after a scan with a dot in its name.
    """
    if suffix and format_of_suffix(Path(f"result{suffix}")) is None:
        raise ValueError(f"suffix {suffix!r} is of no format; use {name_choices()}")
    paths = [scan.path.resolve() for scan in scans]
    names = [(_stem(path),) for path in paths]
    for depth in range(1, max((len(path.parts) for path in paths), default=1)):
        if len(set(names)) == len(names):
            break
        names = [
            (*path.parts[max(1, len(path.parts) - 1 - depth) : -1], _stem(path)) for path in paths
        ]
    if len(set(names)) < len(names):
        twice = [scan for scan, name in zip(scans, names, strict=True) if names.count(name) > 1]
        raise ValueError(
            f"{twice[0]}: another scan would give a result of the same name; segment them into "
            "different folders"
        )
    results = [Path(folder) / ("_".join(name) + suffix) for name in names]
    for scan, result in zip(scans, results, strict=True):
        if not suffix and result.suffix:
            raise ValueError(
                f"{scan}: its folder of slices would be named {result.name}, where "
                f"{result.suffix} looks like the suffix of a file; give another format with "
                "--suffix"
            )
    return results


def _expanded(name):
    """List the scans that one name stands for."""
    location = split_location(name)
    if location.path.exists() or not _is_pattern(name):
        return [location]
    paths = sorted(glob.glob(str(location.path), recursive=True), key=natural_key)
    if not paths:
        raise ValueError(f"{name}: no file fits this pattern; check the folder and the suffix")
    return [Location(Path(path), location.inside) for path in paths]


def _is_pattern(name):
    """Tell whether a name holds wildcards and is none of a file."""
    path = split_location(name).path
    return glob.has_magic(str(path)) and not path.exists()


def _lines(path):
    """Names in a text file."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: is no list of scans ({error}); write a name per line") from None
    names = [line for line in lines if line and not line.startswith("#")]
    if not names:
        raise ValueError(f"{path}: names no scan; write a name per line")
    return names


def _stem(path):
    """Name of a scan without the suffix of its format."""
    lower = path.name.lower()
    suffixes = [suffix for item in FORMATS for suffix in item.suffixes if lower.endswith(suffix)]
    return path.name[: len(path.name) - len(suffixes[0])] if suffixes else path.name
