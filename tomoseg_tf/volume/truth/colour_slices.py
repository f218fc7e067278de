"""Slices in colours: RGB and RGBA TIFF and PNG files, folders of them, and arrays."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from tomoseg_tf.volume.tiff.metadata import read_spacing
from tomoseg_tf.volume.tiff.opening import open_tiff
from tomoseg_tf.volume.tiff.slices import list_slices
from tomoseg_tf.volume.truth.png_slices import INDEXED, equal_slices, read_png
from tomoseg_tf.volume.volume import check_shape

PHOTOMETRICS = (2, 6)  # RGB and YCbCr, which decodes to RGB
RATIO = 20_000  # no usual compression packs label images tighter


@dataclass(frozen=True)
class ColourSlices:
    """A stack of colour images.

    Attributes
    ----------
    name, format : str
        As of a `Volume`.
    shape : tuple of three int
        Shape (Z, Y, X).
    images : callable
        ``images(start, stop)`` yields the slices, (Y, X, 3) or (Y, X, 4) arrays of uint8.
    spacing : tuple of three float or None
        Size of a voxel along (z, y, x) in µm.
    notices : tuple of str
        As of a `Volume`.
    storage : dict from str to str
        As of a `Volume`.
    """

    name: str
    format: str
    shape: tuple[int, int, int]
    images: Callable
    spacing: tuple[float, float, float] | None = None
    notices: tuple[str, ...] = ()
    storage: dict = field(default_factory=dict)


def colours_of_array(array):
    """Take an array of colours.

    Parameters
    ----------
    array : (Z, Y, X, 3) or (Z, Y, X, 4) ndarray of uint8
        RGB or RGBA.

    Returns
    -------
    ColourSlices
        The same.

    Raises
    ------
    ValueError
        If the type is another.
    """
    _check_bytes("array", array.dtype)
    shape = check_shape(array.shape[:3], "array")
    return ColourSlices("array", "array", shape, lambda start, stop: iter(array[start:stop]))


def colours_of_png(path, *, indexed):
    """Open a PNG file or a folder of PNG slices as colours.

    Parameters
    ----------
    path : Path
        File or folder.
    indexed : bool
        Whether indexed images are taken as colours.

    Returns
    -------
    ColourSlices or None
        None if they hold values: grey levels or, unless `indexed`, indices.

    Raises
    ------
    ValueError
        If they cannot be read, differ, or have 16 bits per channel.
    """
    paths, header = equal_slices(path)
    if not (header.coloured or (indexed and header.kind == INDEXED)):
        return None
    if header.bits == 16:
        raise ValueError(f"{path}: has colours of 16 bits; save them with 8 bits per channel")

    def images(start, stop):
        return (read_png(one, header, colours=True) for one in paths[start:stop])

    storage = {"byte_order": "not applicable", "compression": "deflate"}
    return ColourSlices(
        name=f"{path}",
        format="PNG slices (colours)",
        shape=(len(paths), *header.shape),
        images=images,
        storage=storage | {"reading": "slices decoded one by one"},
    )


def colours_of_tiff(path):
    """Open a TIFF file, or a folder of TIFF slices, as colours.

    Parameters
    ----------
    path : Path
        File, whose pages are the slices, or folder, whose files are.

    Returns
    -------
    ColourSlices or None
        None if the first page holds no colours.

    Raises
    ------
    ValueError
        If a page cannot be read or differs from the first.
    """
    files = list_slices(path)[0] if path.is_dir() else [path]
    with open_tiff(files[0]) as tif:
        first = tif.pages.first
        if first.samplesperpixel not in (3, 4) or first.photometric not in PHOTOMETRICS:
            return None
        _check_bytes(files[0], first.dtype)
        kind = _kind(files[0], first)
        spacing, notice = read_spacing(tif)
        compression = first.compression.name.lower()
    counts = [_count_pages(file, kind) for file in files]
    wrong = [file for file, count in zip(files, counts, strict=True) if count > 1]
    if path.is_dir() and wrong:
        raise ValueError(f"{wrong[0]}: has several pages in a folder of slices; one is needed")
    return ColourSlices(
        name=f"{path}",
        format="folder of TIFF slices (colours)" if path.is_dir() else "TIFF (colours)",
        shape=(sum(counts), *kind[0]),
        images=partial(_read_folder, files) if path.is_dir() else partial(_read_pages, path),
        spacing=spacing,
        notices=(notice,) if notice else (),
        storage={
            "byte_order": "not applicable",
            "compression": compression,
            "reading": "slices decoded one by one",
        },
    )


def _read_folder(files, start, stop):
    """Yield the colour images of files with one page each."""
    for file in files[start:stop]:
        yield from _read_pages(file, 0, 1)


def _read_pages(path, start, stop):
    """Yield colour images of the pages of a file."""
    with open_tiff(path) as tif:
        for page in [page for page in tif.pages if not page.is_reduced][start:stop]:
            image = page.asarray()
            yield np.moveaxis(image, 0, -1) if page.planarconfig == 2 else image


def _count_pages(path, kind):
    """Count the pages of a file, each of the kind of the first one and inside the file."""
    with open_tiff(path) as tif:
        pages = [page for page in tif.pages if not page.is_reduced]
        for index, page in enumerate(pages):
            if _kind(path, page) != kind:
                raise ValueError(
                    f"{path}: page {index} has {_kind(path, page)[0]} pixels, and not the size or "
                    f"kind of the first, {kind[0]}; all slices must be equal"
                )
        declared = int((tif.imagej_metadata or {}).get("images", len(pages)))
        if declared > len(pages):
            raise ValueError(
                f"{path}: declares {declared} slices but has {len(pages)} pages; save it again as "
                "a TIFF with a page for each slice"
            )
    return len(pages)


def _kind(path, page):
    """Size, channels and type of a page, after checking that the file can hold it."""
    held = page.parent.filehandle.size
    parts = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if not parts or any(offset + size > held for offset, size in parts):
        raise ValueError(f"{path}: is cut short or damaged; copy or write it again")
    limit = held * (1 if page.compression == 1 else RATIO)
    if page.imagedepth > 1 or page.nbytes > limit:
        raise ValueError(
            f"{path}: declares images of shape {page.shape}, which its {held} bytes cannot hold; "
            "the file is damaged, copy or write it again"
        )
    return (page.imagelength, page.imagewidth), page.samplesperpixel, page.dtype


def _check_bytes(path, dtype):
    """Refuse colours of another type than uint8."""
    if dtype != np.uint8:
        raise ValueError(f"{path}: has colours of type {dtype}; save them with 8 bits per channel")
