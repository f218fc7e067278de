"""The two volumes that are compared, read together."""

import numpy as np

from tomoseg_tf.evaluation.confusion import check_shapes, class_indices
from tomoseg_tf.volume import IGNORE


class VolumePair:
    """Truth and segmentation, or the truths of two operators: what one ignores both do.

    Parameters
    ----------
    truth, segmentation : Volume
        Classes, of one shape.
    num_classes : int
        Number of classes, the background included.

    Raises
    ------
    ValueError
        If the shapes differ.
    """

    def __init__(self, truth, segmentation, num_classes):
        check_shapes(truth, segmentation)
        self.shape, self.num_classes = tuple(truth.shape), num_classes
        self._named = (
            (f"truth {truth.name}", truth),
            (f"segmentation {segmentation.name}", segmentation),
        )

    def depth(self, voxels):
        """Slices that have so many voxels, at least one."""
        return max(1, voxels // (self.shape[1] * self.shape[2]))

    def read(self, start, stop):
        """Read a slab of both.

        Parameters
        ----------
        start, stop : int
            First slice and the one past the last.

        Returns
        -------
        (2, stop - start, Y, X) ndarray of uint8
            Classes; `IGNORE` (255) in both where it is in one.

        Raises
        ------
        ValueError
            If a volume cannot be read or holds a value that is no class.
        """
        pair = np.stack(
            [class_indices(volume.read(start, stop), name, start) for name, volume in self._named]
        )
        for labels, (name, _) in zip(pair, self._named, strict=True):
            beyond = labels[(labels >= self.num_classes) & (labels != IGNORE)]
            if beyond.size:
                raise ValueError(
                    f"{name}: {beyond[0]} ({beyond.size:,} voxels from slice {start} on) is none "
                    f"of the classes 0 to {self.num_classes - 1}; map the values with a palette"
                )
        ignored = (pair == IGNORE).any(axis=0)
        if ignored.any():
            pair[:, ignored] = IGNORE
        return pair

    def windows(self, depth, halo=0):
        """Read both in slabs with some slices around, each slice once.

        Parameters
        ----------
        depth : int
            Slices per slab.
        halo : int
            Slices before and after it, fewer at the ends of the volume.

        Yields
        ------
        start, stop : int
            First slice of the slab and the one past its last.
        low : int
            First slice of the window.
        pair : (2, n, Y, X) ndarray of uint8
            Slices `low` to `low + n - 1` as `read` gives them; not to be written to.
        """
        total, low, high, pair = self.shape[0], 0, 0, None
        for start in range(0, total, depth):
            stop = min(start + depth, total)
            first, last = max(0, start - halo), min(total, stop + halo)
            new = self.read(high, last)
            kept = new[:, :0] if pair is None else pair[:, first - low :]
            pair = np.concatenate([kept, new], axis=1) if kept.shape[1] else new
            low, high = first, last
            yield start, stop, low, pair
