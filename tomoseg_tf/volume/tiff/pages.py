"""Where the slices of a TIFF file lie, checked against the size of the file before use.

Nothing of the file stays open, and no declared size is believed that the bytes of the file do not
bear out.
"""

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
import tifffile

from tomoseg_tf.volume.tiff.metadata import read_spacing, states_classes
from tomoseg_tf.volume.tiff.opening import open_tiff
from tomoseg_tf.volume.tiff.series import check_grey, find_slices

USUAL_RATIO = 100  # of a slice to its compressed bytes, at most
WHITE_IS_ZERO = 0  # photometric interpretation


@dataclass(frozen=True)
class Page:
    """Where one slice lies in the file and how it is decoded."""

    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    decode: Any  # callable(bytes, index) -> (array, position, shape); None if uncompressed
    chunk: tuple[int, int] | None = None  # rows and columns of a strip or tile
    apart: int = 0  # parts from one channel of a colour to the next; 0 where a part has them all


@dataclass(frozen=True)
class Layout:
    """What a TIFF file holds: `dtype` as stored, `pages` one per slice."""

    shape: tuple[int, int, int]
    dtype: Any
    pages: tuple[Page, ...]
    spacing: tuple[float, float, float] | None
    spacing_notice: str | None
    notices: tuple[str, ...]
    kind: str
    compression: str
    coloured: bool = False  # red, green and blue, to be read as grey where they are equal
    holds_classes: bool = False

    @property
    def doubtful(self):
        """Whether a slice is declared larger than such files usually make of so few bytes."""
        size = self.shape[1] * self.shape[2] * self.dtype.itemsize
        return not self.contiguous and size > USUAL_RATIO * sum(self.pages[0].sizes)

    @property
    def contiguous(self):
        """Whether every slice is one uncompressed block."""
        return all(page.decode is None for page in self.pages)


def read_layout(path):
    """Read the structure of a TIFF stack.

    Parameters
    ----------
    path : str or Path
        File.

    Returns
    -------
    Layout
        Shape, type, spacing and the place of each slice.

    Raises
    ------
    ValueError
        If it is no TIFF file, is damaged or cut short, or is no grey volume.
    """
    with open_tiff(path) as tif:
        series, count, notices = find_slices(path, tif)
        first = series.keyframe
        if series.dataoffset is not None and first.is_final:
            pages = _block(path, tif, first, series.dataoffset, count)
        else:
            pages = _separate(path, tif, series, count)
        return _layout(tif, series.kind, first, pages, notices)


def read_slice_layout(path):
    """Read the structure of a TIFF file that holds one slice of a stack.

    Parameters
    ----------
    path : str or Path
        File; series that it declares over several files are left aside.

    Returns
    -------
    Layout
        Its shape is (1, Y, X).

    Raises
    ------
    ValueError
        If it is no TIFF file, is damaged or cut short, or is no single grey slice.
    """
    with open_tiff(path) as tif:
        first = tif.pages.first
        if len(tif.pages) > 1 and not all(page.is_reduced for page in tif.pages[1:]):
            raise ValueError(
                f"{path}: holds {len(tif.pages)} pages in a folder of slices; one page per file is "
                "needed"
            )
        check_grey(path, first)
        return _layout(tif, "slice", first, [_page(path, tif, first, 0)])


def _block(path, tif, first, offset, count):
    """Locate slices that follow one another uncompressed."""
    size = _size(first)
    held = max(0, (tif.filehandle.size - offset) // size)
    num_pages = len(tif.pages)  # 1 where ImageJ wrote one header for all slices
    if 1 < num_pages < count:
        held = min(held, num_pages)
    if held < count:
        raise ValueError(
            f"{path}: should hold {count} slices, but its {tif.filehandle.size} bytes hold "
            f"{held}; the file is cut short, copy or write it again"
        )
    return [_whole(tif, first, offset + index * size) for index in range(count)]


def _separate(path, tif, series, count):
    """Locate slices that have a page each."""
    frames = list(series)[:count]
    if len(frames) < count or None in frames:
        held = sum(frame is not None for frame in frames)
        raise ValueError(
            f"{path}: declares {count} slices but holds {held} pages; the file is cut short, or "
            "one of several that belong together"
        )
    pages = []
    for index, frame in enumerate(frames):
        page = frame
        if not isinstance(page, tifffile.TiffPage):  # a frame takes its shape on trust
            tif.filehandle.seek(frame.offset)
            page = tifffile.TiffPage(tif, index)
        pages.append(_page(path, tif, page, index))
        if (page.shape, page.dtype) != (series.keyframe.shape, series.keyframe.dtype):
            raise ValueError(
                f"{path}: its pages are unequal, {series.keyframe.shape} {series.keyframe.dtype} "
                f"and slice {index} {page.shape} {page.dtype}; one shape and type is needed"
            )
    return pages


def _page(path, tif, page, index):
    """Locate the strips or tiles of a page, each of them inside the file."""
    if len(page.shape) != (3 if page.samplesperpixel > 1 else 2):
        raise ValueError(f"{path}: slice {index} is a page of shape {page.shape}, not (Y, X)")
    if page.is_final:
        parts = [(page.dataoffsets[0], _size(page))]
    else:
        parts = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        if len(parts) != prod(page.chunked):
            raise ValueError(
                f"{path}: slice {index} has {len(parts)} strips or tiles instead of "
                f"{prod(page.chunked)}; the file is damaged"
            )
    for offset, size in parts:
        if size < 1 or offset < 8 or offset + size > tif.filehandle.size:
            raise ValueError(
                f"{path}: slice {index} should have {size} bytes at byte {offset} of "
                f"{tif.filehandle.size}; the file is cut short or damaged, copy or write it again"
            )
    if page.is_final:
        return _whole(tif, page, parts[0][0])
    offsets, sizes = zip(*parts, strict=True)
    if page.samplesperpixel == 1:
        return Page(offsets, sizes, _decoder(tif, page), page.chunks)
    if page.axes[0] == "S":
        apart = len(parts) // page.samplesperpixel
        return Page(offsets, sizes, _decoder(tif, page), page.chunks[-2:], apart)
    return Page(offsets, sizes, _decoder(tif, page), page.chunks[:2])


def _whole(tif, page, offset):
    """Locate a slice that is one uncompressed block; that of colours is decoded as one part."""
    if page.samplesperpixel == 1:
        return Page((offset,), (_size(page),), None)
    dtype = page.dtype.newbyteorder(tif.byteorder)
    decode = partial(_unpack, shape=page.shape, dtype=dtype, axis=page.axes.index("S"))
    return Page((offset,), (_size(page),), decode, (page.imagelength, page.imagewidth))


def _size(page):
    """Bytes of an uncompressed slice."""
    return page.imagelength * page.imagewidth * page.samplesperpixel * page.dtype.itemsize


def _unpack(data, index, *, shape, dtype, axis):
    """Take the bytes of a slice in colours as `tifffile.TiffPage.decode` gives a strip."""
    colours = np.moveaxis(np.frombuffer(data, dtype).reshape(shape), axis, -1)
    return colours[None], (0, 0, 0, 0, index), colours.shape


def _decoder(tif, page):
    """Return the function that decodes a strip or tile of a page."""
    options = {}
    if page.compression in (6, 7, 33007, 34892):  # kinds of JPEG, with tables apart
        options = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
    decode = partial(page.decode, **options)
    # tifffile marks masks so, too, but leaves their bits as they were given
    by_tifffile = f"{tif.pages.first.software}".startswith("tifffile")
    if page.dtype == bool and _is_white_zero(page) and not by_tifffile:
        return partial(_inverted, decode=decode)
    return decode


def _is_white_zero(page):
    """Whether a page says that 0 is white."""
    return page.tags.valueof("PhotometricInterpretation") == WHITE_IS_ZERO


def _inverted(data, index, *, decode):
    """Decode a strip or tile of a mask whose white is 0: white becomes 1."""
    part, *place = decode(data, index)
    return ~part, *place


def _layout(tif, kind, first, pages, notices=()):
    """Gather what the pages have in common."""
    spacing, notice = read_spacing(tif)
    notices = list(notices)
    if first.samplesperpixel > 1:
        alpha = "; alpha is left out" if first.samplesperpixel > 3 else ""
        notices.append(f"its voxels are stored as colours: read as grey, red = green = blue{alpha}")
    if first.dtype != bool and _is_white_zero(first):
        notices.append(
            "it says that 0 is white: its values are read as they are stored, so that what other "
            "programs show dark is bright"
        )
    return Layout(
        shape=(len(pages), first.imagelength, first.imagewidth),
        dtype=first.dtype.newbyteorder(tif.byteorder),
        pages=tuple(pages),
        spacing=spacing,
        spacing_notice=notice,
        notices=tuple(notices),
        kind=kind,
        compression=tifffile.COMPRESSION(first.compression).name.lower(),
        coloured=first.samplesperpixel > 1,
        holds_classes=states_classes(tif),
    )
