"""Truth in colours: each pixel is mapped to the class of its colour as it is read."""

import numpy as np

from tomoseg_tf.volume.truth.colour_proposal import count_colours, propose_colours
from tomoseg_tf.volume.truth.colours import UNMAPPED, classify_colours, pack
from tomoseg_tf.volume.truth.unmapped import list_counts
from tomoseg_tf.volume.truth.volume import TruthVolume

UNSEEN = -2


class ColourTruth(TruthVolume):
    """Colour images whose pixels are mapped to classes as they are read.

    Parameters
    ----------
    source : ColourSlices
        The images.
    palette : Palette
        Class of each colour.
    """

    def __init__(self, source, palette):
        super().__init__(source)
        self._source = source
        self._palette = palette
        self._table = None

    def _read_box(self, box):
        (z0, z1), rows, columns = box
        shape = z1 - z0, rows[1] - rows[0], columns[1] - columns[0]
        classes = np.empty(shape, np.uint8)
        for index, image in enumerate(self._source.images(z0, z1)):
            found = self._classify(image[slice(*rows), slice(*columns)])
            if (found == UNMAPPED).any():
                raise ValueError(self._describe_unmapped())
            classes[index] = found
        return classes

    def _classify(self, image):
        """Class of each pixel, by a table of all colours that fills as they are met."""
        if self._table is None:
            self._table = np.full(2**24, UNSEEN, np.int16)
        codes = pack(image)
        found = self._table[codes]
        unseen = codes[found == UNSEEN]
        if unseen.size:
            unseen = np.unique(unseen)
            self._table[unseen] = classify_colours(unseen, self._palette)
            found = self._table[codes]
        if image.shape[-1] == 4:
            clear = UNMAPPED if self._palette.clear is None else self._palette.clear
            found[image[..., 3] == 0] = clear
        return found

    def _describe_unmapped(self):
        """Describe every colour without a class and its pixels in the whole volume."""
        counts = count_colours(self._source)
        unmapped = {}
        for colour, number in counts.items():
            if colour == "clear":
                mapped = self._palette.clear is not None
            else:
                code = np.array([int(colour[1:], 16)])
                mapped = classify_colours(code, self._palette)[0] != UNMAPPED
            if not mapped:
                unmapped[colour] = number
        proposed = propose_colours(counts, self._palette)
        return (
            f"{self.name}: colours without a class (colour: voxels) {list_counts(unmapped)}; give "
            f"a palette that maps them, such as '{proposed}'"
        )
