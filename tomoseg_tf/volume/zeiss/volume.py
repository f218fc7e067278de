"""Scans in TXM files: an OLE container with one stream for each slice; olefile reads it."""

from threading import Lock

import numpy as np

from tomoseg_tf.volume.storage.contiguous import native
from tomoseg_tf.volume.storage.damage import DAMAGE, reason
from tomoseg_tf.volume.volume import Volume

TYPES = {2: "i1", 3: "u1", 4: "i2", 5: "u2", 6: "i4", 7: "u4", 10: "f4", 11: "f8"}
INFO = "ImageInfo"
TOGETHER = 100  # slices in a folder of the container


class TxmVolume(Volume):
    """A volume in a TXM file of a Zeiss (Xradia) microscope; of a TXRM file its radiographs.

    Parameters
    ----------
    path : Path
        File.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the file states.

    Raises
    ------
    ValueError
        If it is no TXM file, is damaged or cut short, or its voxels are of a type that is not
        read.
    """

    def __init__(self, path, spacing=None):
        self._file, self._lock = None, Lock()
        self._file = _open(path)
        shape = tuple(
            self._number(path, name, "<i4") for name in ("NoOfImages", "ImageHeight", "ImageWidth")
        )
        kind = self._number(path, "DataType", "<i4")
        if kind not in TYPES:
            raise ValueError(f"{path}: its voxels have type {kind}, which is not read; export TIFF")
        self._stored = np.dtype(TYPES[kind]).newbyteorder("<")
        notices = []
        if spacing is None:
            spacing, notices = self._spacing(path)
        if path.suffix.lower() == ".txrm":
            notices.append("a TXRM file holds radiographs, not slices; reconstruct it first")
        super().__init__(
            shape,
            self._stored,
            spacing=spacing,
            name=path,
            format="TXM",
            notices=notices,
            storage={"byte_order": "little", "compression": "none", "reading": "slice by slice"},
        )
        self._check_sizes()

    def __del__(self):
        """Close the file."""
        if getattr(self, "_file", None) is not None:
            self._file.close()

    def __getstate__(self):
        """Leave the open file behind, for another process."""
        return {**self.__dict__, "_file": None, "_lock": None}

    def __setstate__(self, state):
        """Open the file there when it is read."""
        self.__dict__.update(state)
        self._lock = Lock()

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        result = np.empty((z1 - z0, rows[1] - rows[0], columns[1] - columns[0]), self.dtype)
        for z in range(z0, z1):
            try:
                with self._lock:
                    if self._file is None:
                        self._file = _open(self.name)
                    data = self._file.openstream(_stream(z)).read()
                image = np.frombuffer(data, self._stored).reshape(self.shape[1:])
            except DAMAGE as error:
                raise ValueError(
                    f"{self.name}: slice {z} cannot be read ({reason(error)}); the file is "
                    "damaged, copy it again"
                ) from error
            result[z - z0] = native(image[slice(*rows), slice(*columns)].copy())
        return result

    def _number(self, path, name, kind):
        """Read a number of the container."""
        try:
            data = self._file.openstream(f"{INFO}/{name}").read(8)
            return np.frombuffer(data, kind)[0].item()
        except DAMAGE as error:
            raise ValueError(
                f"{path}: states no {name} ({reason(error)}); it is no scan of a Zeiss microscope, "
                "or damaged"
            ) from error

    def _spacing(self, path):
        """Spacing in µm, the same along all axes, and what is to be said of it."""
        if self._file.exists(f"{INFO}/PixelSize"):
            size = self._number(path, "PixelSize", "<f4")
            if np.isfinite(size) and size > 0:
                return (float(f"{size:.7g}"),) * 3, []
        return None, ["it states no pixel size: the spacing is unknown; state it with --spacing"]

    def _check_sizes(self):
        """Refuse a file that lacks slices, before anything is read."""
        wanted = self.shape[1] * self.shape[2] * self._stored.itemsize
        for z in range(self.shape[0]):
            held = self._file.get_size(_stream(z)) if self._file.exists(_stream(z)) else 0
            if held != wanted:
                raise ValueError(
                    f"{self.name}: slice {z} of {self.shape[0]} has {held} bytes, but "
                    f"{self.shape[1]} × {self.shape[2]} voxels of {self._stored} need {wanted}; "
                    "the scan is not complete, or the file damaged"
                )


def _open(path):
    """Open the container."""
    import olefile

    try:
        return olefile.OleFileIO(f"{path}")
    except DAMAGE as error:
        raise ValueError(
            f"{path}: is no TXM file, or damaged ({reason(error)}); copy it again"
        ) from error


def _stream(z):
    """Place of a slice in the container."""
    return f"ImageData{z // TOGETHER + 1}/Image{z + 1}"
