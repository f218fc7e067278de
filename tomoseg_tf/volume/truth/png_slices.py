"""PNG slices: one file or a folder of them, grey or indexed values, or colours."""

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tomoseg_tf.volume.storage.damage import DAMAGE, reason
from tomoseg_tf.volume.tiff.slices import list_files
from tomoseg_tf.volume.volume import Volume

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
INDEXED = 3
DEFLATE = 1032  # no byte of a file stands for more bytes than these


@dataclass(frozen=True)
class PngHeader:
    """Size and kind of a PNG image."""

    shape: tuple[int, int]
    bits: int
    kind: int  # colour type: 0 grey, 2 RGB, 3 indexed, 4 grey with alpha, 6 RGBA

    @property
    def coloured(self):
        """Whether it can only be read as colours."""
        return self.kind not in (0, INDEXED)


def list_png(path):
    """List the PNG files of a folder in natural order, hidden ones left out.

    Parameters
    ----------
    path : Path
        Folder.

    Returns
    -------
    list of Path
        Files that end in .png.

    Raises
    ------
    ValueError
        If one is a link to nothing.
    """
    return list_files(path, (".png",))


def read_png_header(path):
    """Read the header of a PNG file; its size is believed only as far as the file can hold it.

    Parameters
    ----------
    path : Path
        File.

    Returns
    -------
    PngHeader
        Size and kind of the image.

    Raises
    ------
    ValueError
        If it is no PNG file, or declares more than it can hold.
    """
    with open(path, "rb") as file:
        start = file.read(26)
        size = file.seek(0, 2)
    if not start:
        raise ValueError(f"{path}: is empty (0 bytes); copy or write it again")
    if len(start) < 26 or start[:8] != SIGNATURE or start[12:16] != b"IHDR":
        raise ValueError(f"{path}: is not a PNG file; its first bytes are {start[:8]!r}")
    width, height, bits, kind = struct.unpack(">IIBB", start[16:26])
    wanted = height * width * CHANNELS.get(kind, 0) * bits // 8
    if kind not in CHANNELS or bits not in (1, 2, 4, 8, 16) or not height or not width:
        raise ValueError(f"{path}: its PNG header is damaged; copy or write it again")
    if wanted > size * DEFLATE:
        raise ValueError(
            f"{path}: declares {height} × {width} pixels, which its {size} bytes cannot hold; "
            "the file is damaged, copy or write it again"
        )
    return PngHeader((height, width), bits, kind)


def read_png(path, header, *, colours):
    """Decode a PNG file.

    Parameters
    ----------
    path : Path
        File.
    header : PngHeader
        What its header should be.
    colours : bool
        Whether to decode colours; else values, and the indices of an indexed image.

    Returns
    -------
    (Y, X, 4) or (Y, X) ndarray
        RGBA of type uint8, or values of type uint8 or uint16.

    Raises
    ------
    ValueError
        If it is damaged, or has changed.
    """
    from PIL.PngImagePlugin import PngImageFile

    if read_png_header(path) != header:
        raise ValueError(f"{path}: has changed while it was read")
    try:
        with warnings.catch_warnings(action="error"), PngImageFile(path) as image:
            image.load()
            array = np.asarray(image.convert("RGBA") if colours else image)
    except (*DAMAGE, SyntaxError, Warning) as error:
        raise ValueError(
            f"{path}: is damaged or cut short ({reason(error)}); copy or write it again"
        ) from error
    if array.shape[:2] != header.shape:
        raise ValueError(f"{path}: holds another image than its header says; write it again")
    return array if colours else array.astype(np.uint16 if header.bits == 16 else np.uint8)


class PngVolume(Volume):
    """A volume of PNG slices: grey values, or the indices of indexed images.

    Parameters
    ----------
    path : Path
        File, or folder of files.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm; the format cannot carry it.

    Raises
    ------
    ValueError
        If there are none, they differ in size or kind, or they hold colours.
    """

    def __init__(self, path, spacing=None):
        self._paths, self._header = equal_slices(Path(path))
        if self._header.coloured:
            raise ValueError(f"{path}: has colours; save one grey channel instead")
        super().__init__(
            (len(self._paths), *self._header.shape),
            np.uint16 if self._header.bits == 16 else np.uint8,
            spacing=spacing,
            name=path,
            format="PNG slices",
            storage={
                "byte_order": "big",
                "compression": "deflate",
                "reading": "slices decoded one by one",
            },
        )

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        result = np.empty((z1 - z0, rows[1] - rows[0], columns[1] - columns[0]), self.dtype)
        for index, path in enumerate(self._paths[z0:z1]):
            image = read_png(path, self._header, colours=False)
            result[index] = image[slice(*rows), slice(*columns)]
        return result


def equal_slices(path):
    """Find the PNG slices of a volume and check that all are of one size and kind.

    Parameters
    ----------
    path : Path
        File, or folder of files.

    Returns
    -------
    paths : list of Path
        The slices in order.
    header : PngHeader
        Header of each.

    Raises
    ------
    ValueError
        If there are none, one cannot be read, or they differ.
    """
    paths = list_png(path) if path.is_dir() else [path]
    if not paths:
        raise ValueError(f"{path}: holds no PNG slices (*.png)")
    first = read_png_header(paths[0])
    for other in paths[1:]:
        header = read_png_header(other)
        if header != first:
            raise ValueError(
                f"{other}: differs in size or kind from {paths[0].name} ({header.shape} and "
                f"{first.shape}, {header.bits} and {first.bits} bits); all slices must be equal"
            )
    return paths, first
