"""The type of every truth: a lazy volume of uint8 classes."""

import numpy as np

from tomoseg_tf.volume.volume import Volume


class TruthVolume(Volume):
    """A volume of uint8 classes: 0 is the background, 255 is ignore.

    Parameters
    ----------
    source : Volume or ColourSlices
        What it is made of; gives shape, spacing, name, format and storage.
    notices : sequence of str, optional
        Said beside the notices of the source.
    """

    guessed_mask = False  # whether 255 was taken for an object because all is 0 or 255

    def __init__(self, source, notices=()):
        super().__init__(
            source.shape,
            np.uint8,
            spacing=source.spacing,
            name=source.name,
            format=source.format,
            notices=(*source.notices, *notices),
            storage=source.storage,
        )

    def named_notices(self):
        """Notices, each with the name of the file that it is about.

        Returns
        -------
        list of str
            ``"labels.tif: ..."``, also of each file that was merged.
        """
        return [f"{self.name}: {notice}" for notice in self.notices]

    def _read(self, start, stop):
        return self._read_box(((start, stop), (0, self.shape[1]), (0, self.shape[2])))
