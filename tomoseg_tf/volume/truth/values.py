"""Truth in a volume of values: each is mapped to its class as it is read."""

import numpy as np

from tomoseg_tf.volume.truth.palette import IGNORE, NAMED, Palette
from tomoseg_tf.volume.truth.unmapped import (
    CLASSES,
    LIMIT,
    count_levels,
    list_counts,
    propose_palette,
)
from tomoseg_tf.volume.truth.volume import TruthVolume

UNMAPPED = -1


class ValueTruth(TruthVolume):
    """A label volume whose values are mapped to classes as it is read.

    Parameters
    ----------
    source : Volume
        Label values of any integer or float type.
    palette : Palette
        Class of each value.
    notices : sequence of str, optional
        Said beside the notices of the source.
    """

    def __init__(self, source, palette, notices=()):
        super().__init__(source, notices)
        self.class_names = _renumber(self.class_names, palette)
        self._source = source
        self._palette = palette
        self._table = None
        if source.dtype in (np.uint8, np.uint16):
            values = np.arange(np.iinfo(source.dtype).max + 1)
            self._table = classify_values(values, palette)

    def _read_box(self, box):
        labels = self._source.read_box(box)
        classes = np.empty(labels.shape, np.uint8)
        for z, image in enumerate(labels):
            if self._table is not None:
                found = self._table[image]
            else:
                found = classify_values(image, self._palette)
            if (found == UNMAPPED).any():
                raise ValueError(self._describe_unmapped())
            classes[z] = found
        return classes

    def _describe_unmapped(self):
        """Describe every value without a class and its voxels in the whole volume."""
        counts = count_levels(self._source)
        if counts is None:
            return (
                f"{self.name}: has more than {LIMIT:,} different values, which look like grey "
                "levels; give the label file, or a palette such as '0:0,255:1,nearest'"
            )
        fit = {1, IGNORE} & {*counts} and {*counts} <= {*_automatic()}
        if self._palette.name == "mask" and fit:
            return (
                f"{self.name}: holds classes (class: voxels) {list_counts(counts)}, and is not a "
                "mask; give it without =CLASS, or with the palette classes"
            )
        unmapped = {}
        for value, number in counts.items():
            one = np.array([np.nan if value == "nan" else value])
            if classify_values(one, self._palette)[0] == UNMAPPED:
                unmapped[value] = number
        automatic = self._palette.name == "auto"
        known = {} if self._palette.name in ("auto", "classes", "mask") else self._palette.values
        levels = {v: n for v, n in counts.items() if v in unmapped or not known or v in known}
        proposed = propose_palette(levels, known, within=self._palette.within)
        remedy = f"give a palette that maps them, such as '{proposed}'"
        if proposed is None:
            remedy = (
                f"its {len(counts)} values look like grey levels: give the label file, or a "
                "palette such as '0:0,255:1,nearest'"
            )
        reason = f" (auto reads 0 to {CLASSES - 1} as classes)" if automatic else ""
        own = ", or classes if each value is its class" if automatic and _fit(unmapped) else ""
        return (
            f"{self.name}: values without a class (value: voxels) {list_counts(unmapped)}{reason}; "
            f"{remedy}{own}"
        )


def classify_values(values, palette):
    """Class of each value by a palette.

    Parameters
    ----------
    values : ndarray of int or float
        Label values.
    palette : Palette
        Class of each value.

    Returns
    -------
    ndarray of int16
        Classes in the shape of `values`, -1 where a value has none.
    """
    listed = np.array(sorted(palette.values), np.int64)
    classes = np.array([palette.values[value] for value in listed.tolist()], np.int16)
    right = np.minimum(np.searchsorted(listed, values), len(listed) - 1)
    chosen, mapped = right, listed[right] == values
    if palette.match == "nearest":
        chosen, distance = _nearest(values, listed, right)
        mapped |= np.isfinite(distance) & (distance <= palette.within)
    rest = UNMAPPED if palette.other is None else palette.other
    return np.where(mapped, classes[chosen], np.int16(rest))


def automatic_palette():
    """Palette of files that state none: classes 0 to 31, and 255 = ignore.

    Returns
    -------
    Palette
        It is called auto. Higher values are more often grey levels than classes.
    """
    return Palette("auto", _automatic())


def _renumber(names, palette):
    """Names of the classes that a palette makes of named values; none unless each has one name."""
    if palette.name in ("auto", "classes"):
        return names
    mapped = [(palette.values.get(value, IGNORE), name) for value, name in enumerate(names)]
    mapped = sorted(pair for pair in mapped if pair[0] != IGNORE)
    numbered = [number for number, _ in mapped]
    return tuple(name for _, name in mapped) if numbered == [*range(len(mapped))] else ()


def _automatic():
    """Values that are taken for classes, and their classes."""
    return {value: value for value in (*range(CLASSES), IGNORE)}


def _nearest(values, listed, right):
    """Index of the nearest listed value, the lower of two, and its distance."""
    values = values.astype(np.float64)
    left = np.maximum(right - 1, 0)
    below, above = np.abs(values - listed[left]), np.abs(listed[right] - values)
    return np.where(below <= above, left, right), np.minimum(below, above)


def _fit(values):
    """Whether all values could be classes."""
    return all(value in NAMED["classes"] for value in values)
