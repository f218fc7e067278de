"""EDF: slices or whole volumes as the ESRF's programs write them; fabio reads their headers."""

import os
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from tomoseg_tf.volume.storage.contiguous import native, read_slices
from tomoseg_tf.volume.storage.damage import DAMAGE, reason
from tomoseg_tf.volume.tiff.slices import list_files
from tomoseg_tf.volume.volume import BYTE_ORDERS, Volume

SUFFIX = ".edf"
NOTICE = "EDF states no voxel size that all programs mean alike: give --spacing"


@dataclass(frozen=True)
class Frame:
    """Slices of one type that lie behind one another: where, or None if fabio unpacks them."""

    path: Path
    number: int
    shape: tuple[int, int, int]
    stored: np.dtype
    start: int | None


class EdfVolume(Volume):
    """A volume in an EDF file, or in a folder of them.

    The frames of a file are its slices, or one frame of three axes is the volume.

    Parameters
    ----------
    path : Path
        File, or folder whose files end in .edf, one slice each in natural order.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm.

    Raises
    ------
    ValueError
        If a file is no EDF file, is damaged or cut short, or slices differ in shape or type.
    """

    def __init__(self, path, spacing=None):
        paths = list_edf(path) if path.is_dir() else [path]
        self._frames = [frame for item in paths for frame in _frames(item)]
        first = self._frames[0]
        for frame in self._frames[1:]:
            if (frame.shape, frame.stored) != (first.shape, first.stored) or first.shape[0] > 1:
                raise ValueError(
                    f"{frame.path}: {frame.shape[1:]} of {frame.stored} differs from "
                    f"{first.shape[1:]} of {first.stored} of {first.path.name}, or follows a whole "
                    "volume; slices of a volume must be equal"
                )
        packed = first.start is None
        super().__init__(
            (first.shape[0] * len(self._frames), *first.shape[1:]),
            first.stored,
            spacing=spacing,
            name=path,
            format="folder of EDF slices" if path.is_dir() else "EDF",
            notices=() if spacing else (NOTICE,),
            storage={
                "byte_order": BYTE_ORDERS[first.stored.byteorder],
                "compression": "by fabio" if packed else "none",
                "reading": "slice by slice" if packed else "at its offset in the file",
            },
        )

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        result = np.empty((z1 - z0, rows[1] - rows[0], columns[1] - columns[0]), self.dtype)
        depth = self._frames[0].shape[0]
        for z in range(z0, z1):
            frame, at = self._frames[z // depth], z % depth
            if frame.start is None:
                image = _unpack(frame)[at]
                result[z - z0] = native(image[slice(*rows), slice(*columns)].copy())
                continue
            offset = frame.start + at * prod(frame.shape[1:]) * frame.stored.itemsize
            place = frame.path, [offset], frame.shape[1:], frame.stored
            result[z - z0] = read_slices(*place, rows, columns)[0]
        return result


def list_edf(path):
    """List the EDF files of a folder in natural order.

    Parameters
    ----------
    path : Path
        Folder.

    Returns
    -------
    list of Path
        Files that end in .edf, hidden ones left out.

    Raises
    ------
    ValueError
        If one is a link to nothing.
    """
    return list_files(path, (SUFFIX,))


def _frames(path):
    """Frames of a file, by their headers."""
    from fabio.edfimage import EdfImage  # takes long to import

    image, size = EdfImage(), os.path.getsize(path)
    try:
        image.read(f"{path}")
        found = [_frame(path, number, image.get_frame(number)) for number in range(image.nframes)]
    except (Exception, *DAMAGE) as error:  # fabio raises Exception itself
        raise ValueError(
            f"{path}: cannot be read as EDF ({reason(error)}); copy or write it again"
        ) from error
    finally:
        _close(image)
    for frame in found:
        end = (frame.start or 0) + prod(frame.shape) * frame.stored.itemsize
        if frame.start is not None and end > size:
            raise ValueError(
                f"{path}: has {size} bytes, but its header tells of {end}; it is cut short, copy "
                "it again"
            )
    if not found:
        raise ValueError(f"{path}: holds no frame; copy or write it again")
    return found


def _frame(path, number, frame):
    """Describe a frame."""
    keys = {key.lower(): value for key, value in frame.header.items()}
    packed = keys.get("compression", "none").strip().lower() not in ("none", "no", "")
    if frame.bfname is not None:
        raise ValueError(
            f"its voxels are in another file, which is not read: {Path(frame.bfname).name}"
        )
    shape = tuple(int(side) for side in frame.shape)
    if not 2 <= len(shape) <= 3:
        raise ValueError(f"its shape {shape} is that of no slice and no volume")
    order = "<" if f"{getattr(frame.byteorder, 'value', frame.byteorder)}" != ">" else ">"
    stored = np.dtype(frame.dtype).newbyteorder(order)
    return Frame(path, number, (1, 1, *shape)[-3:], stored, None if packed else frame.start)


def _unpack(frame):
    """Read a packed frame."""
    from fabio.edfimage import EdfImage  # takes long to import

    image = EdfImage()
    try:
        image.read(f"{frame.path}")
        return np.asarray(image.get_frame(frame.number).data).reshape(frame.shape)
    except (Exception, *DAMAGE) as error:
        raise ValueError(
            f"{frame.path}: cannot be unpacked ({reason(error)}); copy or write it again"
        ) from error
    finally:
        _close(image)


def _close(image):
    """Close the file that an image keeps open."""
    for number in range(image.nframes):
        file = image.get_frame(number).file
        if file is not None:
            file.close()
