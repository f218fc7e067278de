"""Truth of outlines that were drawn in ImageJ: each region is a class in its slice."""

from collections import Counter
from fnmatch import fnmatchcase

import numpy as np

from tomoseg_tf.volume.opening import as_volume
from tomoseg_tf.volume.truth.outlines import fill_outline
from tomoseg_tf.volume.truth.palette import IGNORE
from tomoseg_tf.volume.truth.rois import LISTED, read_rois
from tomoseg_tf.volume.truth.volume import TruthVolume

UNLABELLED = ("slices", "ignore", "background")
PRIORITIES = (None, "first", "last")


class RoiTruth(TruthVolume):
    """The classes of regions; see `open_rois`."""

    def __init__(self, path, like, drawn, *, unlabelled, priority, notices):
        super().__init__(like)
        self.files = (f"{path}", *like.files)
        self.name, self.format, self.storage = f"{path}", "ImageJ regions", {}
        self.notices = tuple(notices)
        self._drawn, self._unlabelled, self._priority = drawn, unlabelled, priority

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        shape = z1 - z0, rows[1] - rows[0], columns[1] - columns[0]
        classes = np.empty(shape, np.uint8)
        for index, z in enumerate(range(z0, z1)):
            classes[index] = self._slice(z)[slice(*rows), slice(*columns)]
        return classes

    def _slice(self, z):
        """Classes of a slice."""
        drawn = self._drawn.get(z, [])
        known = self._unlabelled == "background" or (self._unlabelled == "slices" and drawn)
        image = np.full(self.shape[1:], 0 if known else IGNORE, np.uint8)
        claimed = np.zeros(self.shape[1:], bool)
        for roi, number in drawn if self._priority != "first" else drawn[::-1]:
            inside = fill_outline(roi.outline, self.shape[1:])
            contested = inside & claimed & (image != number)
            if self._priority is None and contested.any():
                raise ValueError(
                    f"{self.name}: the region {roi.name} of class {number} in slice {z + 1} covers "
                    f"{np.count_nonzero(contested)} pixels of a region of another class; mend it, "
                    "or pass --priority first or last to say which of them counts"
                )
            image[inside] = number
            claimed |= inside
        return image


def open_rois(path, like, *, classes=None, unlabelled="slices", priority=None):
    """Open regions of ImageJ as truth.

    Parameters
    ----------
    path : str or Path
        File of one region (.roi) or many (.zip), as the ROI Manager saves them.
    like : Volume, or what `as_volume` takes
        The scan that they were drawn on; it gives shape and spacing.
    classes : int or sequence of (str, int), optional
        Class of all regions; or pairs of a pattern and a class, of which the first that fits
        counts. A pattern is compared with the name of a region (``*`` stands for any letters, ``?``
        for one), or is ``group:3``. The group of each region is its class when not given.
    unlabelled : {"slices", "ignore", "background"}, optional
        What lies in no region: background in slices with a region and 255 in the others; 255
        everywhere; or background everywhere.
    priority : {"first", "last"}, optional
        Which region counts where two claim different classes; an error when not given.

    Returns
    -------
    TruthVolume
        Classes; a region lies in the slice that it was drawn in, which ImageJ counts from 1.

    Raises
    ------
    ValueError
        If the file cannot be read, or a region has no class, no slice, or lies outside the scan.
    """
    if unlabelled not in UNLABELLED or priority not in PRIORITIES:
        raise ValueError(
            f"unlabelled {unlabelled!r} or priority {priority!r} is not known; use one of "
            f"{', '.join(UNLABELLED)}; first or last"
        )
    like = as_volume(like)
    rois, others, axis = read_rois(path)
    numbers = _classes(path, rois, classes)
    drawn, total = {}, like.shape[0]
    for roi, number in zip(rois, numbers, strict=True):
        z = 0 if roi.z is None and total == 1 else roi.z
        if z is None or z >= total:
            stated = "no slice" if z is None else f"slice {z + 1}"
            raise ValueError(
                f"{path}: the region {roi.name} has {stated}, but {like.name} has the slices 1 to "
                f"{total}; set it in ImageJ with Properties... > Position, then save again"
            )
        drawn.setdefault(z, []).append((roi, number))
    _check_inside(path, drawn, like)
    counted = "1 region" if len(rois) == 1 else f"{len(rois)} regions"
    notices = [f"{counted} in {len(drawn)} of {total} slices; {_rest(unlabelled)}"]
    if axis in ("channel", "time"):
        notices.append(f"its regions are numbered by {axis}: that is taken for the slice")
    if others:
        more = ", ..." if len(others) > LISTED else ""
        notices.append(
            f"{len(others)} without an area are left out: {', '.join(others[:LISTED])}{more}"
        )
    settings = {"unlabelled": unlabelled, "priority": priority, "notices": notices}
    return RoiTruth(path, like, drawn, **settings)


def _classes(path, rois, classes):
    """Class of each region."""
    if isinstance(classes, int):
        classes = [("*", classes)]
    if classes is None:
        numbers = [roi.group or None for roi in rois]
    else:
        numbers = [next((n for rule, n in classes if _fits(roi, rule)), None) for roi in rois]
    wrong = [number for number in numbers if number is not None and not 0 <= number <= IGNORE]
    if wrong:
        raise ValueError(f"{path}: class {wrong[0]} of its regions is not in 0 to 255")
    without = [roi.name for roi, number in zip(rois, numbers, strict=True) if number is None]
    if without:
        groups = Counter(roi.group for roi in rois)
        held = ", ".join(f"{group}: {count}" for group, count in sorted(groups.items()))
        more = ", ..." if len(without) > LISTED else ""
        raise ValueError(
            f"{path}: {len(without)} of {len(rois)} regions have no class: "
            f"{', '.join(without[:LISTED])}{more} (regions in each group: {held}); say it with "
            "--label FILE=CLASS for all of them, or --named 'PATTERN=CLASS' by their names"
        )
    return numbers


def _fits(roi, rule):
    """Whether a rule is of a region."""
    mark, _, group = rule.partition(":")
    if mark == "group" and group.isdecimal():
        return roi.group == int(group)
    return fnmatchcase(roi.name, rule)


def _check_inside(path, drawn, like):
    """Refuse regions that cover no pixel of the scan: they were drawn on another one."""
    height, width = like.shape[1:]
    for roi, _ in (item for items in drawn.values() for item in items):
        top, bottom = roi.outline.rows()
        middle = roi.outline.crossings((max(top, 0) + min(bottom, height)) / 2)
        if bottom <= 0 or top >= height or not len(middle) or middle[-1] <= 0 or middle[0] >= width:
            raise ValueError(
                f"{path}: the region {roi.name} lies outside the {height} × {width} pixels of "
                f"{like.name}; name the scan that it was drawn on"
            )


def _rest(unlabelled):
    """Say what is taken for what lies in no region."""
    return {
        "slices": "what is in none is background there, and 255 in all other slices",
        "ignore": "what is in none is 255",
        "background": "what is in none is background",
    }[unlabelled]
