"""The hashes of a weights folder: what must be in it, and that it is as it was saved."""

import re
from pathlib import Path

from tomoseg_tf.volume import file_hash
from tomoseg_tf.weights.shipped import CONFIG

ARRAYS = "model.weights.h5"
CARD = "README.md"
SUMS = "SHA256SUMS"
PICTURE = "picture.png"
FILES = (CONFIG, ARRAYS, CARD)
IMAGES = ("held_out.tif", "held_out_truth.tif")  # by which anyone can repeat a score of the card
MARKERS = (CONFIG, SUMS)  # by which a weights folder is told from one of something else
LARGEST_TEXT = 2**24  # bytes of any file but the arrays and images
MOST_FILES = 64  # with SHA256SUMS
NAME = re.compile(r"[^\W.][\w.+ -]{0,99}")


def check_sums(folder: Path, *, own=True):
    """Compare each file with SHA256SUMS.

    Parameters
    ----------
    folder : Path
        Weights folder.
    own : bool, optional
        Whether who has it may have edited its card, and be told how the hashes are written anew.

    Returns
    -------
    dict of str to str
        SHA-256 of each file listed, those that must be there first.

    Raises
    ------
    ValueError
        If a file is missing, changed, too large or outside of the folder, or one that must be
        listed is not.
    """
    _check_place(folder, folder / SUMS)
    expected = _read_sums(folder / SUMS)
    for name in FILES:
        if name not in expected:
            raise ValueError(f"{folder / SUMS} does not list {name}; copy the weights again")
    names = (*FILES, *(name for name in IMAGES if name in expected))
    names += tuple(name for name in expected if name not in names)
    for name in names:
        path = folder / name
        _check_place(folder, path)
        if not path.is_file():
            raise ValueError(f"{path} is missing; copy the weights again")
        if file_hash(path) != expected[name]:
            raise ValueError(
                f"{path} is not what was saved: its SHA-256 differs from {SUMS}; "
                f"copy the weights again{_hint(folder, name) if own else ''}"
            )
    return {name: expected[name] for name in names}


def write_sums(folder: Path, names=None):
    """Write SHA256SUMS of a weights folder.

    Parameters
    ----------
    folder : Path
        Where the files are.
    names : sequence of str, optional
        Names of the files; all that are neither hidden nor backup copies (``~``) by default.

    Returns
    -------
    dict of str to str
        SHA-256 of each.

    Raises
    ------
    ValueError
        If the names are not given, and a file is none that weights may have, see `check_files`.
    """
    if names is None:
        inside = sorted(path.name for path in folder.iterdir() if path.is_file())
        names = [name for name in FILES if name in inside]
        others = (name for name in inside if name not in (*FILES, SUMS))
        names += [name for name in others if not (name.startswith(".") or name.endswith("~"))]
        check_files(folder, names)
    sums = {name: file_hash(folder / name) for name in names}
    lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    (folder / SUMS).write_text(lines, encoding="utf-8")
    return sums


def check_files(folder, names):
    """Refuse files that nobody could open or unpack as a part of weights.

    Parameters
    ----------
    folder : Path
        Weights folder.
    names : sequence of str
        Names of the files in it that SHA256SUMS lists, or is to list.

    Raises
    ------
    ValueError
        If a name has rare characters or differs from another in its case alone, a file is too
        large, or there are too many.
    """
    then = f"keep it elsewhere, then: tomoseg-tf weights seal {folder}"
    lower = [name.lower() for name in names]
    for name in names:
        path = folder / name
        if not NAME.fullmatch(name) or lower.count(name.lower()) > 1:
            raise ValueError(
                f"{path} cannot be a file of weights: a name has letters, digits and any of _.+- "
                f"and spaces, and is there once whatever its case; rename it or {then}"
            )
        if _is_too_large(path):
            raise ValueError(
                f"{path} has {path.stat().st_size} bytes, more than the {LARGEST_TEXT} of any such "
                f"file of weights; {then}"
            )
    if len(names) >= MOST_FILES:
        raise ValueError(
            f"{folder} has {len(names)} files, but weights have at most {MOST_FILES - 1}; keep "
            f"others elsewhere, then: tomoseg-tf weights seal {folder}"
        )


def _is_too_large(path):
    """Whether a file that is neither arrays nor image has a size that no text has."""
    text = path.name not in (ARRAYS, *IMAGES) and path.is_file()
    return text and path.stat().st_size > LARGEST_TEXT


def _hint(folder, name):
    """Tell what to do about a card that was edited on purpose."""
    if name != CARD:
        return ""
    return f", or if you edited it: tomoseg-tf weights seal {folder}"


def _check_place(folder, path):
    """Refuse links that lead out of the folder, and texts of a size that is none."""
    if path.is_symlink() and folder.resolve() not in path.resolve().parents:
        raise ValueError(
            f"{path} is a link to a file outside of the folder; put the file itself there"
        )
    if _is_too_large(path):
        raise ValueError(
            f"{path} has {path.stat().st_size} bytes, more than the {LARGEST_TEXT} of any such "
            "file; copy the weights again"
        )


def _read_sums(path):
    if not path.is_file():
        raise ValueError(f"{path} is missing; copy the weights again")
    sums = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines()):
        where = f"{path}, line {number + 1}"
        digest, separator, name = line.partition("  ")
        if not separator or not re.fullmatch("[0-9a-fA-F]{64}", digest):
            raise ValueError(f"{where}: not a SHA-256 and a file name")
        if Path(name).name != name:
            raise ValueError(
                f"{where}: {_short(name)} is outside of the folder; copy the weights again"
            )
        if name in sums:
            raise ValueError(f"{where}: {name} is listed twice")
        if len(sums) == MOST_FILES:
            raise ValueError(f"{where}: more than {MOST_FILES} files; copy the weights again")
        sums[name] = digest.lower()
    return sums


def _short(text, width=60):
    return repr(text if len(text) <= width else f"{text[: width - 3]}...")
