"""A folder of TIFF files, one slice each, in natural order."""

import io
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import tifffile

from tomoseg_tf.volume.storage.staging import check_destination
from tomoseg_tf.volume.tiff.opening import open_tiff
from tomoseg_tf.volume.tiff.volume import open_slice
from tomoseg_tf.volume.tiff.writer import SOFTWARE, tiff_options
from tomoseg_tf.volume.volume import Volume
from tomoseg_tf.volume.writer import Writer

SUFFIXES = (".tif", ".tiff")
OWN = re.compile(r"slice_[0-9]{4,}\.tif")  # names that SlicesWriter gives


class SlicesVolume(Volume):
    """A volume that is a folder of TIFF slices.

    All headers are read on opening; hidden files are ignored, and so are other files, with a
    notice.

    Parameters
    ----------
    path : Path
        Folder.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the slices state.

    Raises
    ------
    ValueError
        If it holds no slices, or one is damaged or differs from the first in shape or type.
    """

    def __init__(self, path, spacing=None):
        self._paths, others = list_slices(path)
        if not self._paths:
            raise ValueError(f"{path}: holds no TIFF slices (*.tif, *.tiff)")
        notices = _gaps([item.name for item in self._paths])
        if others:
            notices.append(f"{len(others)} files that are no TIFF are ignored: {_some(others)}")
        first = open_slice(self._paths[0], spacing)
        stated, holds_classes = first.spacing, first.holds_classes
        for other in self._paths[1:]:
            volume = open_slice(other, spacing)
            _check_equal(self._paths[0], first, other, volume)
            stated = stated if volume.spacing == stated else None
            holds_classes &= volume.holds_classes
        if first.spacing and not stated:
            notices.append("its slices state different voxel sizes: the spacing is unknown")
        super().__init__(
            (len(self._paths), *first.shape[1:]),
            first.dtype,
            spacing=stated,
            name=path,
            format="folder of TIFF slices",
            notices=notices + list(first.notices),
            storage=first.storage,
            holds_classes=holds_classes,
        )

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        shape = z1 - z0, rows[1] - rows[0], columns[1] - columns[0]
        result = np.empty(shape, self.dtype)
        for index, path in enumerate(self._paths[z0:z1]):
            volume = open_slice(path)
            if (volume.shape[1:], volume.dtype) != (self.shape[1:], self.dtype):
                raise ValueError(f"{path}: has changed while it was read")
            result[index] = volume.read_box(((0, 1), rows, columns))[0]
        return result


class SlicesWriter(Writer):
    """Writes a folder of TIFF files ``slice_0000.tif``, each with the spacing of the volume."""

    def __init__(self, path, shape, dtype, spacing=None, *, classes=False):
        super().__init__(path, shape, dtype, spacing, classes=classes)
        self._digits = max(4, len(str(self.shape[0] - 1)))
        shape = 1, *self.shape[1:]
        self._options = tiff_options(shape, self.dtype, self.spacing, classes=self.classes)

    def _write(self, start, slab):
        for z, image in enumerate(slab, start):
            name = Path(self.path, f"slice_{z:0{self._digits}d}.tif")
            data = image.astype(self.dtype, copy=False).reshape(self._options["shape"])
            content = io.BytesIO()  # tifffile says nothing when the disk is full
            tifffile.imwrite(content, data, **self._options)
            name.write_bytes(content.getbuffer())


def list_slices(path):
    """List the TIFF files of a folder in natural order: 2 comes before 10.

    Parameters
    ----------
    path : str or Path
        Folder.

    Returns
    -------
    slices : list of Path
        Files that end in .tif or .tiff, hidden ones left out.
    others : list of str
        Names of the other files.

    Raises
    ------
    ValueError
        If a slice is a link to nothing.
    """
    slices = list_files(path, SUFFIXES)
    taken = {item.name for item in slices}
    others = [item for item in Path(path).iterdir() if item.name not in taken]
    return slices, sorted(
        item.name for item in others if not item.name.startswith(".") and item.is_file()
    )


def list_files(path, suffixes):
    """List the files of a folder that have some suffixes, in natural order.

    Parameters
    ----------
    path : str or Path
        Folder.
    suffixes : tuple of str
        In lower case.

    Returns
    -------
    list of Path
        Files, hidden ones left out.

    Raises
    ------
    ValueError
        If one is a link to nothing: a slice would be left out.
    """
    named = [item for item in Path(path).iterdir() if item.suffix.lower() in suffixes]
    shown = [item for item in named if not item.name.startswith(".")]
    shown.sort(key=lambda item: natural_key(item.name))
    for item in shown:
        if item.is_symlink() and not item.exists():
            raise ValueError(f"{item}: is a link to nothing; copy the file that it stands for")
    return [item for item in shown if item.is_file()]


def natural_key(name):
    """Key that sorts the numbers in names by their value.

    Parameters
    ----------
    name : str
        Name of a file.

    Returns
    -------
    tuple
        Its texts and numbers in turn, and the name itself to settle ties.

    Examples
    --------
    >>> sorted(["s10.tif", "s9.tif", "s2.tif"], key=natural_key)
    ['s2.tif', 's9.tif', 's10.tif']
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts)), name


def check_slices_destination(path, overwrite=False, *, folder=True):
    """Check that a folder of slices may be written; only one that was written so is replaced.

    Parameters
    ----------
    path : Path
        Folder to be written.
    overwrite : bool, optional
        Whether an existing folder of slices may be replaced.
    folder : bool, optional
        As for `check_destination`.

    Raises
    ------
    ValueError
        If it exists (and may not be replaced, or holds anything but slices that this program
        wrote, and hidden files), or its parent folder does not exist.
    """
    check_destination(path, overwrite, folder=folder)
    if not path.is_dir():
        return
    items = sorted(path.iterdir())
    own = [item for item in items if OWN.fullmatch(item.name)]
    strangers = [
        item.name
        for item in items
        if not item.is_file() or not (item.name[0] == "." or OWN.fullmatch(item.name))
    ]
    if not strangers and own and not _is_own(own[0]):
        strangers = [own[0].name]
    if strangers:
        raise ValueError(
            f"{path} already exists and holds more than slices that tomoseg-tf wrote "
            f"({_some(strangers)}); choose another name"
        )


def _is_own(path):
    """Whether this program wrote a slice, and nobody saved it since."""
    try:
        with open_tiff(path) as tif:
            return tif.pages.first.software == SOFTWARE
    except ValueError:
        return False


def _check_equal(first_path, first, path, volume):
    """Check that a slice has the shape and type of the first one."""
    for what in ("shape", "dtype"):
        expected, found = getattr(first, what), getattr(volume, what)
        if found != expected:
            expected, found = (expected[1:], found[1:]) if what == "shape" else (expected, found)
            raise ValueError(
                f"{path}: {what} {found} differs from {expected} of {first_path.name}; "
                "all slices of a folder must be equal"
            )


def _gaps(names):
    """Tell of numbers that are missing among the names of slices, where these are a sequence.

    They are one where the names differ in one number only, and mostly by the same step.
    """
    parts = [re.split(r"([0-9]+)", name.casefold()) for name in names]
    digits = parts[0][1::2] and list(zip(*(item[1::2] for item in parts), strict=False))
    counted = [found for found in digits if len({*map(int, found)}) > 1]
    if len({tuple(item[::2]) for item in parts}) > 1 or len(counted) != 1 or len(names) < 3:
        return []
    steps = [int(last) - int(first) for first, last in pairwise(counted[0])]
    gaps = [index for index, step in enumerate(steps) if step > 1]
    if not gaps or min(steps) < 1 or 2 * max(Counter(steps).values()) < len(steps):
        return []
    first, last = counted[0][gaps[0]], counted[0][gaps[0] + 1]
    missing = steps[gaps[0]] - 1
    are = "number is" if missing == 1 else "numbers are"
    total = f" ({len(gaps)} gaps in all)" if len(gaps) > 1 else ""
    return [
        f"slices {first} to {last}: {missing} {are} missing; they are read as neighbours{total}"
    ]


def _some(names):
    """First few of many names."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
