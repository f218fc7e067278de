"""What a label file holds that no palette maps: counted, listed, and a palette to paste."""

from collections import Counter

import numpy as np

from tomoseg_tf.volume.histogram import count_values
from tomoseg_tf.volume.truth.palette import IGNORE, Palette

LISTED = 8  # values or colours that an error names
LIMIT = 100_000  # different values that are counted before a file is called grey
MOST = 32  # levels that a proposed palette has at most
SHARE = 1000  # a level has at least this part of the voxels of the most frequent one
CLASSES = 32  # classes 0 to 31 are taken for granted


def count_levels(source):
    """Count how often each value occurs in a label volume.

    Parameters
    ----------
    source : Volume
        Label values of any type.

    Returns
    -------
    dict from number to int
        Voxels of each value, "nan" for all NaN together; None if there are more than 100 000
        different values, which no label volume has.
    """
    if source.dtype.kind in "iu" and source.dtype.itemsize <= 2:
        values, counts = count_values(source)
        found = np.flatnonzero(counts)
        return dict(zip(values[found].tolist(), counts[found].tolist(), strict=True))
    totals = Counter()
    for _, slab in source.slabs():
        for image in slab:
            values, counts = np.unique(image, return_counts=True)
            if len(totals) + len(values) > LIMIT:
                return None
            for value, number in zip(values.tolist(), counts.tolist(), strict=True):
                totals["nan" if value != value else value] += number
    return dict(totals)


def list_counts(counts):
    """List values or colours with their voxels, the most frequent first.

    Parameters
    ----------
    counts : dict from number or str to int
        Voxels of each.

    Returns
    -------
    str
        At most 8 of them, and how many more there are.

    Examples
    --------
    >>> list_counts({7: 2, 9.0: 30})
    '9: 30, 7: 2'
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], isinstance(item[0], str), item[0]))
    listed = ", ".join(f"{_plain(value)}: {number}" for value, number in ordered[:LISTED])
    more = f" and {len(ordered) - LISTED} more" if len(ordered) > LISTED else ""
    return listed + more


def propose_palette(counts, known=None, *, within=0.0):
    """Propose a palette for the values of a label volume, to be pasted and mended.

    Values that are frequent are levels; levels without a class get the next free ones in their
    order. Stray values belong to the nearest level as long as that is not in doubt, the others are
    ignored.

    Parameters
    ----------
    counts : dict from number to int
        Voxels of each value, as `count_levels` gives them.
    known : dict from int to int, optional
        Values whose class is known already.
    within : float, optional
        Distance up to which the nearest value counts already.

    Returns
    -------
    str or None
        Text of the palette; None where the values do not look like labels.

    Examples
    --------
    >>> propose_palette({0: 9000, 64: 5000, 65: 1, 128: 3000})
    '0:0,64:1,128:2,nearest=1'
    """
    known = dict(known or {})
    least = max(counts.values()) / SHARE
    levels = {int(value) for value, number in counts.items() if _whole(value) and number >= least}
    levels = sorted(levels | set(known))
    if not levels or len(levels) > MOST:
        return None
    strays = [value for value in counts if value not in levels]
    gaps = np.diff(levels)
    doubt = gaps.min() / 2 if len(gaps) else np.inf
    distances = [_distance(value, levels) for value in strays]
    near = [distance for distance in distances if distance < doubt]
    palette = Palette(
        values=_number(levels, known),
        other=IGNORE if len(near) < len(distances) else None,
        match="nearest" if near or within else "exact",
        within=max(within, float(np.ceil(max(near, default=0)))),
    )
    return str(palette)


def _number(levels, known):
    """Class of each level: the known one, its own value where that is one, or the next free."""
    if not known and all(level in range(CLASSES) or level == IGNORE for level in levels):
        return {level: level for level in levels}
    free = max((number for number in known.values() if number != IGNORE), default=-1)
    classes = {}
    for level in levels:
        free += level not in known
        classes[level] = known.get(level, free)
    return classes


def _distance(value, levels):
    """Distance of a value to the nearest level, infinite for what is no number."""
    if isinstance(value, str) or not np.isfinite(value):
        return np.inf
    return float(np.abs(np.array(levels, np.float64) - value).min())


def _whole(value):
    """Whether a value can stand in a palette."""
    return not isinstance(value, str) and abs(value) <= 2**53 and value == int(value)


def _plain(value):
    """Write 3.0 as 3."""
    return f"{value:g}" if isinstance(value, float) else value
