"""Weights that are averaged: opened together, and whether they can be."""

import os

import numpy as np

from tomoseg_tf.prediction.ensemble.turns import check_voxels
from tomoseg_tf.weights import open_weights


def open_all(weights):
    """Open one or several weights folders.

    Parameters
    ----------
    weights : str, path, or sequence of these
        Folders, or names of shipped weights.

    Returns
    -------
    list of tomoseg_tf.weights.Weights

    Raises
    ------
    ValueError
        If one cannot be opened, there is none, or one is there twice.
    """
    names = [weights] if isinstance(weights, (str, os.PathLike)) else list(weights)
    if not names:
        raise ValueError("no weights; name a folder, or shipped weights")
    opened = [open_weights(name) for name in names]
    hashes = [member.hashes for member in opened]
    for index, member in enumerate(opened):
        if member.hashes in hashes[:index]:
            raise ValueError(f"weights {member.name} are there twice; name each once")
    return opened


def agree(members):
    """Check that weights can be averaged, and say what holds for their mean.

    Parameters
    ----------
    members : list of tomoseg_tf.weights.Weights
        At least one.

    Returns
    -------
    WeightsConfig
        That of the first; the threshold of binary weights is the mean of the members', so that a
        voxel is object where the members lie above their own thresholds on the average.

    Raises
    ------
    ValueError
        If the classes differ, or one leaves out what lies outside the sample and another does
        not.
    """
    first = members[0]
    for other in members[1:]:
        for what in ("class_names", "binary"):
            mine, theirs = getattr(first.config, what), getattr(other.config, what)
            if mine != theirs:
                raise ValueError(
                    f"{other.name} {_told(what, theirs)}, but {first.name} {_told(what, mine)}; "
                    "only weights of the same classes can be averaged"
                )
    if not first.config.binary:
        return first.config
    mean = float(np.mean([member.config.threshold for member in members]))
    return first.config.model_copy(update={"threshold": mean})


def agreed_mask(members):
    """Say which voxels are the sample by default.

    Parameters
    ----------
    members : list of tomoseg_tf.weights.Weights
        At least one.

    Returns
    -------
    str
        "auto" or "none".

    Raises
    ------
    ValueError
        If the members differ.
    """
    masks = {member.config.normalisation.mask: member.name for member in members}
    if len(masks) > 1:
        raise ValueError(
            f"{masks['auto']} leaves out what lies outside the sample, but {masks['none']} keeps "
            "it; say which with --mask auto or --mask none"
        )
    return next(iter(masks))


def check_members(members, turns, volume, *, threshold=None):
    """Check the turns of members against the scan; say what their user should know.

    Parameters
    ----------
    members : list of tomoseg_tf.weights.Weights
        At least one.
    turns : str
        As for `tomoseg_tf.prediction.ensemble.list_turns`.
    volume : Volume
        The scan.
    threshold : float, optional
        What the user asks for.

    Returns
    -------
    list of str
        Notices.

    Raises
    ------
    ValueError
        If the turns would swap sides of voxels that differ.
    """
    check_voxels(turns, volume.spacing, volume.name)
    notices = []
    if volume.spacing is None and turns not in ("none", "flips"):
        notices.append(f"{volume.name}: voxels of unknown size; turns {turns} take them for cubes")
    thresholds = [member.config.threshold for member in members]
    if threshold is None and len({*thresholds}) > 1:
        told = ", ".join(f"{value:g}" for value in thresholds)
        notices.append(
            f"the threshold is {np.mean(thresholds):.4g}, the mean of those of the weights: {told}"
        )
    return notices


def _told(what, value):
    if what == "binary":
        return "is binary" if value else "has a channel for the background, too"
    return f"has the classes {', '.join(value)}"
