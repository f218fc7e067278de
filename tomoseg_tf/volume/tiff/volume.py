"""TIFF stacks: multi-page, BigTIFF, ImageJ and OME files, read slice by slice."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tomoseg_tf.volume.storage.contiguous import read_slices
from tomoseg_tf.volume.storage.damage import DAMAGE, reason
from tomoseg_tf.volume.tiff.pages import read_layout, read_slice_layout
from tomoseg_tf.volume.tiff.series import COLOURED
from tomoseg_tf.volume.volume import BYTE_ORDERS, Volume

WORKERS = max(1, (os.cpu_count() or 1) // 2)  # threads that decode slices, as many as tifffile has
NAMES = {"imagej": "TIFF (ImageJ)", "ome": "TIFF (OME)"}


class TiffVolume(Volume):
    """A volume in a TIFF file: its first image series, whatever its stack axis is called.

    Colours are read as grey: where red, green and blue differ, reading is a `ValueError`.
    Uncompressed slices are read at their offset; of others the strips or tiles are decoded that are
    asked for. The file is not kept open.

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
        reading = "at their offsets in the file" if layout.contiguous else "decoded strip by strip"
        super().__init__(
            layout.shape,
            layout.dtype,
            spacing=spacing or layout.spacing,
            name=path,
            format=NAMES.get(layout.kind, "TIFF"),
            notices=notices,
            holds_classes=layout.holds_classes,
            storage={
                "byte_order": BYTE_ORDERS[layout.dtype.byteorder],
                "compression": layout.compression,
                "reading": f"slices {reading}",
            },
        )
        self._layout = layout
        if layout.doubtful:  # no memory is taken before one part proves to be what is declared
            with open(path, "rb", buffering=0) as file:
                self._decode_part(file, layout.pages[0], 0, 0)

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        pages = self._layout.pages[z0:z1]
        if self._layout.contiguous:
            offsets = [page.offsets[0] for page in pages]
            return read_slices(
                self.name, offsets, self.shape[1:], self._layout.dtype, rows, columns
            )
        result = np.empty((z1 - z0, rows[1] - rows[0], columns[1] - columns[0]), self.dtype)

        def decode(index):
            self._decode(pages[index], z0 + index, rows, columns, result[index])

        if len(pages) == 1 or WORKERS == 1:
            for index in range(len(pages)):
                decode(index)
        else:
            with ThreadPoolExecutor(min(WORKERS, len(pages) or 1)) as pool:
                list(pool.map(decode, range(len(pages))))
        return result

    def _decode(self, page, z, rows, columns, result):
        """Decode the strips or tiles of one slice that a rectangle needs, into `result`."""
        if page.decode is None:
            slices = read_slices(
                self.name, page.offsets, self.shape[1:], self._layout.dtype, rows, columns
            )
            result[:] = slices[0]
            return
        height, width = page.chunk
        with open(self.name, "rb", buffering=0) as file:
            for row in range(rows[0] // height, -(-rows[1] // height)):
                for column in range(columns[0] // width, -(-columns[1] // width)):
                    part = self._decode_part(file, page, z, row * self._across(page) + column)
                    _paste(part, row * height - rows[0], column * width - columns[0], result)

    def _decode_part(self, file, page, z, index):
        """Decode one strip or tile of a slice; of colours the grey that they are."""
        if not self._layout.coloured:
            return self._decode_channels(file, page, z, index)[..., 0]
        indices = [index + channel * page.apart for channel in range(3 if page.apart else 1)]
        parts = [self._decode_channels(file, page, z, one) for one in indices]
        colours = np.concatenate(parts, axis=-1)[..., :3]
        differ = (colours != colours[..., :1]).any(axis=-1)
        if differ.any():
            row, column = np.unravel_index(differ.argmax(), differ.shape)
            top, left = self._corner(page, index)
            colour = ", ".join(str(value) for value in colours[row, column])
            raise ValueError(
                f"{self.name}: slice {z}, y {top + row}, x {left + column} has the colour "
                f"({colour}), which is not grey; {COLOURED}"
            )
        return colours[..., 0]

    def _corner(self, page, index):
        """First row and column of a strip or tile."""
        row, column = divmod(index % (page.apart or len(page.offsets)), self._across(page))
        return row * page.chunk[0], column * page.chunk[1]

    def _across(self, page):
        """Count the strips or tiles that lie side by side."""
        return -(-self.shape[2] // page.chunk[1])

    def _decode_channels(self, file, page, z, index):
        """Decode the channels that one strip or tile holds."""
        try:
            file.seek(page.offsets[index])
            data = file.read(page.sizes[index])
            if len(data) != page.sizes[index]:
                raise ValueError("the file ends too early")
            part, position, _ = page.decode(data, index)
            if tuple(position[2:4]) != self._corner(page, index):
                raise ValueError("its strips or tiles are not in order")
            height, width = self.shape[1] - position[2], self.shape[2] - position[3]
            part = part[0, :height, :width]
            if part.shape[:2] != (min(height, page.chunk[0]), min(width, page.chunk[1])):
                raise ValueError("a strip or tile is too small")
            return part
        except DAMAGE as error:
            raise ValueError(
                f"{self.name}: slice {z} cannot be decoded ({reason(error)}); the file is "
                "damaged, copy or write it again"
            ) from error


def _paste(part, y, x, result):
    """Paste a part that begins at (y, x), which may be negative, as far as it fits."""
    top, left = max(y, 0), max(x, 0)
    visible = part[top - y : len(result) - y, left - x : result.shape[1] - x]
    result[top : top + visible.shape[0], left : left + visible.shape[1]] = visible


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
