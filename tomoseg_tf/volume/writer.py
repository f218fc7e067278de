"""The streaming writer: slabs in any order, every slice before the end."""

import numpy as np

from tomoseg_tf.volume.spacing import check_spacing
from tomoseg_tf.volume.volume import check_dtype, check_shape


class Writer:
    """Writes a volume slab by slab; each format has a subclass.

    A subclass implements `_write` and, where it holds something open, `close`.

    Parameters
    ----------
    path : Path
        Where to write; nothing is there yet, or an empty folder.
    shape : tuple of three int
        Shape (Z, Y, X) of the whole volume.
    dtype : dtype
        Type of the voxels, an integer or a float.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm.
    classes : bool, optional
        Whether the file is to state that its voxels are classes, not grey levels.

    Raises
    ------
    ValueError
        If the shape, the type or the spacing is not that of a volume.
    """

    def __init__(self, path, shape, dtype, spacing=None, *, classes=False):
        self.path = path
        self.shape = check_shape(shape, "output")
        if np.dtype(dtype).kind == "b":
            raise ValueError("output: bool voxels cannot be written; convert them to uint8")
        self.dtype = check_dtype(dtype, "output")
        self.spacing = check_spacing(spacing)
        self.classes = classes
        self._written = np.zeros(self.shape[0], bool)

    def write(self, start, slab):
        """Write a slab; slabs may come in any order.

        Parameters
        ----------
        start : int
            Slice of the volume that the slab begins with.
        slab : (n, Y, X) ndarray of the type of the volume
            Its slices.

        Raises
        ------
        ValueError
            If the slab does not fit the volume, or its type is another.
        """
        slab = np.asarray(slab)
        if slab.ndim != 3 or slab.shape[1:] != self.shape[1:]:
            raise ValueError(
                f"slab of shape {slab.shape} does not fit a volume of shape {self.shape}"
            )
        stop = start + len(slab)
        if start < 0 or stop > self.shape[0]:
            raise ValueError(f"slices {start}:{stop} are outside a volume of shape {self.shape}")
        if slab.dtype.newbyteorder("=") != self.dtype:
            raise ValueError(
                f"slab of type {slab.dtype} for a volume of type {self.dtype}; convert it first"
            )
        self._write(start, slab)
        self._written[start:stop] = True

    def check_complete(self):
        """Check that every slice was written.

        Raises
        ------
        ValueError
            If not, with their number and the first of them.
        """
        missing = np.flatnonzero(~self._written)
        if len(missing):
            raise ValueError(
                f"{len(missing)} of {self.shape[0]} slices were not written, "
                f"the first is slice {missing[0]}"
            )

    def close(self):
        """Close what is open; called once, also after an error."""

    def _write(self, start, slab):
        raise NotImplementedError
