"""Losses over labelled voxels: cross-entropy, and cross-entropy with soft Dice.

Every function takes ``y_true`` with class indices, 0 to C - 1 and 255 for
voxels to be ignored, and ``y_pred`` with probabilities, as the networks give
them: one sigmoid channel when binary, a softmax otherwise. An ignored voxel has
no part in the loss, and its gradient is zero.
"""

from tomoseg_tf.backend import load_keras
from tomoseg_tf.volume import IGNORE

keras = load_keras()
ops = keras.ops

EPSILON = 1e-7
SMOOTH = 1.0


def binary_crossentropy(y_true, y_pred, *, class_weights=None):
    r"""Mean binary cross-entropy over the voxels that are not ignored.

    .. math:: \frac{1}{N} \sum_i -w_{t_i} \log p_i(t_i)

    with :math:`p_i(1) = p_i`, :math:`p_i(0) = 1 - p_i`, and *N* the number of
    voxels that are not ignored.

    Parameters
    ----------
    y_true : (B, Z, Y, X, 1) array_like
        0 for background, 1 for object, 255 to ignore.
    y_pred : (B, Z, Y, X, 1) array_like of float
        Probabilities of the object; held to [1e-7, 1 - 1e-7].
    class_weights : (2,) sequence of float, optional
        Weights of background and object; 1 each by default.

    Returns
    -------
    scalar tensor of float32
        The loss; 0 if every voxel is ignored.
    """
    classes, valid = _classes(y_true)
    y_pred = ops.clip(ops.cast(y_pred, "float32"), EPSILON, 1 - EPSILON)
    objects = ops.cast(ops.equal(classes, 1), "float32")
    entropy = -(objects * ops.log(y_pred) + (1 - objects) * ops.log(1 - y_pred))
    if class_weights is not None:
        background, foreground = class_weights
        entropy = entropy * (objects * foreground + (1 - objects) * background)
    return _mean(entropy, valid)


def categorical_crossentropy(y_true, y_pred, *, class_weights=None):
    r"""Mean cross-entropy of class indices over the voxels that are not ignored.

    .. math:: \frac{1}{N} \sum_i -w_{t_i} \log p_{i,t_i}

    Parameters
    ----------
    y_true : (B, Z, Y, X, 1) array_like
        Class indices 0 to C - 1; 255 to ignore.
    y_pred : (B, Z, Y, X, C) array_like of float
        Probabilities of the classes; held to at least 1e-7.
    class_weights : (C,) sequence of float, optional
        Weight of each class; 1 each by default.

    Returns
    -------
    scalar tensor of float32
        The loss; 0 if every voxel is ignored.
    """
    classes, valid = _classes(y_true)
    truth = ops.one_hot(classes[..., 0], y_pred.shape[-1], dtype="float32")
    logarithms = ops.log(ops.clip(ops.cast(y_pred, "float32"), EPSILON, 1.0))
    if class_weights is not None:
        truth = truth * ops.convert_to_tensor(list(class_weights), dtype="float32")
    entropy = -ops.sum(truth * logarithms, axis=-1, keepdims=True)
    return _mean(entropy, valid)


def crossentropy_dice(y_true, y_pred, *, class_weights=None):
    r"""Cross-entropy plus one minus the mean soft Dice of the classes.

    .. math:: \mathrm{CE} + 1 - \frac{1}{C} \sum_c
              \frac{2 \sum_i p_{ic} t_{ic} + 1}{\sum_i p_{ic} + \sum_i t_{ic} + 1}

    The sums run over all voxels of the batch that are not ignored. A binary
    network has one channel, so its Dice is that of the object alone.

    Parameters
    ----------
    y_true : (B, Z, Y, X, 1) array_like
        Class indices; 255 to ignore.
    y_pred : (B, Z, Y, X, C) array_like of float
        Probabilities: C = 1 for a binary network.
    class_weights : sequence of float, optional
        Weight of each class, background first, in the cross-entropy only.

    Returns
    -------
    scalar tensor of float32
        The loss; 0 if every voxel is ignored.
    """
    num_channels = y_pred.shape[-1]
    crossentropy = binary_crossentropy if num_channels == 1 else categorical_crossentropy
    classes, valid = _classes(y_true)
    if num_channels == 1:
        truth = ops.cast(ops.equal(classes, 1), "float32")
    else:
        truth = ops.one_hot(classes[..., 0], num_channels, dtype="float32")
    truth = truth * valid
    y_pred = ops.cast(y_pred, "float32") * valid
    axes = tuple(range(len(y_pred.shape) - 1))
    both = ops.sum(truth * y_pred, axis=axes)
    either = ops.sum(truth, axis=axes) + ops.sum(y_pred, axis=axes)
    dice = (2 * both + SMOOTH) / (either + SMOOTH)
    entropy = crossentropy(y_true, y_pred, class_weights=class_weights)
    return entropy + 1 - ops.mean(dice)


LOSSES = {
    "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "crossentropy_dice": crossentropy_dice,
}


class SegmentationLoss(keras.losses.Loss):
    """One of `LOSSES` as a Keras loss.

    Parameters
    ----------
    name : str
        Key of `LOSSES`.
    class_weights : sequence of float, optional
        Weight of each class, background first.
    """

    def __init__(self, name, class_weights=None):
        super().__init__(name=name)
        self.function = LOSSES[name]
        self.class_weights = class_weights

    def call(self, y_true, y_pred):
        """Compute the loss of a batch.

        Parameters
        ----------
        y_true : (B, Z, Y, X, 1) array_like
            Class indices; 255 to ignore.
        y_pred : (B, Z, Y, X, C) array_like of float
            Probabilities.

        Returns
        -------
        (1,) tensor of float32
            The loss. Keras shares a vector, but no scalar, among the replicas of a batch.
        """
        loss = self.function(y_true, y_pred, class_weights=self.class_weights)
        return ops.reshape(loss, (1,))


def _classes(y_true):
    """Class indices (ignored voxels as 0), and 1.0 where a voxel counts."""
    classes = ops.cast(y_true, "int32")
    valid = ops.not_equal(classes, IGNORE)
    return ops.where(valid, classes, 0), ops.cast(valid, "float32")


def _mean(values, valid):
    return ops.sum(values * valid) / ops.maximum(ops.sum(valid), 1.0)
