"""A truth in which nobody has labelled anything yet."""

import numpy as np

from tomoseg_tf.volume.truth.palette import IGNORE
from tomoseg_tf.volume.truth.volume import TruthVolume
from tomoseg_tf.volume.volume import Volume


class UnlabelledTruth(TruthVolume):
    """A truth of 255 everywhere.

    Parameters
    ----------
    shape : tuple of three int
        Shape (Z, Y, X).
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm.
    """

    def __init__(self, shape, spacing=None):
        super().__init__(Volume(shape, np.uint8, spacing=spacing, name="none", format="none"))
        self.files = ()

    def _read_box(self, box):
        return np.full([stop - start for start, stop in box], IGNORE, np.uint8)
