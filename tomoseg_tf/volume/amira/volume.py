"""Scans and label fields of Amira and Avizo, read slab by slab."""

from functools import partial
from math import prod

from tomoseg_tf.volume.amira.header import read_layout
from tomoseg_tf.volume.amira.materials import describe_materials
from tomoseg_tf.volume.amira.packing import Inflated, Numbers, Runs
from tomoseg_tf.volume.storage.contiguous import native, read_slices
from tomoseg_tf.volume.storage.unpacked import READING, Unpacked
from tomoseg_tf.volume.volume import BYTE_ORDERS, Volume

UNPACKERS = {"HxByteRLE": Runs, "HxZip": Inflated, "text": Numbers}


class AmiraVolume(Volume):
    """A volume in an AmiraMesh file.

    Parameters
    ----------
    path : Path
        File.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the file states.

    Attributes
    ----------
    class_names : tuple of str
        Names of the materials of a label field, by class.

    Raises
    ------
    ValueError
        If it is no AmiraMesh file, is damaged or cut short, or holds no grey or label volume.
    """

    def __init__(self, path, spacing=None):
        layout = read_layout(path)
        labels = layout.dtype.kind in "iu" and (layout.materials or layout.field == "Labels")
        notices = [] if spacing and not layout.spacing else list(layout.notices)
        if layout.materials and labels:
            notices.append(describe_materials(layout.materials))
        plain = layout.packing == "none"
        super().__init__(
            layout.shape,
            layout.dtype,
            spacing=spacing or layout.spacing,
            name=path,
            format="AmiraMesh",
            notices=notices,
            holds_classes=bool(labels),
            storage={
                "byte_order": BYTE_ORDERS[layout.dtype.byteorder],
                "compression": layout.packing,
                "reading": "at its offset in the file" if plain else READING,
            },
        )
        self.class_names = tuple(item.name for item in layout.materials) if labels else ()
        self._stored, self._start, self._unpacked = layout.dtype, layout.start, None
        if not plain:
            options = {"packed": layout.packed}
            options |= {"dtype": layout.dtype} if layout.packing == "text" else {}
            unpacker = partial(UNPACKERS[layout.packing], **options)
            wanted = prod(layout.shape) * layout.dtype.itemsize
            self._unpacked = Unpacked(path, layout.start, wanted, unpacker)

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        plane = self.shape[1:]
        step = prod(plane) * self._stored.itemsize
        if self._unpacked is None:
            offsets = [self._start + z * step for z in range(z0, z1)]
            return read_slices(self.name, offsets, plane, self._stored, rows, columns)
        offsets = [z * step for z in range(z0, z1)]
        return native(self._unpacked.read(offsets, plane, self._stored, rows, columns))
