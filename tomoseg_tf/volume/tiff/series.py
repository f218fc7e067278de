"""Which pages of a TIFF file are the slices of its volume: as it declares, and as they are."""

from math import prod

import numpy as np
import tifffile

from tomoseg_tf.volume.tiff.metadata import is_true_to_shape, names_other_files, noted_shape

MAX_CHANNELS = 8  # that ImageJ shows; a longer axis of that name is a stack, as tifffile writes it
PLANES = (["Y", "X"], ["Y"], ["X"], [])
RGB = 2  # photometric interpretation
COLOURED = "save one grey channel, or use it as a label file with --palette"


def find_slices(path, tif):
    """Find the pages that are the slices of the volume in a TIFF file.

    Parameters
    ----------
    path : str or Path
        File.
    tif : tifffile.TiffFile
        The same, open, with at least one page.

    Returns
    -------
    series : tifffile.TiffPageSeries
        Pages, of which each is a slice, or one that stands for several.
    count : int
        Number of slices.
    notices : list of str
        What a user should know about the choice.

    Raises
    ------
    ValueError
        If they are unequal, or no grey volume.
    """
    if _is_altered(tif):
        series = _stacked(tif, _own_pages(tif))
        return series, _slice_count(path, tif, series), []
    series = _first_series(path, tif)
    count = _slice_count(path, tif, series)
    notices = []
    if series.sizes.get("channel", 1) > MAX_CHANNELS:
        notices.append(f"its {count} images are declared as channels; they are read as slices")
    if series.kind != "slices" and len(tif.series) > 1:
        notices.append(f"it holds {len(tif.series)} image series; the first one is read")
    if series.kind == "imagej" and len(tif.pages) > count:
        series, count, more = _with_undeclared(tif, series, count)
        notices += more
    return series, count, notices


def check_grey(path, page):
    """Refuse channels and types that no grey volume has; colours in RGB may all be grey.

    Parameters
    ----------
    path : str or Path
        File.
    page : tifffile.TiffPage
        A page of it.

    Raises
    ------
    ValueError
        If it has such.
    """
    if page.samplesperpixel > 1 and not (
        page.photometric == RGB
        and page.samplesperpixel in (3, 4)
        and page.dtype in (np.uint8, np.uint16)
    ):
        raise ValueError(f"{path}: has {page.samplesperpixel} channels (colours); {COLOURED}")
    if page.dtype is None or page.dtype.kind not in "buif":
        kind = page.dtype or f"{page.bitspersample} bits of sample format {page.sampleformat}"
        raise ValueError(
            f"{path}: voxels of type {kind} cannot be read; save them as an integer or float type"
        )


def _is_altered(tif):
    """Whether another program cut the pages and kept the shape that tifffile had noted.

    A single page under a noted stack may stand for all its slices: there the note is damaged.
    """
    first = tif.pages.first
    if is_true_to_shape(first):
        return False
    return len(tif.pages) > 1 or prod(noted_shape(first)[: -len(first.shape)]) == 1


def _own_pages(tif):
    """All pages but smaller versions of others."""
    pages = [tif.pages.get(index) for index in range(len(tif.pages))]
    return [page for page in pages if not page.is_reduced] or pages


def _stacked(tif, pages, kind="slices"):
    """Make one series of pages, each a slice."""
    first = pages[0]
    shape, axes = (len(pages), *first.shape), f"Z{first.axes}"
    return tifffile.TiffPageSeries(pages, shape, first.dtype, axes, parent=tif, kind=kind)


def _with_undeclared(tif, series, count):
    """Add the pages that the description of ImageJ does not count, as of files put together."""
    pages = _own_pages(tif)
    if len(pages) <= count:
        return series, count, []
    if any((page.shape, page.dtype) != (pages[0].shape, pages[0].dtype) for page in pages):
        notice = f"its pages after the {count} slices that it declares are unequal and left out"
        return series, count, [notice]
    notice = f"it declares {count} slices, but has {len(pages)} equal pages: all are read as slices"
    return _stacked(tif, pages, series.kind), len(pages), [notice]


def _first_series(path, tif):
    """Return the first image series; pages of another shape beside it are refused."""
    if names_other_files(tif):  # before tifffile opens them
        raise ValueError(
            f"{path}: is one of several files that hold one OME image together; save the image as "
            "one file, or name the folder if each file is a slice"
        )
    if not tif.series:
        raise ValueError(f"{path}: holds no image")
    first, *others = [item for item in tif.series if not item.keyframe.is_reduced] or tif.series
    written_apart = first.kind == "shaped" and all(len(item) == 1 for item in (first, *others))
    if not written_apart and first.kind not in ("generic", "uniform"):
        return tif.series[0]
    for other in others:
        if not written_apart or (other.keyframe.shape, other.dtype) != (
            first.keyframe.shape,
            first.dtype,
        ):
            raise ValueError(
                f"{path}: its pages are unequal, {first.keyframe.shape} {first.dtype} and "
                f"{other.keyframe.shape} {other.dtype}; one shape and type is needed"
            )
    if not others:
        return tif.series[0]
    # tifffile makes a series of each write
    return _stacked(tif, [item.keyframe for item in (first, *others)])


def _slice_count(path, tif, series):
    """Count the slices of a series, after checking that it is one grey volume."""
    check_grey(path, series.keyframe)
    samples = "S" if series.keyframe.samplesperpixel > 1 else ""
    pairs = zip(series.axes, series.shape, strict=True)
    sides = [(axis, size) for axis, size in pairs if size > 1 and axis != samples]
    stack = [(axis, size) for axis, size in sides if axis not in "YX"]
    if any(axis in "CS" and size <= MAX_CHANNELS for axis, size in stack):
        raise ValueError(
            f"{path}: has channels ({series.axes} {series.shape}); save one grey channel as a file "
            "of its own"
        )
    plane = [axis for axis, _ in sides if axis in "YX"]
    if len(stack) > 1 or stack != sides[: len(stack)] or plane not in PLANES:
        raise ValueError(
            f"{path}: has the axes {series.axes} {series.shape}; a volume has the axes ZYX"
        )
    count = prod(size for _, size in stack)
    declared = int((tif.imagej_metadata or {}).get("images", 1))
    return max(count, declared) if series.kind == "imagej" else count
