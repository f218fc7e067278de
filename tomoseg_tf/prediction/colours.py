"""A segmentation in the colours of its classes: RGB, as one TIFF file or a folder of slices."""

import io
import os
from contextlib import closing, contextmanager
from math import prod
from pathlib import Path

import numpy as np
import tifffile

from tomoseg_tf.volume import check_destination, check_output, staged_file, staged_folder

TIFF = (".tif", ".tiff", ".btf", ".tf8")
CLASSIC_BYTES = 2**32 - 2**25  # a classic TIFF has 32-bit offsets; the rest is for its pages


def colour_table(classes):
    """Look up the colours of classes.

    Parameters
    ----------
    classes : sequence of ClassEntry
        By index, with colours ``#rrggbb``.

    Returns
    -------
    (256, 3) ndarray of uint8
        Red, green and blue of each class index; black where there is no class.
    """
    table = np.zeros((256, 3), np.uint8)
    for index, entry in enumerate(classes):
        table[index] = list(bytes.fromhex(entry.colour[1:]))
    return table


def check_colours_output(path, overwrite=False):
    """Check that colours may be written at a path, before any work is done.

    Parameters
    ----------
    path : str or Path
        Name that ends as `create_colours` says.
    overwrite : bool
        Whether an existing output of the same kind may be replaced.

    Raises
    ------
    ValueError
        If not.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (*TIFF, ".png", ""):
        raise ValueError(
            f"{path}: colours are written to a TIFF file ({', '.join(TIFF)}), a folder of TIFF "
            "slices (no suffix) or a folder of PNG slices (.png)"
        )
    folder = suffix not in TIFF
    check_destination(path, overwrite, folder=folder, marker=_pattern(path) if folder else None)
    if not suffix:
        check_output(path, overwrite)  # slices that another program wrote stay


@contextmanager
def create_colours(path, shape, *, spacing=None, overwrite=False):
    """Write colours slab by slab; they appear under their name only when they are complete.

    Parameters
    ----------
    path : str or Path
        A name in .tif is one TIFF file of all slices; without suffix, a folder of a TIFF file
        each; in .png, a folder of a PNG file each.
    shape : tuple of int
        Shape (Z, Y, X).
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm; TIFF keeps it.
    overwrite : bool
        Whether an existing output may be replaced.

    Yields
    ------
    object
        ``write(start, slab)`` takes (n, Y, X, 3) uint8, slice after slice.

    Raises
    ------
    ValueError
        If the output exists, or cannot have this name.
    """
    check_colours_output(path, overwrite)
    path = Path(path)
    if path.suffix.lower() in TIFF:
        with (
            staged_file(path, overwrite=overwrite) as partial,
            closing(_Stack(partial, shape, spacing)) as writer,
        ):
            yield writer
        return
    with staged_folder(path, overwrite=overwrite, marker=_pattern(path)) as partial:
        yield _Slices(partial, shape, spacing, png=path.suffix.lower() == ".png")


class _Stack:
    """One TIFF file, its space reserved at once and each slab written at its place."""

    def __init__(self, path, shape, spacing):
        self.slice_bytes = 3 * prod(shape[1:])
        options = _tiff_options((*shape, 3), spacing)
        self.offset, _ = tifffile.imwrite(
            path, shape=(*shape, 3), dtype="uint8", returnoffset=True, **options
        )
        self.descriptor = os.open(path, os.O_RDWR)

    def write(self, start, slab):
        """Write a slab."""
        offset = self.offset + start * self.slice_bytes
        view = memoryview(np.ascontiguousarray(slab)).cast("B")
        while view:
            written = os.pwrite(self.descriptor, view, offset)
            offset, view = offset + written, view[written:]

    def close(self):
        """Close the file."""
        os.close(self.descriptor)


class _Slices:
    """A folder of RGB images."""

    def __init__(self, path, shape, spacing, *, png):
        self.path, self.spacing, self.png = path, spacing, png
        self.digits = max(4, len(str(shape[0] - 1)))

    def write(self, start, slab):
        """Write a file per slice."""
        for z, image in enumerate(slab, start):
            name = f"slice_{z:0{self.digits}d}{'.png' if self.png else '.tif'}"
            content = io.BytesIO()  # tifffile says nothing when the disk is full
            if self.png:
                from PIL import Image  # takes a while to load

                Image.fromarray(image).save(content, "PNG")
            else:
                options = _tiff_options((1, *image.shape), self.spacing)
                tifffile.imwrite(content, image[None], **options)
            with open(os.path.join(self.path, name), "wb") as file:
                file.write(content.getbuffer())


def _tiff_options(shape, spacing):
    """RGB as ImageJ has it while it fits into a classic file, else BigTIFF; with the spacing."""
    big = prod(shape) > CLASSIC_BYTES
    options = {"photometric": "rgb", "software": "tomoseg-tf", "metadata": {"axes": "ZYXS"}}
    options |= {"bigtiff": True} if big else {"imagej": True}
    if spacing is not None:
        z, y, x = spacing
        options["metadata"] |= {"unit": "um", "spacing": z}
        options["resolution"] = 1 / x, 1 / y
    return options


def _pattern(path):
    return "slice_*.png" if path.suffix.lower() == ".png" else "slice_*.tif"
