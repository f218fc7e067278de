"""Truth: label files of any kind, mapped to classes 0, 1, ... and 255 = ignore."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tomoseg_tf.volume.histogram import count_values
from tomoseg_tf.volume.location import Location, split_location
from tomoseg_tf.volume.opening import as_volume
from tomoseg_tf.volume.tiff.slices import list_slices
from tomoseg_tf.volume.truth.colour_proposal import count_colours, propose_colours
from tomoseg_tf.volume.truth.colour_slices import (
    ColourSlices,
    colours_of_array,
    colours_of_png,
    colours_of_tiff,
)
from tomoseg_tf.volume.truth.colour_volume import ColourTruth
from tomoseg_tf.volume.truth.palette import IGNORE, Palette, parse_palette
from tomoseg_tf.volume.truth.png_slices import PngVolume, list_png
from tomoseg_tf.volume.truth.unmapped import MOST, count_levels, list_counts, propose_palette
from tomoseg_tf.volume.truth.values import ValueTruth, automatic_palette
from tomoseg_tf.volume.truth.volume import TruthVolume

TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8")


def open_truth(truth, palette="auto"):
    """Open a label file as classes: 0 is the background, 255 is ignore.

    Parameters
    ----------
    truth : str, Path, Location, (Z, Y, X) array_like, (Z, Y, X, 3 or 4) array of uint8 or Volume
        Label values: integers, floats with integral values, or bool; or colours: an RGB(A) TIFF
        file or array. Also a PNG file and a folder of PNG slices, in grey, indexed or in colours.
    palette : str, dict or Palette, optional
        How values or colours map to classes, see `parse_palette`. "auto" scans the volume once:
        exactly the values 0 and 255 are a mask with object = 255, which a notice says, unless the
        file states that it holds classes; all else are classes 0 to 31, and 255.

    Returns
    -------
    TruthVolume
        Volume of uint8 classes. Reading a value or colour without class is a `ValueError` that
        lists all of them with their numbers of voxels and a palette to paste. A volume that is
        a `TruthVolume` already is returned as it is under "auto".

    Raises
    ------
    ValueError
        If it cannot be read, the palette is none, or the palette is of colours and the file of
        values or the reverse.
    """
    palette = parse_palette(palette)
    if isinstance(truth, TruthVolume) and palette.name == "auto":
        return truth
    source = _open_labels(truth, palette)
    if isinstance(source, ColourSlices):
        if not palette.of_colours:
            raise ValueError(_describe_colours(source))
        return ColourTruth(source, palette)
    if palette.of_colours:
        raise ValueError(
            f"{source.name}: holds {source.dtype} values and no colours, but the palette "
            f"'{palette}' names colours; give one of values, such as '0:0,255:1'"
        )
    if palette.name == "levels":
        return _levels(source)
    if palette.name != "auto":
        return ValueTruth(source, palette)
    if source.holds_classes:
        return ValueTruth(source, parse_palette("classes"))
    if not _is_mask(source):
        return ValueTruth(source, automatic_palette())
    notice = "its values are 0 and 255: read as a mask, 255 is class 1 (palette mask)"
    mask = ValueTruth(source, parse_palette("mask"), [notice])
    mask.guessed_mask = True
    return mask


def open_mask(mask):
    """Open a mask: 0 is outside, and 1 or 255 inside, unless the file states classes.

    Parameters
    ----------
    mask : as for `open_truth`
        Label values.

    Returns
    -------
    TruthVolume
        Class 1 inside, and 0 outside. In a file that states that it holds classes, 255 is ignore.

    Raises
    ------
    ValueError
        If it cannot be read, or holds colours.
    """
    source = _open_labels(mask, Palette())
    marked = not isinstance(source, ColourSlices) and source.holds_classes
    return open_truth(source, "classes" if marked else "mask")


@dataclass(frozen=True)
class FoundColours:
    """What a file in colours holds: the pixels of each colour, and a palette that fits them."""

    source: ColourSlices
    counts: dict[str, int]
    palette: str


def find_colours(path, *, spacing=None):
    """Find the colours of a file that can be used as truth.

    Parameters
    ----------
    path : str, Path or Location
        Any file or folder.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the file states.

    Returns
    -------
    FoundColours or None
        None if it holds values, if all its colours are grey, or if it cannot be read.
    """
    try:
        source = _open_labels(path, Palette())
        counts = count_colours(source) if isinstance(source, ColourSlices) else {}
    except ValueError:
        return None
    if all(colour == "clear" or colour[1:3] == colour[3:5] == colour[5:] for colour in counts):
        return None
    source = replace(source, spacing=spacing or source.spacing)
    return FoundColours(source, counts, propose_colours(counts))


def count_classes(truth, *, progress=None):
    """Count the voxels of each class.

    Parameters
    ----------
    truth : str, Path, (Z, Y, X) array_like or Volume
        Classes of type uint8, as `open_truth` gives them.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of slices.

    Returns
    -------
    (256,) ndarray of int64
        Number of voxels of each class; 255 is ignore.

    Raises
    ------
    ValueError
        If the type is another, or it cannot be read.
    """
    truth = as_volume(truth)
    if truth.dtype != np.uint8:
        raise ValueError(
            f"{truth.name}: classes have type uint8, not {truth.dtype}; use open_truth"
        )
    done = 0

    def tick(slices):
        nonlocal done
        done += slices
        if progress:
            progress(done, truth.shape[0])

    return count_values(truth, tick)[1]


def _open_labels(truth, palette):
    """Open a label file as colours, where it has them, or else as a volume of values."""
    if isinstance(truth, ColourSlices):
        return truth
    if not isinstance(truth, (str, Path, Location)):
        array = truth if isinstance(truth, np.ndarray) else np.empty(0)
        coloured = array.ndim == 4 and array.shape[-1] in (3, 4)
        return colours_of_array(array) if coloured else as_volume(truth)
    location = split_location(truth)
    path = location.path
    suffix = path.suffix.lower()
    colours = None
    if location.inside is not None or not path.exists():
        return as_volume(location)
    if _is_png_folder(path) or (path.is_file() and suffix == ".png"):
        colours = colours_of_png(path, indexed=palette.of_colours)
        return colours or PngVolume(path)
    if list_slices(path)[0] if path.is_dir() else suffix in TIFF_SUFFIXES:
        colours = colours_of_tiff(path)
    return colours or as_volume(location)


def _is_png_folder(path):
    """Whether a path is a folder that holds PNG slices and no TIFF slices."""
    return path.is_dir() and not list_slices(path)[0] and bool(list_png(path))


def _levels(source):
    """Read the distinct values of a volume, in order, as classes 0, 1, ..."""
    counts = count_levels(source)
    if counts is None or len(counts) > MOST:
        number = "more than 100,000" if counts is None else len(counts)
        proposed = counts and propose_palette(counts)
        remedy = f"list them, such as '{proposed}'" if proposed else "give the label file"
        raise ValueError(
            f"{source.name}: has {number} different values, but the palette levels takes at most "
            f"{MOST}; {remedy}"
        )
    wrong = {value: n for value, n in counts.items() if value == "nan" or value != int(value)}
    if wrong:
        raise ValueError(
            f"{source.name}: has values that are no levels (value: voxels) {list_counts(wrong)}; "
            "the palette levels is for whole numbers"
        )
    values = {int(value): number for number, value in enumerate(sorted(counts))}
    palette = Palette(values=values)
    return ValueTruth(source, palette, [f"its {len(values)} levels are classes: palette {palette}"])


def _is_mask(source):
    """Whether a volume has exactly the values 0 and 255; stops at the first other one."""
    found = set()
    for _, slab in source.slabs():
        for image in slab:
            zeros, objects = np.count_nonzero(image == 0), np.count_nonzero(image == IGNORE)
            if zeros + objects < image.size:
                return False
            found |= {0} if zeros else set()
            found |= {IGNORE} if objects else set()
    return found == {0, IGNORE}


def _describe_colours(source):
    """Say that a file holds colours, which, and a palette for them."""
    counts = count_colours(source)
    proposed = propose_colours(counts)
    remedy = f"give a palette of them, such as '{proposed}'"
    if proposed == "grey:0":
        remedy = "all are grey, as in a scan that is stored as colours: give the label file"
    return f"{source.name}: holds colours (colour: voxels) {list_counts(counts)}; {remedy}"
