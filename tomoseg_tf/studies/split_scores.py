"""Scores of fitted weights on a split of records, patch by patch."""

import dataclasses

import numpy as np

from tomoseg_tf.evaluation import confusion_matrix, scores
from tomoseg_tf.prediction import predict_volume, to_segmentation
from tomoseg_tf.records import named_shards, validation_batches
from tomoseg_tf.weights import open_weights


def score_weights(weights, records, split):
    """Score weights on the patches of a split, read back from records.

    Each patch is predicted whole, normalised by the statistics of the volume that it was cut from,
    as in prediction. Where patches overlap (records of ``cover="shift"``) the voxels count in each.

    Parameters
    ----------
    weights : str or Path
        A weights folder or a shipped name.
    records : Records
        An opened folder with the classes of the weights.
    split : {"training", "validation", "test"}
        The split.

    Returns
    -------
    tomoseg_tf.evaluation.Scores
        Of all its voxels together; those labelled 255 are left out, and those outside the sample
        if the weights were fitted without it.

    Raises
    ------
    ValueError
        If the split is empty, a shard is damaged, or the weights have another number of classes.
    """
    fitted = open_weights(weights)
    config, number = fitted.config, records.num_classes
    if len(config.classes) != number:
        raise ValueError(
            f"{fitted.folder}: weights of {len(config.classes)} classes, but the records have "
            f"{number}; take those trained on them"
        )
    model = fitted.build()
    whole = dataclasses.replace(config.normalisation, training=config.normalisation.prediction)
    patches = validation_batches(records, batch_size=1, normalisation=whole, split=split)
    matrix = np.zeros((number, number), np.int64)
    with named_shards(records):
        for image, truth in patches:
            probabilities = predict_volume(model, image.numpy()[0, ..., 0], axes=config.axes)
            segmentation = to_segmentation(probabilities, config.threshold)
            matrix += confusion_matrix(truth.numpy()[0, ..., 0], segmentation, num_classes=number)
    return scores(matrix, records.classes)
