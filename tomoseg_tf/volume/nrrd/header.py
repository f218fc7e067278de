"""The header of NRRD files: its fields, and the files that it names for the data."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

MAX_HEADER = 2**20  # bytes
MAX_FILES = 100_000
FIELD = re.compile(r"([^:]+):\s(.*)")
ALIASES = {
    "datafile": "data file",
    "lineskip": "line skip",
    "byteskip": "byte skip",
    "axismins": "axis mins",
}
NUMBERED = re.compile(r"([^%]*)%(0?[0-9]{0,2})d([^%]*)")


@dataclass(frozen=True)
class NrrdHeader:
    """Fields of a header by name; `files` is empty where the data follow it, from `end` on."""

    path: Path
    fields: dict[str, str]
    files: tuple[Path, ...]
    subdimension: int | None
    end: int

    def integer(self, name, otherwise=0):
        """Whole number of a field; `ValueError` if it is none."""
        try:
            return int(self.fields.get(name, otherwise))
        except ValueError as error:
            raise self.damaged(name) from error

    def damaged(self, name):
        """Error for a field that cannot be understood."""
        value = self.fields.get(name)
        stated = "is missing" if value is None else f"is {value[:60]!r}"
        return ValueError(
            f"{self.path}: its field {name!r} {stated}, which cannot be read; write the file again"
        )


def read_header(path):
    """Read the header of an NRRD file.

    Parameters
    ----------
    path : Path
        File, with the data in it or detached from it.

    Returns
    -------
    NrrdHeader
        Its fields.

    Raises
    ------
    ValueError
        If it is no NRRD file, or names data files outside of its own folder.
    """
    path = Path(path)
    lines, end = _lines(path)
    fields, rest = {}, []
    for index, line in enumerate(lines):
        match = None if line.startswith("#") or ":=" in line else FIELD.fullmatch(line + " ")
        if match is None:
            continue
        name = " ".join(match.group(1).casefold().split())
        name = ALIASES.get(name, name)
        fields[name] = match.group(2).strip()
        if name == "data file" and fields[name].split()[:1] == ["LIST"]:
            rest = lines[index + 1 :]
            break
    files, subdimension = _data_files(path, fields.get("data file"), rest)
    return NrrdHeader(path, fields, files, subdimension, end)


def _lines(path):
    """Lines of the header after the first, and the byte after it."""
    with open(path, "rb") as file:
        magic = file.readline(64)
        if not re.fullmatch(rb"NRRD000[1-6]\r?\n", magic):
            stated = f"its first bytes are {magic[:8]!r}" if magic else "it is empty (0 bytes)"
            raise ValueError(f"{path}: is not an NRRD file; {stated}")
        lines = []
        while file.tell() < MAX_HEADER:
            line = file.readline(MAX_HEADER)
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if not text.strip():  # an empty line, or the end of the file
                return lines, file.tell()
            lines.append(text)
    raise ValueError(f"{path}: its header does not end within 1 MiB; the file is damaged")


def _data_files(path, stated, rest):
    """List the data files that a header names, all of them below its own folder."""
    if stated is None:
        if path.suffix.lower() == ".nhdr":
            raise ValueError(f"{path}: names no 'data file'; a header of its own needs one")
        return (), None
    words, subdimension = stated.split(), None
    if words[:1] == ["LIST"]:
        names = [line.strip() for line in rest if line.strip()]
        subdimension = _whole(words[1:], 0)
    elif len(words) >= 4 and NUMBERED.fullmatch(" ".join(words[: _first_number(words)])):
        count = _first_number(words)
        names = _numbered(path, " ".join(words[:count]), words[count : count + 3])
        subdimension = _whole(words[count + 3 :], 0)
    else:
        names = [stated]
    if not names or len(names) > MAX_FILES:
        raise ValueError(f"{path}: names {len(names)} data files; the header is damaged")
    return tuple(_below(path, name) for name in names), subdimension


def _first_number(words):
    """Index of the first word of the last three or four that are whole numbers."""
    index = len(words)
    while index > 1 and re.fullmatch(r"-?[0-9]{1,9}", words[index - 1]):
        index -= 1
    return index


def _numbered(path, pattern, numbers):
    """Names of files that are numbered from one number to another."""
    before, width, after = NUMBERED.fullmatch(pattern).groups()
    if len(numbers) < 3 or int(numbers[2]) == 0:
        raise ValueError(f"{path}: its 'data file' needs first, last and step; write it again")
    first, last, step = (int(number) for number in numbers)
    sign = 1 if step > 0 else -1
    values = range(first, last + sign, step)
    if len(values) > MAX_FILES:
        raise ValueError(f"{path}: names {len(values)} data files; the header is damaged")
    return [f"{before}{value:{width}d}{after}" for value in values]


def _whole(words, index):
    """Whole number among words, None if there is none."""
    return int(words[index]) if len(words) > index and words[index].isdecimal() else None


def _below(path, name):
    """Path of a data file; one that is not below the folder of the header is refused."""
    shown = f"{path}: its data file {name[:200]!r}"
    if "\0" in name:
        raise ValueError(f"{shown} is no name; write the file again")
    folder = path.resolve().parent
    data = (folder / name).resolve()
    if Path(name).is_absolute() or folder not in data.parents:
        raise ValueError(
            f"{shown} is not below the folder of the header, and is not read; move it there"
        )
    if not os.path.isfile(data):
        raise ValueError(f"{shown} is missing; copy it beside the header")
    return data
