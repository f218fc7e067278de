"""NPY, the array files of NumPy: read and written slab by slab."""

import os
from math import prod

import numpy as np

from tomoseg_tf.volume.plain import PlainVolume, PlainWriter
from tomoseg_tf.volume.storage.damage import DAMAGE, reason

HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class NpyVolume(PlainVolume):
    """A volume in an NPY file.

    Parameters
    ----------
    path : Path
        File.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm; the format cannot carry it.

    Raises
    ------
    ValueError
        If it is no NPY file, holds no volume of numbers in C order, or is cut short.
    """

    def __init__(self, path, spacing=None):
        shape, dtype, offset = _read_header(path)
        super().__init__(path, shape, dtype, spacing, format="NPY", offset=offset)
        size, wanted = os.path.getsize(path), offset + prod(self.shape) * dtype.itemsize
        if size != wanted:
            raise ValueError(
                f"{path}: has {size} bytes, but shape {self.shape} of {dtype} needs {wanted}; "
                "the file is damaged, write it again"
            )


class NpyWriter(PlainWriter):
    """Writes an NPY file; its whole length is reserved at once."""

    def __init__(self, path, shape, dtype, spacing=None):
        super().__init__(path, shape, dtype, spacing)
        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": self.shape,
        }
        with open(path, "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            offset = file.tell()
            file.truncate(offset + prod(self.shape) * self.dtype.itemsize)
        self._begin(path, offset, "=")


def _read_header(path):
    """Shape, stored type and data offset of an NPY file that holds numbers in C order."""
    with open(path, "rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            shape, fortran_order, dtype = HEADER_READERS[version](file)
        except DAMAGE as error:
            raise ValueError(
                f"{path}: is not an NPY file that can be read ({reason(error)}); copy or write it "
                "again"
            ) from error
        offset = file.tell()
    if dtype.hasobject or dtype.names or dtype.subdtype:
        raise ValueError(f"{path}: holds {dtype}, not plain numbers; save an array of numbers")
    if fortran_order and len(shape) > 1:
        raise ValueError(
            f"{path}: is stored in Fortran order; save numpy.ascontiguousarray of it instead"
        )
    return shape, dtype, offset
