"""TIFF stacks: multi-page, BigTIFF, ImageJ and OME files, read slice by slice."""

import numpy as np

from tomoseg_tf.volume.contiguous import read_slices
from tomoseg_tf.volume.tiff_open import DAMAGE
from tomoseg_tf.volume.tiff_pages import read_layout, read_slice_layout
from tomoseg_tf.volume.volume import BYTE_ORDERS, Volume

NAMES = {"imagej": "TIFF (ImageJ)", "ome": "TIFF (OME)"}


class TiffVolume(Volume):
    """A volume in a TIFF file: its first image series, whatever its stack axis is called.

    Uncompressed slices are read at their offset, others are decoded one by one. The file is not
    kept open.

    Parameters
    ----------
    path : Path
        File.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the file states.
    layout : Layout, optional
        Structure of the file; read from it when not given.

    Raises
    ------
    ValueError
        If it is no TIFF file, is damaged or cut short, or is no grey volume.
    """

    def __init__(self, path, spacing=None, layout=None):
        layout = layout or read_layout(path)
        notices = list(layout.notices)
        if spacing is None and layout.spacing_notice:
            notices.append(layout.spacing_notice)
        reading = "at their offsets in the file" if layout.contiguous else "decoded one by one"
        super().__init__(
            layout.shape,
            layout.dtype,
            spacing=spacing or layout.spacing,
            name=path,
            format=NAMES.get(layout.kind, "TIFF"),
            notices=notices,
            storage={
                "byte_order": BYTE_ORDERS[layout.dtype.byteorder],
                "compression": layout.compression,
                "reading": f"slices {reading}",
            },
        )
        self._layout = layout

    def _read(self, start, stop):
        return self._read_box(((start, stop), (0, self.shape[1]), (0, self.shape[2])))

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        pages = self._layout.pages[z0:z1]
        if self._layout.contiguous:
            offsets = [page.offsets[0] for page in pages]
            return read_slices(
                self.name, offsets, self.shape[1:], self._layout.dtype, rows, columns
            )
        shape = z1 - z0, rows[1] - rows[0], columns[1] - columns[0]
        result = np.empty(shape, self.dtype)
        with open(self.name, "rb", buffering=0) as file:
            for index, page in enumerate(pages):
                image = self._decode(file, page, z0 + index)
                result[index] = image[slice(*rows), slice(*columns)]
        return result

    def _decode(self, file, page, z):
        """Decode the strips or tiles of one slice."""
        height, width = self.shape[1:]
        if page.decode is None:
            return read_slices(self.name, page.offsets, (height, width), self._layout.dtype)[0]
        image = np.empty((height, width), self.dtype)
        for index, (offset, size) in enumerate(zip(page.offsets, page.sizes, strict=True)):
            file.seek(offset)
            data = file.read(size)
            try:
                if len(data) != size:
                    raise ValueError("the file ends too early")
                part, position, _ = page.decode(data, index)
                y, x = position[2:4]
                part = part[0, : height - y, : width - x, 0]
            except DAMAGE as error:
                reason = " ".join(str(error).split())[:120]
                raise ValueError(
                    f"{self.name}: slice {z} cannot be decoded ({reason}); the file is damaged"
                ) from error
            image[y : y + part.shape[0], x : x + part.shape[1]] = part
        return image


def open_slice(path, spacing=None):
    """Open a TIFF file that is one slice of a stack.

    Parameters
    ----------
    path : Path
        File.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the file states.

    Returns
    -------
    TiffVolume
        Volume of shape (1, Y, X).

    Raises
    ------
    ValueError
        If it is no TIFF file, is damaged or cut short, or is no single grey slice.
    """
    return TiffVolume(path, spacing, layout=read_slice_layout(path))
