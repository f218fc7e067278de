"""Truth of which only some slices are labelled: all others are ignored."""

import numpy as np

from tomoseg_tf.volume.truth.palette import IGNORE
from tomoseg_tf.volume.truth.volume import TruthVolume

MOST_SLICES = 2**20


class SparseTruth(TruthVolume):
    """Classes of the labelled slices of a truth; see `label_slices`."""

    def __init__(self, source, labelled):
        number = int(np.count_nonzero(labelled))
        verb = "is" if number == 1 else "are"
        notice = f"{number} of its {len(labelled)} slices {verb} labelled; the others are ignored"
        super().__init__(source, [notice])
        self._notice = notice
        self._source = source
        self._labelled = labelled

    def named_notices(self):
        """Notices of the truth, and that only some of its slices count; see `TruthVolume`."""
        return [*self._source.named_notices(), f"{self.name}: {self._notice}"]

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        classes = np.full((z1 - z0, rows[1] - rows[0], columns[1] - columns[0]), IGNORE, np.uint8)
        for z in np.flatnonzero(self._labelled[z0:z1]) + z0:
            classes[z - z0] = self._source.read_box(((z, z + 1), rows, columns))[0]
        return classes


def label_slices(truth, slices):
    """Ignore all slices of a truth but those that somebody labelled.

    Parameters
    ----------
    truth : TruthVolume
        Classes.
    slices : sequence of int
        Indices along z of the labelled slices.

    Returns
    -------
    TruthVolume
        The classes there, 255 in all other slices.

    Raises
    ------
    ValueError
        If there are none, or one is outside the volume.
    """
    labelled = np.zeros(truth.shape[0], bool)
    outside = [z for z in slices if not 0 <= z < len(labelled)]
    if outside:
        raise ValueError(
            f"{truth.name}: slice {outside[0]} is outside; it has the slices 0 to "
            f"{len(labelled) - 1}"
        )
    labelled[list(slices)] = True
    if not labelled.any():
        raise ValueError(f"{truth.name}: no labelled slice is named; name some, such as 3,10:20")
    return SparseTruth(truth, labelled)


def parse_slices(text):
    """Read slice numbers and ranges.

    Parameters
    ----------
    text : str
        Numbers and ranges ``start:stop`` without their end, such as "3,10:20".

    Returns
    -------
    list of int
        The slices in order, each once.

    Raises
    ------
    ValueError
        If it is something else, or a range is empty.

    Examples
    --------
    >>> parse_slices("3,10:13")
    [3, 10, 11, 12]
    """
    found = set()
    for part in text.split(","):
        start, mark, stop = part.partition(":")
        try:
            first = int(start)
            last = int(stop) if mark else first + 1
        except ValueError:
            first = last = -1
        if not 0 <= first < last <= MOST_SLICES:
            raise ValueError(f"slices {text!r}: must be numbers and ranges such as 3,10:20")
        found.update(range(first, last))
    return sorted(found)
