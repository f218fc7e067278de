"""The type of every truth: a lazy volume of uint8 classes."""

import numpy as np

from tomoseg_tf.volume.volume import Volume


class TruthVolume(Volume):
    """A volume of uint8 classes: 0 is the background, 255 is ignore.

    Parameters
    ----------
    source : Volume or ColourSlices
        What it is made of; gives shape, spacing, name, files, format and storage.
    notices : sequence of str, optional
        Said beside the notices of the source.

    Attributes
    ----------
    class_names : tuple of str
        Names of the classes 0, 1, ..., if the source states them.
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
            holds_classes=True,
        )
        self.files = getattr(source, "files", (source.name,))
        self.class_names = getattr(source, "class_names", ())
