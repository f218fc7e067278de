"""Losses over labelled voxels: cross-entropy, soft Dice with it, and squared error.

Every function takes ``y_true`` with class indices, 0 to C - 1 and 255 for
voxels to be ignored, and ``y_pred`` with probabilities, as the networks give
them: one sigmoid channel when binary, a softmax otherwise. An ignored voxel has
no part in the loss, and its gradient is zero. Shapes are those of volumes;
slices (B, Y, X, ...) do as well. A voxel weighs as its class does, 1 unless
`class_weights` says otherwise, plus its value in `weight_map`.
"""

from tomoseg_tf.backend import load_keras
from tomoseg_tf.volume import IGNORE

keras = load_keras()
ops = keras.ops

EPSILON = 1e-7
SMOOTH = 1.0


def binary_crossentropy(y_true, y_pred, *, class_weights=None, weight_map=None):
    r"""Mean binary cross-entropy over the voxels that are not ignored.

    .. math:: \frac{1}{N} \sum_i -w_i \log p_i(t_i)

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
    weight_map : (B, Z, Y, X, 1) array_like of float, optional
        Added to the weight of each voxel's class.

    Returns
    -------
    scalar tensor of float32
        The loss; 0 if every voxel is ignored.
    """
    classes, valid = _classes(y_true)
    y_pred = ops.clip(ops.cast(y_pred, "float32"), EPSILON, 1 - EPSILON)
    objects = ops.cast(ops.equal(classes, 1), "float32")
    entropy = -(objects * ops.log(y_pred) + (1 - objects) * ops.log(1 - y_pred))
    return _mean(entropy, classes, valid, class_weights, weight_map)


def categorical_crossentropy(y_true, y_pred, *, class_weights=None, weight_map=None):
    r"""Mean cross-entropy of class indices over the voxels that are not ignored.

    .. math:: \frac{1}{N} \sum_i -w_i \log p_{i,t_i}

    Parameters
    ----------
    y_true : (B, Z, Y, X, 1) array_like
        Class indices 0 to C - 1; 255 to ignore.
    y_pred : (B, Z, Y, X, C) array_like of float
        Probabilities of the classes; held to at least 1e-7.
    class_weights : (C,) sequence of float, optional
        Weight of each class; 1 each by default.
    weight_map : (B, Z, Y, X, 1) array_like of float, optional
        Added to the weight of each voxel's class.

    Returns
    -------
    scalar tensor of float32
        The loss; 0 if every voxel is ignored.
    """
    classes, valid = _classes(y_true)
    truth = ops.one_hot(classes[..., 0], y_pred.shape[-1], dtype="float32")
    logarithms = ops.log(ops.clip(ops.cast(y_pred, "float32"), EPSILON, 1.0))
    entropy = -ops.sum(truth * logarithms, axis=-1, keepdims=True)
    return _mean(entropy, classes, valid, class_weights, weight_map)


def crossentropy_dice(y_true, y_pred, *, class_weights=None, weight_map=None):
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
    weight_map : (B, Z, Y, X, 1) array_like of float, optional
        Added to the weight of each voxel's class, in the cross-entropy only.

    Returns
    -------
    scalar tensor of float32
        The loss; 0 if every voxel is ignored.
    """
    entropy = _crossentropy(y_true, y_pred, class_weights, weight_map)
    return entropy + 1 - _dice(y_true, y_pred)


def half_crossentropy_minus_dice(y_true, y_pred, *, class_weights=None, weight_map=None):
    r"""Half the cross-entropy minus the mean soft Dice, the loss of UNet++ [1]_.

    .. math:: \frac{1}{2} \mathrm{CE} - \frac{1}{C} \sum_c
              \frac{2 \sum_i p_{ic} t_{ic} + 1}{\sum_i p_{ic} + \sum_i t_{ic} + 1}

    As the authors' code has it; the equation in print lacks the part of the
    cross-entropy that is the background's. At its best it is -1.

    Parameters
    ----------
    y_true : (B, Z, Y, X, 1) array_like
        Class indices; 255 to ignore.
    y_pred : (B, Z, Y, X, C) array_like of float
        Probabilities: C = 1 for a binary network, whose Dice is that of the object.
    class_weights : sequence of float, optional
        Weight of each class, background first, in the cross-entropy only.
    weight_map : (B, Z, Y, X, 1) array_like of float, optional
        Added to the weight of each voxel's class, in the cross-entropy only.

    Returns
    -------
    scalar tensor of float32
        The loss; -1 if every voxel is ignored.

    References
    ----------
    .. [1] Z. Zhou, M. M. R. Siddiquee, N. Tajbakhsh, J. Liang, "UNet++: a nested
       U-Net architecture for medical image segmentation", DLMIA 2018.
       doi:10.1007/978-3-030-00889-5_1
    """
    entropy = _crossentropy(y_true, y_pred, class_weights, weight_map)
    return entropy / 2 - _dice(y_true, y_pred)


def mean_squared_error(y_true, y_pred, *, class_weights=None, weight_map=None):
    r"""Mean squared error of the probabilities, as xlearn regresses them.

    .. math:: \frac{1}{N} \sum_i \frac{w_i}{C} \sum_c (p_{ic} - t_{ic})^2

    with :math:`t_{ic}` 1 for the class of voxel *i* and 0 for the others. A
    binary network has one channel, whose truth is 1 for the object.

    Parameters
    ----------
    y_true : (B, Z, Y, X, 1) array_like
        Class indices; 255 to ignore.
    y_pred : (B, Z, Y, X, C) array_like of float
        Probabilities: C = 1 for a binary network. They may exceed 1.
    class_weights : sequence of float, optional
        Weight of each class, background first; 1 each by default.
    weight_map : (B, Z, Y, X, 1) array_like of float, optional
        Added to the weight of each voxel's class.

    Returns
    -------
    scalar tensor of float32
        The loss; 0 if every voxel is ignored.
    """
    classes, valid = _classes(y_true)
    difference = ops.cast(y_pred, "float32") - _one_hot(classes, y_pred.shape[-1])
    squared = ops.mean(difference * difference, axis=-1, keepdims=True)
    return _mean(squared, classes, valid, class_weights, weight_map)


LOSSES = {
    "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "crossentropy_dice": crossentropy_dice,
    "half_crossentropy_minus_dice": half_crossentropy_minus_dice,
    "mean_squared_error": mean_squared_error,
}


def _crossentropy(y_true, y_pred, class_weights, weight_map):
    crossentropy = binary_crossentropy if y_pred.shape[-1] == 1 else categorical_crossentropy
    return crossentropy(y_true, y_pred, class_weights=class_weights, weight_map=weight_map)


def _dice(y_true, y_pred):
    """Mean soft Dice of the channels, over the voxels that are not ignored."""
    classes, valid = _classes(y_true)
    truth = _one_hot(classes, y_pred.shape[-1]) * valid
    y_pred = ops.cast(y_pred, "float32") * valid
    axes = tuple(range(len(y_pred.shape) - 1))
    both = ops.sum(truth * y_pred, axis=axes)
    either = ops.sum(truth, axis=axes) + ops.sum(y_pred, axis=axes)
    return ops.mean((2 * both + SMOOTH) / (either + SMOOTH))


def _classes(y_true):
    """Class indices (ignored voxels as 0), and 1.0 where a voxel counts."""
    classes = ops.cast(y_true, "int32")
    valid = ops.not_equal(classes, IGNORE)
    return ops.where(valid, classes, 0), ops.cast(valid, "float32")


def _one_hot(classes, num_channels):
    """Truth of each channel; that of a binary network is the object."""
    if num_channels == 1:
        return ops.cast(ops.equal(classes, 1), "float32")
    return ops.one_hot(classes[..., 0], num_channels, dtype="float32")


def _mean(values, classes, valid, class_weights, weight_map):
    """Weighted sum over the voxels that count, by their number."""
    if class_weights is not None:
        by_class = ops.convert_to_tensor(list(class_weights), dtype="float32")
        weights = ops.take(by_class, classes)
    else:
        weights = ops.ones_like(valid)
    if weight_map is not None:
        weights = weights + ops.cast(weight_map, "float32")
    return ops.sum(values * weights * valid) / ops.maximum(ops.sum(valid), 1.0)
