"""Scores of an epoch from voxel totals, not from the mean over its batches."""

from tomoseg_tf.backend import load_keras
from tomoseg_tf.volume import IGNORE

keras = load_keras()
ops = keras.ops

LIMB = 2**20


class SegmentationScores(keras.metrics.Metric):
    """Accuracy and Dice of the voxels of a whole epoch.

    Voxels labelled 255 are left out. The totals are integers kept in two
    limbs, so that they stay exact over any number of voxels on every backend.

    Parameters
    ----------
    classes : sequence of str
        Names of the classes, background first.
    threshold : float
        Probability above which a voxel of a binary network is object.
    name : str
        Name of the metric.

    Notes
    -----
    `result` gives a dictionary: ``accuracy``; ``dice``, the mean over the classes
    above 0; and, when there is more than one of these, ``dice_<class>`` for each.
    The Dice of a class that is neither in the truth nor in the segmentation is
    NaN and left out of the mean; with no class left, the mean is NaN too.
    """

    def __init__(self, classes, *, threshold=0.5, name="scores"):
        super().__init__(name=name, dtype="float32")
        self.classes = tuple(classes)
        self.threshold = threshold
        # rows: voxels in both, in the segmentation, in the truth
        shape = (3, len(self.classes))
        self.low = self.add_variable(shape, "zeros", dtype="int32", name="low")
        self.high = self.add_variable(shape, "zeros", dtype="int32", name="high")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add the voxels of a batch.

        Parameters
        ----------
        y_true : (B, Z, Y, X, 1) array_like
            Class indices; 255 to ignore.
        y_pred : (B, Z, Y, X, C) array_like of float
            Probabilities: C = 1 for a binary network.
        sample_weight : None
            Not supported: totals count voxels.
        """
        classes = ops.cast(y_true, "int32")[..., 0]
        y_pred = ops.convert_to_tensor(y_pred)
        valid = ops.not_equal(classes, IGNORE)
        if y_pred.shape[-1] == 1:
            segmentation = ops.cast(y_pred[..., 0] > self.threshold, "int32")
        else:
            segmentation = ops.cast(ops.argmax(y_pred, axis=-1), "int32")
        counts = []
        for index in range(len(self.classes)):
            truth = ops.equal(classes, index)
            found = ops.logical_and(ops.equal(segmentation, index), valid)
            both = ops.logical_and(truth, found)
            counts.append(ops.stack([_count(both), _count(found), _count(truth)]))
        total = self.low + ops.stack(counts, axis=-1)
        self.high.assign(self.high + ops.floor_divide(total, LIMB))
        self.low.assign(ops.mod(total, LIMB))

    def result(self):
        """Return the scores of the voxels seen since the last reset, by name."""
        totals = ops.cast(self.high, "float32") * LIMB + ops.cast(self.low, "float32")
        both, found, truth = totals[0], totals[1], totals[2]
        accuracy = _ratio(ops.sum(both), ops.sum(truth))
        dice = _ratio(2 * both, found + truth)
        present = ops.cast(found + truth > 0, "float32")[1:]
        kept = ops.where(present > 0, dice[1:], 0.0)
        scores = {"accuracy": accuracy, "dice": _ratio(ops.sum(kept), ops.sum(present))}
        if len(self.classes) > 2:
            for index, name in enumerate(self.classes[1:], start=1):
                scores[f"dice_{name}"] = dice[index]
        return scores


def _count(mask):
    """Count the true voxels: exact in float32 over a plane, then as integers."""
    planes = ops.sum(ops.cast(mask, "float32"), axis=(-2, -1))
    return ops.sum(ops.cast(planes, "int32"))


def _ratio(numerator, denominator):
    """Divide; NaN where the denominator is 0."""
    ratio = numerator / ops.maximum(denominator, 1.0)
    return ops.where(denominator > 0, ratio, float("nan"))
