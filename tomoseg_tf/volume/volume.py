"""The lazy volume: an array (Z, Y, X) with a spacing, read slab by slab."""

import sys
from functools import cached_property

import numpy as np

from tomoseg_tf.volume.circle import find_outside
from tomoseg_tf.volume.spacing import check_spacing
from tomoseg_tf.volume.storage.contiguous import native

CONTENT, CLASSES = "content", "classes"  # how files state that their voxels are classes
SLAB_BYTES = 64 * 2**20
BYTE_ORDERS = {"<": "little", ">": "big", "=": sys.byteorder, "|": "not applicable"}


class Volume:
    """A grey or label volume that is read piece by piece; each format has a subclass.

    A subclass implements `_read_box`, and `_read` where whole slices are read in another way.

    Parameters
    ----------
    shape : tuple of three int
        Shape (Z, Y, X), each at least 1.
    dtype : dtype
        Type of the voxels, an integer or a float, or bool, which is read as uint8.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm; None where it is unknown.
    name : str
        What errors call the volume: the path of its file, or "array".
    format : str
        Name of the format.
    notices : sequence of str, optional
        What a user should know about how the volume is read, a sentence each.
    storage : dict from str to str, optional
        How the voxels lie in the file: ``byte_order``, ``compression``, ``reading``.
    holds_classes : bool, optional
        Whether the file states that its voxels are classes, not grey levels.

    Attributes
    ----------
    files : tuple of str
        Names of the files and folders that are read, as `name` has them; none if it is an array.

    Raises
    ------
    ValueError
        If the shape is not that of a volume, or the type is no integer or float.
    """

    def __init__(
        self,
        shape,
        dtype,
        *,
        spacing=None,
        name,
        format,
        notices=(),
        storage=None,
        holds_classes=False,
    ):
        self.name = str(name)
        self.files = (self.name,)
        self.shape = check_shape(shape, self.name)
        self.dtype = check_dtype(dtype, self.name)
        self.spacing = check_spacing(spacing)
        self.format = format
        self.notices = tuple(notices)
        self.storage = dict(storage or {})
        self.holds_classes = holds_classes

    def __repr__(self):
        """Describe the volume in one line."""
        return f"<{type(self).__name__} {self.name} {self.shape} {self.dtype}>"

    @cached_property
    def outside(self):
        """Pixels outside the reconstruction circle, as `find_outside` gives them; read once."""
        return find_outside(self)

    @property
    def voxels(self):
        """Number of voxels."""
        depth, height, width = self.shape
        return depth * height * width

    @property
    def nbytes(self):
        """Size of the whole volume in memory, in bytes."""
        return self.voxels * self.dtype.itemsize

    def named_notices(self):
        """Notices, each with the name of the file that it is about.

        Returns
        -------
        list of str
            ``"scan.tif: ..."``
        """
        return [f"{self.name}: {notice}" for notice in self.notices]

    def read(self, start, stop):
        """Read a slab.

        Parameters
        ----------
        start, stop : int
            First slice and the one past the last, ``0 <= start <= stop <= Z``.

        Returns
        -------
        (stop - start, Y, X) ndarray of `dtype`
            The slab; it belongs to the caller.

        Raises
        ------
        ValueError
            If the slices are outside the volume, or the file cannot be read.
        """
        self._check_range("z", start, stop, self.shape[0])
        return self._finish(self._read(int(start), int(stop)))

    def read_box(self, box):
        """Read a box.

        Parameters
        ----------
        box : sequence of three (int, int)
            First and past-the-end index along z, y and x.

        Returns
        -------
        (z1 - z0, y1 - y0, x1 - x0) ndarray of `dtype`
            The box; it belongs to the caller.

        Raises
        ------
        ValueError
            If the box is outside the volume, or the file cannot be read.
        """
        for axis, (start, stop), size in zip("zyx", box, self.shape, strict=True):
            self._check_range(axis, start, stop, size)
        return self._finish(self._read_box(tuple((int(start), int(stop)) for start, stop in box)))

    def slabs(self, depth=None):
        """Read the whole volume slab by slab.

        Parameters
        ----------
        depth : int, optional
            Slices per slab; as many as fit into 64 MiB, and at least one, when not given.

        Yields
        ------
        start : int
            First slice of the slab.
        slab : (n, Y, X) ndarray of `dtype`
            Slices from `start` on, `depth` of them, or fewer at the end.
        """
        total, height, width = self.shape
        depth = depth or max(1, SLAB_BYTES // (height * width * self.dtype.itemsize))
        for start in range(0, total, depth):
            yield start, self.read(start, min(start + depth, total))

    def _read(self, start, stop):
        return self._read_box(((start, stop), (0, self.shape[1]), (0, self.shape[2])))

    def _read_box(self, box):
        raise NotImplementedError

    def _finish(self, array):
        return array.view(np.uint8) if array.dtype == bool else array

    def _check_range(self, axis, start, stop, size):
        if not 0 <= start <= stop <= size:
            raise ValueError(
                f"{self.name}: {start}:{stop} is outside its {size} voxels along {axis}"
            )


class ArrayVolume(Volume):
    """A volume that is an array in memory.

    Parameters
    ----------
    array : (Z, Y, X) array_like
        Voxels, of any integer or float type, or bool.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm.
    name : str, optional
        What errors call it.

    Raises
    ------
    ValueError
        If the array is not that of a volume.
    """

    def __init__(self, array, spacing=None, name="array"):
        array = np.asarray(array)
        super().__init__(array.shape, array.dtype, spacing=spacing, name=name, format="array")
        self.files = ()
        self._array = array

    def _read_box(self, box):
        return native(self._array[tuple(slice(start, stop) for start, stop in box)].copy())


def check_shape(shape, name):
    """Check the shape of a volume.

    Parameters
    ----------
    shape : sequence of int
        Shape (Z, Y, X).
    name : str
        What the error calls the volume.

    Returns
    -------
    tuple of three int
        The same.

    Raises
    ------
    ValueError
        If there are not three sides, or one is below 1.
    """
    shape = tuple(int(side) for side in shape)
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(
            f"{name}: shape {shape} is not that of a volume; three sides (Z, Y, X) are needed, "
            "each at least 1"
        )
    return shape


def check_dtype(dtype, name):
    """Check the type of voxels.

    Parameters
    ----------
    dtype : dtype
        Type as stored.
    name : str
        What the error calls the volume.

    Returns
    -------
    dtype
        The type that reading gives: the same in native byte order, uint8 for bool.

    Raises
    ------
    ValueError
        If it is neither an integer, nor a float of 16, 32 or 64 bits, nor bool.
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise ValueError(
            f"{name}: voxels of type {dtype} are not supported; convert them to integers or floats"
        )
    return dtype.newbyteorder("=")
