"""What a prediction writes: classes, probabilities, grey levels and colours."""

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tomoseg_tf.prediction.colours import (
    check_colours_output,
    colour_table,
    create_colours,
)
from tomoseg_tf.prediction.executor import Output
from tomoseg_tf.prediction.threshold import count_voxels, to_grey_levels, to_segmentation
from tomoseg_tf.prediction.uncertainty import Disagreement, Entropy
from tomoseg_tf.volume import (
    add_to_name,
    check_apart,
    check_output,
    create_volume,
    lost_spacing,
    split_location,
)


@dataclass(frozen=True)
class Target:
    """A file of results.

    Attributes
    ----------
    path : path
        Where it goes.
    dtype : str
        Type of its values.
    convert : callable
        From probabilities (Z, Y, X, C) to the values.
    what : str
        What the values are, such as "entropy".
    classes : bool
        Whether its numbers are classes.
    coloured : bool
        Whether its voxels are RGB colours instead of numbers.
    """

    path: Any
    dtype: str
    convert: Any
    what: str
    classes: bool = False
    coloured: bool = False

    @property
    def identity(self):
        """Texts that tell it from others: path, type, and what the values are."""
        return str(self.path), self.dtype, self.what

    @property
    def voxel_bytes(self):
        """Bytes of a voxel."""
        return np.dtype(self.dtype).itemsize * (self.channels or 1)

    @property
    def channels(self):
        """Length of a last axis of the values, None without one."""
        return 3 if self.coloured else None

    def check(self, overwrite):
        """Refuse a name that it cannot have, or may not have without `overwrite`."""
        (check_colours_output if self.coloured else check_output)(self.path, overwrite)

    @contextmanager
    def open(self, shape, spacing, overwrite):
        """Open the file for writing; it appears when the context ends well."""
        settings = {"spacing": spacing, "overwrite": overwrite}
        if self.coloured:
            created = create_colours(self.path, shape, **settings)
        else:
            created = create_volume(self.path, shape, self.dtype, classes=self.classes, **settings)
        with created as writer:
            yield Output(self.convert, writer, self.dtype, self.channels)

    def lost(self, spacing):
        """List as notices what its format cannot keep: the spacing."""
        return [] if self.coloured else lost_spacing(self.path, spacing)


class Classes:
    """Turns probabilities into classes and counts their voxels.

    Parameters
    ----------
    threshold : float or None
        Of a binary net.
    """

    def __init__(self, threshold):
        self.threshold = threshold
        self.counts = np.zeros(256, np.int64)

    def __call__(self, probabilities):
        """Decide the class of each voxel of a tile."""
        classes = to_segmentation(probabilities, self.threshold)
        self.counts += count_voxels(classes)
        return classes

    def summary(self, names):
        """Name and voxels of each class."""
        return [
            {"name": name, "voxels": int(self.counts[index])} for index, name in enumerate(names)
        ]


def list_targets(
    classes,
    config,
    segmentation,
    probabilities,
    *,
    grey_levels,
    colours,
    entropy=None,
    disagreement=None,
):
    """List the files that a segmentation writes.

    Parameters
    ----------
    classes : Classes
        Decides and counts.
    config : WeightsConfig
        Of the weights.
    segmentation, probabilities, colours, entropy, disagreement : path or None
        As for `tomoseg_tf.prediction.segment_file`.
    grey_levels : bool
        Whether the probabilities, entropy and disagreement are written as grey levels.

    Returns
    -------
    list of Target
        The classes first.

    Raises
    ------
    ValueError
        If grey levels are asked for without a file for them.
    """
    doubts = (
        (entropy, Entropy(grey_levels), "entropy"),
        (disagreement, Disagreement(grey_levels), "disagreement"),
    )
    if grey_levels and probabilities is entropy is disagreement is None:
        raise ValueError("grey levels of what? name a file for the probabilities, too")
    targets = [Target(segmentation, "uint8", classes, "classes", classes=True)]
    for channel, path in _probability_paths(probabilities, config).items():
        targets.append(Target(path, *_channel(channel, grey_levels), f"probability {channel}"))
    for path, convert, what in doubts:
        if path is not None:
            targets.append(Target(path, "uint8" if grey_levels else "float32", convert, what))
    if colours is not None:
        table, threshold = colour_table(config.classes), classes.threshold

        def to_colours(values):
            return table[to_segmentation(values, threshold)]

        targets.append(Target(colours, "uint8", to_colours, "colours", coloured=True))
    return targets


def check_paths(volume, mask, targets, overwrite):
    """Refuse outputs that exist, that are named twice, or that would spoil another or an input.

    Parameters
    ----------
    volume : str or path
        The input.
    mask : str, path or other
        The mask; only a file is compared.
    targets : list of Target
        The outputs.
    overwrite : bool
        Whether existing outputs may be replaced.

    Raises
    ------
    ValueError
        If so.
    """
    outputs = [split_location(target.path).path.resolve() for target in targets]
    check_apart(outputs, [volume, mask])
    for path in outputs:
        for other in outputs:
            if other in path.parents:
                raise ValueError(f"{path} lies in the output {other}; name it beside that")
    for target in targets:
        target.check(overwrite)


def _probability_paths(path, config):
    """Channels and the files that their probabilities go to."""
    if path is None:
        return {}
    if config.binary:
        return {0: path}
    names = [re.sub(r"[^\w.-]+", "-", name) for name in config.class_names]
    return {channel: add_to_name(path, f"_{name}") for channel, name in enumerate(names)}


def _channel(channel, grey_levels):
    """Type and conversion of the probabilities of one class, as they are or as grey levels."""
    if grey_levels:
        return "uint8", lambda values: to_grey_levels(values[..., channel])
    return "float32", lambda values: values[..., channel]
