"""From probabilities to classes and to published grey levels."""

import numpy as np

from tomoseg_tf.prediction.pieces import pieces_of


def count_voxels(segmentation):
    """Count the voxels of each class, in little memory.

    Parameters
    ----------
    segmentation : ndarray of uint8
        Classes.

    Returns
    -------
    (256,) ndarray of int64
        By class index.
    """
    counts = np.zeros(256, np.int64)
    for index in range(int(segmentation.max(initial=0)) + 1):
        counts[index] = np.count_nonzero(segmentation == index)
    return counts


def to_segmentation(probabilities, threshold=None):
    """Decide the class of each voxel.

    Parameters
    ----------
    probabilities : (..., C) ndarray of float32
        One sigmoid channel of a binary net, or one channel per class.
    threshold : float, optional
        For a binary net: object where the probability is larger; 0.5 by default.

    Returns
    -------
    (...) ndarray of uint8
        Class indices, 0 for the background.

    Raises
    ------
    ValueError
        If a threshold is given for more than one channel.
    """
    if probabilities.shape[-1] == 1:
        threshold = 0.5 if threshold is None else threshold
        return (probabilities[..., 0] > threshold).astype(np.uint8)
    if threshold is not None:
        raise ValueError(
            f"a threshold of {threshold} for {probabilities.shape[-1]} classes: they go by the "
            "largest probability; leave the threshold out"
        )
    classes = np.empty(probabilities.shape[:-1], np.uint8)
    for piece in pieces_of(classes.shape):
        classes[piece] = probabilities[piece].argmax(axis=-1)
    return classes


def to_grey_levels(probabilities):
    """Turn probabilities into the published grey levels: floor(255 p + 0.5).

    Parameters
    ----------
    probabilities : ndarray of float32
        In [0, 1]; what lies beyond, as networks with an open output give it, counts as 0 or 1.

    Returns
    -------
    ndarray of uint8
        0 to 255; above 127 where p is at least 0.5.
    """
    levels = np.empty(probabilities.shape, np.uint8)
    for piece in pieces_of(levels.shape):
        values = np.clip(probabilities[piece].astype(np.float64), 0, 1)
        levels[piece] = np.floor(255 * values + 0.5)
    return levels


def check_threshold(threshold, config):
    """Choose the threshold of a prediction.

    Parameters
    ----------
    threshold : float or None
        What the user asks for; None for what is stored with the weights.
    config : WeightsConfig
        Of the weights.

    Returns
    -------
    float or None
        Threshold of binary weights, None for multi-class weights.

    Raises
    ------
    ValueError
        If it is outside 0 to 1, or given for multi-class weights.
    """
    if not config.binary:
        if threshold is not None:
            raise ValueError(
                f"the weights have {len(config.classes)} classes, which go by the largest "
                "probability; leave the threshold out"
            )
        return None
    threshold = config.threshold if threshold is None else threshold
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold {threshold} must lie between 0 and 1")
    return threshold
