"""Scores on a split of records, patch by patch: of fitted weights, or of anything that segments."""

import dataclasses
import time

import numpy as np

from tomoseg_tf.evaluation import confusion_matrix, scores
from tomoseg_tf.evaluation.boundary import BoundaryMeans
from tomoseg_tf.models.summary import num_sides
from tomoseg_tf.objects import vote_objects
from tomoseg_tf.prediction import predict_volume, to_segmentation
from tomoseg_tf.prediction.ensemble import agree, check_voxels, list_turns
from tomoseg_tf.prediction.networks import open_network
from tomoseg_tf.records import named_shards, validation_batches
from tomoseg_tf.weights import open_weights

SLICES = 8  # that a network of slices is given at once


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
    segment, slices = weights_segmenter([fitted], records)
    with named_shards(records):
        patches = split_patches(records, split, fitted.config.normalisation)
        found = count_split(segment, patches, records.num_classes, slices=slices)
    return scores(found.matrix, records.classes)


def weights_segmenter(members, records, turns="none"):
    """Build the networks of fitted weights, as a function that segments patches by their mean.

    Parameters
    ----------
    members : list of tomoseg_tf.weights.Weights
        One or several, whose probabilities are averaged; all normalised alike.
    records : Records
        An opened folder with the classes of the weights.
    turns : str, optional
        Over which flips and quarter turns of a patch the probabilities are averaged, too, see
        `tomoseg_tf.prediction.ensemble.list_turns`.

    Returns
    -------
    segment : callable
        As `count_split` takes it.
    slices : int
        Slices to give it at once, 0 for one patch at a time.

    Raises
    ------
    ValueError
        If weights have other classes, were fitted behind other filters, or need volumes where the
        records hold slices, if several differ in their normalisation, or if turns would swap sides
        of voxels that differ.
    """
    for fitted in members:
        _check_fitted(fitted, records)
    threshold = agree(members).threshold
    _check_alike(members)
    check_voxels(turns, records.spacing, records.folder)
    seen = [
        (
            open_network(fitted.build(), axes=fitted.config.axes),
            list_turns(turns, slices=not _sees_volumes(fitted)),
        )
        for fitted in members
    ]

    def segment(grey, patches):
        return to_segmentation(sum(_mean(grey, *each) for each in seen) / len(seen), threshold)

    return segment, 0 if any(map(_sees_volumes, members)) else SLICES


def _mean(grey, network, turns):
    """Average the probabilities of a network over turns."""
    found = 0
    for turn in turns:
        found = found + turn.undo(predict_volume(network, np.ascontiguousarray(turn.apply(grey))))
    return found / len(turns)


def _sees_volumes(fitted):
    return num_sides(fitted.config.model) == 3


def _check_alike(members):
    """Refuse to average weights that see other grey levels."""
    first = members[0]
    for other in members[1:]:
        if other.config.normalisation != first.config.normalisation:
            raise ValueError(
                f"{other.folder} and {first.folder} differ in their normalisation; on records only "
                "weights that are normalised alike can be averaged"
            )


def _check_fitted(fitted, records):
    """Refuse weights of other classes, filters or sides than the records have."""
    config, where = fitted.config, fitted.folder
    if len(config.classes) != records.num_classes:
        raise ValueError(
            f"{where}: weights of {len(config.classes)} classes, but the records have "
            f"{records.num_classes}; take those trained on them"
        )
    if config.class_names != records.classes and set(config.class_names) == set(records.classes):
        raise ValueError(
            f"{where}: classes {', '.join(config.class_names)}, but the records have them in the "
            f"order {', '.join(records.classes)}; write the records again in that of the weights"
        )
    if tuple(config.filters) != tuple(records.manifest.filters):
        raise ValueError(
            f"{where}: fitted behind the filters {_listed(config.filters)}, but the records hold "
            f"{_listed(records.manifest.filters)}; write them with those of the weights"
        )
    if _sees_volumes(fitted):
        check_depth(config.model, records)


def check_depth(network, records):
    """Refuse a network of volumes where the records hold single slices.

    Parameters
    ----------
    network : str
        Name of its builder.
    records : Records
        An opened folder.

    Raises
    ------
    ValueError
        If a patch is one slice and the network needs several.
    """
    if records.patch[0] == 1 and num_sides(network) == 3:
        size = ",".join(str(side) for side in records.patch)
        raise ValueError(
            f"{network} sees volumes, but the patches of {records.folder} are slices ({size}); "
            "write the records with a deeper --patch, or take a network of slices"
        )


def split_patches(records, split, normalisation):
    """Read the patches of a split, normalised as in prediction.

    Parameters
    ----------
    records : Records
        An opened folder.
    split : {"training", "validation", "test"}
        The split.
    normalisation : Normalisation
        The method, and whether what lies outside the sample is left out.

    Yields
    ------
    patch : tomoseg_tf.records.manifest.Patch
        Where it was cut.
    grey : (Z, Y, X) ndarray of float32
        Normalised by the statistics of the volume that it was cut from.
    truth : (Z, Y, X) ndarray of uint8
        Classes, 255 = ignore.
    """
    whole = dataclasses.replace(normalisation, training=normalisation.prediction)
    batches = validation_batches(records, batch_size=1, normalisation=whole, split=split)
    listed = records.seen_patches(split, normalisation.outside)
    for patch, (image, truth) in zip(listed, batches, strict=True):
        yield patch, image.numpy()[0, ..., 0], truth.numpy()[0, ..., 0]


@dataclasses.dataclass
class SplitCounts:
    """What came out of the patches of a split.

    Attributes
    ----------
    matrix : (C, C) ndarray of int64
        Voxels; rows are the truth, columns the prediction.
    seconds : list of float
        Seconds per slice of each group of patches, in order.
    kept : dict of int to tuple
        Grey, truth and segmentation (Z, Y, X) of the patches that were asked for, by number.
    boundaries : BoundaryMeans
        Boundary scores, of nothing if they were not asked for.
    """

    matrix: np.ndarray
    seconds: list
    kept: dict
    boundaries: BoundaryMeans


def count_split(
    segment,
    patches,
    num_classes,
    *,
    slices=0,
    keep=(),
    timed=False,
    boundaries=False,
    vote=False,
    progress=None,
):
    """Segment patches and count the voxels of every pair of true and predicted class.

    Parameters
    ----------
    segment : callable
        ``segment(grey, patches)``: a (Z, Y, X) array of float32, the patches of which it is made
        along z, to a (Z, Y, X) array of uint8.
    patches : iterable
        As `split_patches` gives them.
    num_classes : int
        Classes, the background included.
    slices : int, optional
        Slices that `segment` is given at once, in whole patches; 0 for one patch at a time.
    keep : sequence of int, optional
        Numbers of the patches to keep.
    timed : bool, optional
        Whether the seconds shall be those of a network that is compiled: each first group of its
        size, for which it may be compiled anew, is segmented twice, and the second time counts.
    boundaries : bool, optional
        Whether boundaries are scored, too.
    vote : bool, optional
        Whether each connected object of a patch is given the class that most of its voxels have.
    progress : callable, optional
        ``progress(done)`` is called with the number of patches.

    Returns
    -------
    SplitCounts
        Of all patches together.
    """
    matrix = np.zeros((num_classes, num_classes), np.int64)
    result = SplitCounts(matrix, [], {}, BoundaryMeans(num_classes))
    done, sizes = 0, set()
    for group in _groups(patches, slices):
        where, greys, truths = zip(*group, strict=True)
        grey = np.concatenate(greys)
        if timed and len(grey) not in sizes:
            sizes.add(len(grey))
            segment(grey, where)
        begun = time.perf_counter()
        segmentation = segment(grey, where)
        result.seconds.append((time.perf_counter() - begun) / len(grey))
        if vote:
            parts = np.split(segmentation, len(group))
            segmentation = np.concatenate([vote_objects(part) for part in parts])
        truth = np.concatenate(truths)
        result.matrix += confusion_matrix(truth, segmentation, num_classes=num_classes)
        if boundaries:
            result.boundaries.add(truth, segmentation)
        depth = len(greys[0])
        for index in range(len(group)):
            if done + index in keep:
                part = slice(index * depth, (index + 1) * depth)
                result.kept[done + index] = grey[part], truth[part], segmentation[part]
        done += len(group)
        if progress is not None:
            progress(done)
    return result


def _groups(patches, slices):
    """Patches in groups of so many slices, and at least one patch."""
    group = []
    for patch in patches:
        group.append(patch)
        if sum(len(grey) for _, grey, _ in group) >= slices:
            yield group
            group = []
    if group:
        yield group


def _listed(filters):
    return " and ".join(filters) or "none"
