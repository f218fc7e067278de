"""The loss of a recipe as Keras takes it, and what makes some voxels weigh more."""

from tomoseg_tf.backend import load_keras
from tomoseg_tf.training.losses import LOSSES
from tomoseg_tf.volume import IGNORE

keras = load_keras()
ops = keras.ops


class SegmentationLoss(keras.losses.Loss):
    """One of `LOSSES` as a Keras loss.

    Parameters
    ----------
    name : str
        Key of `LOSSES`.
    class_weights : sequence of float, optional
        Weight of each class, background first.
    boundary_weight : float
        How much more a voxel at a boundary between classes weighs, see `near_boundaries`.
    boundary_width : int
        How far from a boundary that goes, in voxels.
    """

    def __init__(self, name, class_weights=None, *, boundary_weight=0.0, boundary_width=3):
        super().__init__(name=name)
        self.function = LOSSES[name]
        self.class_weights = class_weights
        self.boundary_weight = boundary_weight
        self.boundary_width = boundary_width

    def call(self, y_true, y_pred):
        """Compute the loss of a batch.

        Parameters
        ----------
        y_true : (B, Z, Y, X, 1 or 2) array_like
            Class indices, 255 to ignore; a second channel, if there is one, is
            added to the weights of the voxels.
        y_pred : (B, Z, Y, X, C) array_like of float
            Probabilities.

        Returns
        -------
        (1,) tensor of float32
            The loss. Keras shares a vector, but no scalar, among the replicas of a batch.
        """
        weight_map = y_true[..., 1:] if y_true.shape[-1] == 2 else None
        y_true = y_true[..., :1]
        if self.boundary_weight:
            num_classes = max(y_pred.shape[-1], 2)
            near = near_boundaries(y_true, num_classes, width=self.boundary_width)
            near = self.boundary_weight * near
            weight_map = near if weight_map is None else weight_map + near
        loss = self.function(
            y_true, y_pred, class_weights=self.class_weights, weight_map=weight_map
        )
        return ops.reshape(loss, (1,))


def near_boundaries(y_true, num_classes, *, width=3):
    r"""Tell how near each voxel is to another class.

    .. math:: \max\left(0, \frac{m + 1 - d}{m}\right)

    with the chessboard distance *d* to the nearest voxel of another class and *m*
    the width: 1 for the voxels on both sides of a boundary, 0 from *m* + 1 voxels
    on. Ignored voxels have no class, and so no boundary; nor has the end of the image.

    Parameters
    ----------
    y_true : (B, Y, X, 1) or (B, Z, Y, X, 1) array_like
        Class indices 0 to `num_classes` - 1; 255 to ignore.
    num_classes : int
        The background included.
    width : int
        In voxels, at least 1.

    Returns
    -------
    tensor of float32
        Of the shape of `y_true`; 0 where it is to be ignored.
    """
    classes = ops.cast(y_true, "int32")
    valid = ops.cast(ops.not_equal(classes, IGNORE), "float32")
    kept = ops.where(ops.equal(classes, IGNORE), 0, classes)
    present = ops.one_hot(kept[..., 0], num_classes, dtype="float32") * valid
    near = ops.zeros_like(valid)
    for _ in range(width):
        present = ops.max_pool(present, 3, 1, padding="same", data_format="channels_last")
        others = ops.sum(present, axis=-1, keepdims=True) - 1
        near = near + ops.clip(others, 0.0, 1.0)
    return near * valid / width


def inverse_frequencies(counts, classes):
    """Weigh classes inversely to their voxels, so that each has the same sum and the mean is 1.

    Parameters
    ----------
    counts : sequence of int
        Voxels of each class, background first.
    classes : sequence of str
        Their names.

    Returns
    -------
    list of float
        A weight for each class.

    Raises
    ------
    ValueError
        If a class has no voxel.
    """
    for name, count in zip(classes, counts, strict=True):
        if not count:
            raise ValueError(
                f"loss.class_weights is 'inverse_frequency', but the training patches hold no "
                f"voxel of {name!r}; write the records with another split, or give the weights"
            )
    return [sum(counts) / (len(counts) * count) for count in counts]
