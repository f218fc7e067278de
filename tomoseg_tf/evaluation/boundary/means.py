"""Boundary scores of many small volumes together, such as the patches of a split."""

import numpy as np

from tomoseg_tf.evaluation.boundary.distances import PairScores
from tomoseg_tf.evaluation.boundary.scores import TOLERANCE, boundary_scores


class BoundaryMeans:
    """Means of boundary scores over the z-slices of volumes that come one by one.

    The same as `boundary_scores` by slice of all of them stacked.

    Parameters
    ----------
    num_classes : int
        Classes, the background included.
    """

    def __init__(self, num_classes):
        self.num_classes = num_classes
        self._sums = np.zeros((num_classes, len(PairScores._fields)))
        self._slices = np.zeros_like(self._sums, int)

    def add(self, truth, segmentation):
        """Count the slices of another volume.

        Parameters
        ----------
        truth, segmentation : (Z, Y, X) ndarray of int
            Classes; 255 is ignored in the truth.
        """
        found = boundary_scores(truth, segmentation, num_classes=self.num_classes)
        for index, one in enumerate(found.classes):
            both = one.slices - one.one_sided
            for column, name in enumerate(PairScores._fields):
                slices = one.slices if name == "bf1" else both
                if slices:
                    self._sums[index, column] += slices * getattr(one, name)
                    self._slices[index, column] += slices

    def to_dict(self):
        """Give the means for JSON.

        Returns
        -------
        dict
            `tolerance` of BF1 in voxels, and `classes`: for each `bf1`, and `bde`, `assd` and
            `hd95` in voxels; None where no slice has such boundaries.
        """
        classes = [
            {
                name: float(total / number) if number else None
                for name, total, number in zip(PairScores._fields, sums, slices, strict=True)
            }
            for sums, slices in zip(self._sums, self._slices, strict=True)
        ]
        return {"tolerance": TOLERANCE, "classes": classes}
