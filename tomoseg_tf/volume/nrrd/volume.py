"""NRRD files, with the data in them (.nrrd) or beside them (.nhdr)."""

import numpy as np

from tomoseg_tf.volume.nrrd.data import open_parts
from tomoseg_tf.volume.nrrd.layout import read_layout
from tomoseg_tf.volume.storage.contiguous import native
from tomoseg_tf.volume.volume import BYTE_ORDERS, Volume

READING = {
    "raw": "slices at their offsets in the file",
    "gzip": "decompressed once, as far as needed, into a temporary file (in TMPDIR)",
    "bzip2": "decompressed once, as far as needed, into a temporary file (in TMPDIR)",
    "text": "as a whole into memory",
}


class NrrdVolume(Volume):
    """A volume in an NRRD file, or in files that an NRRD header describes.

    Data files are only read below the folder of the header.

    Parameters
    ----------
    path : Path
        File or header.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the file states.

    Raises
    ------
    ValueError
        If it is no NRRD file, is damaged or cut short, holds no grey volume, or its data lie
        elsewhere.
    """

    def __init__(self, path, spacing=None):
        layout = read_layout(path)
        notices = list(layout.notices)
        if spacing is None and layout.spacing_notice:
            notices.append(layout.spacing_notice)
        self._parts = open_parts(layout)
        excess = sum(part.excess for part in self._parts)
        if excess:
            notices.append(f"{excess} bytes after its voxels are not read")
        super().__init__(
            layout.shape,
            layout.dtype,
            spacing=spacing or layout.spacing,
            name=path,
            format="NRRD" if layout.parts == (layout.path,) else "NRRD with detached data",
            notices=notices,
            holds_classes=layout.holds_classes,
            storage={
                "byte_order": BYTE_ORDERS[layout.dtype.byteorder],
                "compression": "none" if layout.encoding == "raw" else layout.encoding,
                "reading": READING[layout.encoding],
            },
        )
        self._stored = layout.dtype

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        step = self.shape[1] * self.shape[2] * self._stored.itemsize
        depth = self.shape[0] // len(self._parts)
        blocks = []
        for index in range(z0 // depth, -(-z1 // depth)):
            first = index * depth
            slices = range(max(z0, first) - first, min(z1, first + depth) - first)
            offsets = [z * step for z in slices]
            part = self._parts[index]
            blocks.append(part.read(offsets, self.shape[1:], self._stored, rows, columns))
        if len(blocks) == 1:
            return native(blocks[0])
        shape = z1 - z0, rows[1] - rows[0], columns[1] - columns[0]
        return native(np.concatenate(blocks)) if blocks else np.empty(shape, self.dtype)
