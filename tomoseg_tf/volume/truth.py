"""Truth: label volumes of any type, mapped to classes 0, 1, ... and 255 = ignore."""

from collections import Counter

import numpy as np

from tomoseg_tf.volume.formats import as_volume
from tomoseg_tf.volume.histogram import count_values
from tomoseg_tf.volume.volume import Volume

IGNORE = 255
PALETTES = {
    "classes": {value: value for value in range(256)},
    "mask": {0: 0, 1: 1, 255: 1},
    "inverted": {0: 1, 1: 0, 255: 0},
}
LISTED = 8  # unmapped values that an error names


class TruthVolume(Volume):
    """A label volume whose values are mapped to classes as it is read.

    Parameters
    ----------
    source : Volume
        Label values of any integer or float type.
    palette : dict from int to int
        Class of each value; 255 is ignore.
    notices : sequence of str, optional
        Said beside the notices of the source.
    """

    def __init__(self, source, palette, notices=()):
        super().__init__(
            source.shape,
            np.uint8,
            spacing=source.spacing,
            name=source.name,
            format=source.format,
            notices=(*source.notices, *notices),
            storage=source.storage,
        )
        self._source = source
        self._palette = palette
        self._values = np.array(sorted(palette), np.int64)
        self._classes = np.array([palette[value] for value in sorted(palette)], np.uint8)
        self._table = self._lookup_table(source.dtype)

    def _lookup_table(self, dtype):
        """Class of each value of an unsigned narrow type, -1 where it has none."""
        if dtype not in (np.uint8, np.uint16):
            return None
        table = np.full(np.iinfo(dtype).max + 1, -1, np.int16)
        inside = (self._values >= 0) & (self._values < len(table))
        table[self._values[inside]] = self._classes[inside]
        return table

    def _read(self, start, stop):
        return self._map(self._source.read(start, stop))

    def _read_box(self, box):
        return self._map(self._source.read_box(box))

    def _map(self, labels):
        classes = np.empty(labels.shape, np.uint8)
        for z, image in enumerate(labels):
            if self._table is not None:
                found = self._table[image]
                mapped = found >= 0
            else:
                places = np.searchsorted(self._values, image)
                places = np.minimum(places, len(self._values) - 1)
                mapped = self._values[places] == image
                found = self._classes[places]
            if not mapped.all():
                raise ValueError(self._unmapped())
            classes[z] = found
        return classes

    def _unmapped(self):
        """Describe every value without a class and its voxels in the whole volume."""
        counts = Counter()
        for _, slab in self._source.slabs():
            for image in slab:
                values, numbers = np.unique(image, return_counts=True)
                for value, number in zip(values.tolist(), numbers.tolist(), strict=True):
                    if value not in self._palette:
                        counts["nan" if value != value else value] += number
        ordered = sorted(counts.items(), key=lambda item: (isinstance(item[0], str), item[0]))
        listed = ", ".join(f"{_plain(value)}: {number}" for value, number in ordered[:LISTED])
        more = f" and {len(ordered) - LISTED} more" if len(ordered) > LISTED else ""
        return (
            f"{self.name}: values without a class (value: voxels) {listed}{more}; "
            "give a palette that maps them, such as 0:0,255:1"
        )


def open_truth(truth, palette="auto"):
    """Open a label volume as classes: 0 is the background, 255 is ignore.

    Parameters
    ----------
    truth : str, Path, (Z, Y, X) array_like or Volume
        Label values: integers, floats with integral values, or bool.
    palette : str or dict from int to int, optional
        How values map to classes, see `parse_palette`. "auto" scans the volume once: exactly the
        values 0 and 255 are a mask with object = 255, which a notice says; all else are classes.

    Returns
    -------
    TruthVolume
        Volume of uint8 classes. Reading a value without class is a `ValueError` that lists all
        such values of the volume with their numbers of voxels.

    Raises
    ------
    ValueError
        If it cannot be read, or the palette is none.
    """
    source = as_volume(truth)
    palette = parse_palette(palette)
    if palette != "auto":
        return TruthVolume(source, palette)
    if not _is_mask(source):
        return TruthVolume(source, PALETTES["classes"])
    notice = "its values are 0 and 255: read as a mask, 255 is class 1 (palette mask)"
    return TruthVolume(source, PALETTES["mask"], [notice])


def parse_palette(palette):
    """Read a palette: how the values in a label volume map to classes.

    Parameters
    ----------
    palette : str or dict from int to int
        "auto"; "classes" (a value is its class, 255 is ignore); "mask" (0 is class 0, 255 or 1 is
        class 1); "inverted" (0 is class 1, 255 or 1 is class 0); pairs value:class in a text such
        as "0:0,128:ignore,255:1"; or a dict from value to class.

    Returns
    -------
    "auto", or dict from int to int
        Class of each value; 255 is ignore.

    Raises
    ------
    ValueError
        If it is none of these, a value occurs twice, or a class is not within 0 to 255.

    Examples
    --------
    >>> parse_palette("0:0,128:ignore,255:1")
    {0: 0, 128: 255, 255: 1}
    """
    if isinstance(palette, str):
        if palette == "auto":
            return palette
        if palette in PALETTES:
            return dict(PALETTES[palette])
        pairs = [_parse_pair(pair, palette) for pair in palette.split(",")]
    else:
        pairs = [_parse_pair(f"{value}:{number}", palette) for value, number in palette.items()]
    values = [value for value, _ in pairs]
    if not pairs or len(set(values)) < len(values):
        raise ValueError(f"palette {palette!r}: each value needs exactly one class")
    return dict(pairs)


def count_classes(truth, *, progress=None):
    """Count the voxels of each class.

    Parameters
    ----------
    truth : str, Path, (Z, Y, X) array_like or Volume
        Classes of type uint8, as `open_truth` gives them.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of slices.

    Returns
    -------
    (256,) ndarray of int64
        Number of voxels of each class; 255 is ignore.

    Raises
    ------
    ValueError
        If the type is another, or it cannot be read.
    """
    truth = as_volume(truth)
    if truth.dtype != np.uint8:
        raise ValueError(
            f"{truth.name}: classes have type uint8, not {truth.dtype}; use open_truth"
        )
    done = 0

    def tick(slices):
        nonlocal done
        done += slices
        if progress:
            progress(done, truth.shape[0])

    return count_values(truth, tick)[1]


def _is_mask(source):
    """Whether a volume has exactly the values 0 and 255; stops at the first other one."""
    found = set()
    for _, slab in source.slabs():
        for image in slab:
            zeros, objects = np.count_nonzero(image == 0), np.count_nonzero(image == IGNORE)
            if zeros + objects < image.size:
                return False
            found |= {0} if zeros else set()
            found |= {IGNORE} if objects else set()
    return found == {0, IGNORE}


def _parse_pair(pair, palette):
    """Read one pair value:class."""
    value, _, number = pair.partition(":")
    number = str(IGNORE) if number.strip() == "ignore" else number
    try:
        value, number = int(value), int(number)
    except ValueError:
        raise ValueError(
            f"palette {palette!r}: must be auto, classes, mask, inverted or pairs of whole numbers "
            "value:class such as 0:0,255:1 (a class may be ignore)"
        ) from None
    if not 0 <= number <= IGNORE or abs(value) > 2**53:
        raise ValueError(f"palette {palette!r}: class {number} of value {value} is not in 0 to 255")
    return value, number


def _plain(value):
    """Write 3.0 as 3."""
    return f"{value:g}" if isinstance(value, float) else value
