"""Do the slices of two folders belong together? Their file names tell."""

import re
from itertools import takewhile
from pathlib import Path

from tomoseg_tf.volume import Location, split_location
from tomoseg_tf.volume.tiff.slices import natural_key

SUFFIXES = (".tif", ".tiff", ".png")
SHOWN = 4


def match_names(pairs):
    """Check that the slices of each volume and its truth are named alike, where both are folders.

    Upper and lower case, leading zeros, and what all names of a folder have before or after (as
    ``label_`` or ``_mask``) do not count.

    Parameters
    ----------
    pairs : sequence of (volume, truth)
        As for `write_records`; those that are not both a folder of slices are passed over.

    Returns
    -------
    list of str
        A notice where two folders count their slices from different numbers.

    Raises
    ------
    ValueError
        If a slice has no partner, or the two folders sort differently.
    """
    notices = []
    for pair in pairs:
        folders = [_folder(part) for part in pair]
        if None not in folders:
            notices += _match(*folders)
    return notices


def _folder(part):
    """Folder of slices that a volume is, None if it is something else."""
    if not isinstance(part, (str, Path, Location)):
        return None
    location = split_location(part)
    return location.path if location.inside is None and _slices(location.path) else None


def _slices(folder):
    """Names of the slices in a folder, in order, without suffixes; none if it is no such folder."""
    if not folder.is_dir() or folder.suffix == ".zarr":
        return []
    paths = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    kinds = [path.suffix.lower() == ".png" for path in paths]
    if any(kinds) and not all(kinds):  # TIFF slices count, PNG beside them do not
        paths = [path for path, is_png in zip(paths, kinds, strict=True) if not is_png]
    names = [path.name for path in paths if path.is_file() and not path.name.startswith(".")]
    return [Path(name).stem for name in sorted(names, key=natural_key)]


def _match(volume, truth):
    """Match the slices of two folders."""
    stems = [_slices(folder) for folder in (volume, truth)]
    if len(stems[0]) == len(stems[1]) < 2:
        return []
    plain = [_plain(names) for names in stems]
    keys, cores = (None, None), plain
    if set(plain[0]).isdisjoint(plain[1]):
        keys, cores = zip(*(_cores(names) for names in plain), strict=True)
    if cores[0] == cores[1]:
        return []
    if len(stems[0]) == len(stems[1]):
        step = _common_step(*cores) if keys[0] != keys[1] else None
        if step is not None:
            return [
                f"{truth}: its slices are numbered from {min(map(int, cores[1]))} on, those of "
                f"{volume} from {min(map(int, cores[0]))}; they are matched in their order"
            ]
        if _kinds(cores[0]).isdisjoint(_kinds(cores[1])):
            return []
        if sorted(cores[0]) == sorted(cores[1]):
            first = next(i for i, (a, b) in enumerate(zip(*cores, strict=True)) if a != b)
            raise ValueError(
                f"{truth}: its slices sort differently from those of {volume}: slice {first} is "
                f"{stems[1][first]} there and {stems[0][first]} here; rename them alike"
            )
    raise ValueError(_describe(volume, truth, stems, cores))


def _plain(stems):
    """Names in lower case, their numbers without leading zeros."""
    return [re.sub(r"[0-9]+", lambda digits: str(int(digits[0])), s.casefold()) for s in stems]


def _cores(plain):
    """Take off what all names begin and end with, whole numbers excepted; return both."""
    if len(plain) < 2:
        return ("", ""), plain
    before = re.sub(r"[0-9]+$", "", _common_start(plain))
    rest = [name[len(before) :] for name in plain]
    after = _common_start([name[::-1] for name in rest])[::-1]
    after = re.sub(r"^[0-9]+", "", after)
    return (before, after), [name[: len(name) - len(after)] for name in rest]


def _common_start(names):
    """Letters that all names begin with."""
    columns = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in columns)


def _common_step(first, second):
    """Difference of two sequences of numbers, None if they are none or it is not the same."""
    if not all(core.isdigit() for core in (*first, *second)):
        return None
    steps = {int(b) - int(a) for a, b in zip(first, second, strict=True)}
    return steps.pop() if len(steps) == 1 else None


def _kinds(cores):
    """Kinds of names: each with its numbers left out."""
    return {re.sub(r"[0-9]+", "0", core) for core in cores}


def _describe(volume, truth, stems, cores):
    """List the slices without a partner."""
    lacking = []
    for folder, mine, own, others in (
        (truth, cores[1], stems[0], cores[0]),
        (volume, cores[0], stems[1], cores[1]),
    ):
        alone = [stem for stem, core in zip(own, others, strict=True) if core not in mine]
        if alone:
            more = f" and {len(alone) - SHOWN} more" if len(alone) > SHOWN else ""
            lacking.append(f"{folder} has no slice for {', '.join(alone[:SHOWN])}{more}")
    numbers = f"{len(stems[0])} and {len(stems[1])} slices"
    return (
        f"{truth}: its slices do not match those of {volume} ({numbers}) by name: "
        f"{'; '.join(lacking) or 'names occur twice'}; give each slice its own truth"
    )
