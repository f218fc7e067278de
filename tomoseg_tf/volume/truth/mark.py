"""The mark of files that hold classes, so that 0 and 255 alone are not taken for a mask."""

from pathlib import Path

import tifffile

from tomoseg_tf.volume.location import Location, split_location
from tomoseg_tf.volume.tiff.opening import open_tiff

KEY, CLASSES = "content", "classes"  # a line of the description of ImageJ files


def mark_classes(path):
    """State in a TIFF file of the ImageJ kind that it holds classes; others stay as they are.

    Parameters
    ----------
    path : Path
        File that was written, whatever its name and format.
    """
    if not path.is_file() or not _is_tiff(path):
        return
    with tifffile.TiffFile(path, mode="r+b") as tif:
        if tif.is_imagej:
            description = tif.pages.first.tags["ImageDescription"]
            text = tif.pages.first.description.rstrip()
            description.overwrite(f"{text}\n{KEY}={CLASSES}\n")


def states_classes(truth):
    """Whether a label file states that it holds classes.

    Parameters
    ----------
    truth : object
        What `open_truth` takes.

    Returns
    -------
    bool
        True for TIFF files that `mark_classes` marked.
    """
    if not isinstance(truth, (str, Path, Location)):
        return False
    path = split_location(truth).path
    if not path.is_file() or not _is_tiff(path):
        return False
    with open_tiff(path) as tif:
        return (tif.imagej_metadata or {}).get(KEY) == CLASSES


def _is_tiff(path):
    """Whether a file begins like a classic TIFF file, which those of ImageJ are."""
    with open(path, "rb") as file:
        return file.read(4) in (b"II*\0", b"MM\0*")
