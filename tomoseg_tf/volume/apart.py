"""Outputs kept apart from inputs: no command replaces what it reads."""

import os

from tomoseg_tf.volume.location import Location, split_location
from tomoseg_tf.volume.nrrd.header import read_header
from tomoseg_tf.volume.sample import MASKS
from tomoseg_tf.volume.volume import Volume

SLICES = (".tif", ".tiff", ".btf", ".tf8")  # what would be read as one more slice


def check_apart(outputs, inputs):
    """Refuse outputs that would replace an input or each other, hold an input, or become a slice.

    Parameters
    ----------
    outputs : sequence of (str, Path, Location or None)
        What will be written: volumes, tables and figures.
    inputs : sequence of (str, Path, Location or Volume)
        What is read. Anything else, such as an array or the mask "auto", is no file and passes.

    Raises
    ------
    ValueError
        If so, whatever names or links lead there, and whatever the place inside of the file.
    """
    sources = [(source, place) for source in inputs for place in _places_of(source)]
    taken = set()
    for output in (one for one in outputs if one is not None):
        path = split_location(output).path.resolve()
        header = path.suffix.lower() == ".nhdr"
        written = {path, path.with_suffix(".raw").resolve()} if header else {path}
        if written & taken:
            raise ValueError(f"{path} is named twice; each input and output needs its own name")
        taken |= written
        for source, place in sources:
            _check_pair(path, written, source, place)


def _check_pair(path, written, source, place):
    """Refuse an output that would spoil an input, whose place is known."""
    if written & {place, *_data_files(place)}:
        raise ValueError(f"{path} is named twice; each input and output needs its own name")
    if path in place.parents:
        raise ValueError(f"{path} holds the input {_name_of(source)}; name another output")
    if path.parent == place and path.suffix.lower() in SLICES:
        raise ValueError(
            f"{path} lies among the slices of {_name_of(source)} and would be read as one; "
            "put it elsewhere"
        )


def _name_of(source):
    """Name of an input as the user gave it."""
    return source.name if isinstance(source, Volume) else source


def _places_of(source):
    """Resolve the paths of an input; none if it is no file or folder."""
    if not isinstance(source, (str, os.PathLike, Location, Volume)) or source in MASKS:
        return []
    files = source.files if isinstance(source, Volume) else [source]
    places = [split_location(file).path.resolve() for file in files]
    return [place for place in places if place.exists()]


def _data_files(place):
    """Files beside an NRRD header that hold its voxels; none if it cannot be read at all."""
    if place.suffix.lower() != ".nhdr":
        return ()
    try:
        return read_header(place).files
    except (OSError, ValueError):  # told where it is opened, of many scans for that one alone
        return ()
