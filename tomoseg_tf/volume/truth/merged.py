"""Several label files as one truth: class volumes, and masks of one class each."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tomoseg_tf.volume.truth.opening import open_mask, open_truth
from tomoseg_tf.volume.truth.palette import IGNORE
from tomoseg_tf.volume.truth.volume import TruthVolume

PRIORITIES = ("first", "last")


@dataclass(frozen=True)
class Layer:
    """A label file of a merged truth: its classes, and the class of a mask."""

    truth: TruthVolume
    number: int | None


class MergedTruth(TruthVolume):
    """The classes of several layers of one shape; see `merge_truth`."""

    def __init__(self, layers, ignored, priority, notices):
        spacings = [layer.truth.spacing for layer in layers if layer.truth.spacing]
        super().__init__(layers[0].truth)
        self.notices = tuple(notices)
        self.name = " + ".join(layer.truth.name for layer in layers)
        self.spacing = spacings[0] if spacings else None
        truths = [*(layer.truth for layer in layers), *ignored]
        self.files = tuple(file for truth in truths for file in truth.files)
        names = {() if layer.number is not None else layer.truth.class_names for layer in layers}
        self.class_names = names.pop() if len(names) == 1 else ()
        self._layers = layers
        self._ignored = ignored
        self._priority = priority

    def named_notices(self):
        """Notices, which name their files already; see `TruthVolume`."""
        return list(self.notices)

    def _read_box(self, box):
        layers = self._layers[::-1] if self._priority == "last" else self._layers
        merged = _read_layer(layers[0], box)
        for layer in layers[1:]:
            classes = _read_layer(layer, box)
            if self._priority is None and _overlap(merged, classes).any():
                raise ValueError(self._describe_overlaps())
            free = np.where(_is_object(classes), classes, np.maximum(merged, classes))
            merged = np.where(_is_object(merged), merged, free)
        for mask in self._ignored:
            merged[mask.read_box(box) > 0] = IGNORE
        return merged

    def _describe_overlaps(self):
        """Describe every pair of classes that claims the same voxels in the whole volume."""
        pairs = Counter()
        total, height, width = self.shape
        for z in range(total):
            box = (z, z + 1), (0, height), (0, width)
            read = [_read_layer(layer, box) for layer in self._layers]
            for index, one in enumerate(read):
                for other in read[index + 1 :]:
                    both = _overlap(one, other)
                    codes = one[both].astype(np.int64) * 256 + other[both]
                    for code, number in zip(*np.unique(codes, return_counts=True), strict=True):
                        pairs[tuple(sorted(divmod(int(code), 256)))] += int(number)
        listed = ", ".join(f"{a} and {b}: {number}" for (a, b), number in pairs.most_common(8))
        return (
            f"{self.name}: classes overlap (classes: voxels) {listed}; mend the label files, or "
            "pass --priority first or last to say which of them counts"
        )


def merge_truth(labels, *, ignore=(), palette="auto", priority=None):
    """Merge label files into one truth, read lazily.

    Parameters
    ----------
    labels : sequence
        Label files, each a path, (Z, Y, X) array or Volume of classes, or a pair (file, class) of a
        mask and the class from 0 to 254 of its objects.
    ignore : sequence of path, (Z, Y, X) array_like or Volume, optional
        Masks of voxels to be ignored, whatever the labels say.
    palette : str, dict or Palette, optional
        How the values or colours of the labels map to classes, see `parse_palette`; of masks to 0
        and 1. Under "auto" the values of a mask are 0, and 1 or 255.
    priority : {"first", "last"}, optional
        Which label counts where two claim different classes; an error when not given.

    Returns
    -------
    TruthVolume
        The classes. A voxel that some label claims has its class; of the others, one that a label
        ignores is ignored, and the rest is background. Reading a voxel that is claimed twice is a
        `ValueError` that counts the overlaps of the whole volume.

    Raises
    ------
    ValueError
        If there are no labels, their shapes differ, or one cannot be read.
    """
    if not labels:
        raise ValueError("a truth needs at least one label file")
    if priority not in (None, *PRIORITIES):
        raise ValueError(f"priority {priority!r} is not known; use first or last")
    layers = [_open_layer(label, palette) for label in labels]
    ignored = [open_truth(mask, "mask") for mask in ignore]
    first = layers[0].truth
    for other in (*(layer.truth for layer in layers[1:]), *ignored):
        if other.shape != first.shape:
            raise ValueError(
                f"{other.name} has shape {other.shape}, but {first.name} has {first.shape}; "
                "labels of one scan have one shape"
            )
    if len(layers) == 1 and layers[0].number is None and not ignored:
        return first
    return MergedTruth(layers, ignored, priority, _collect_notices(layers, ignored))


def _open_layer(label, palette):
    """Open a label file, or a mask with the class of its objects."""
    if isinstance(label, TruthVolume):
        return Layer(label, None)
    if not isinstance(label, tuple):
        return Layer(open_truth(label, palette), None)
    mask, number = label
    if not 0 <= number < IGNORE:
        raise ValueError(f"{mask}: class {number} is not in 0 to 254; masks to ignore are apart")
    return Layer(open_mask(mask) if palette == "auto" else open_truth(mask, palette), int(number))


def _collect_notices(layers, ignored):
    """Notices of all files, with their names, and on differing spacings."""
    truths = [layer.truth for layer in layers]
    notices = [text for truth in (*truths, *ignored) for text in truth.named_notices()]
    known = [truth for truth in truths if truth.spacing]
    for other in known[1:]:
        if not np.allclose(other.spacing, known[0].spacing, rtol=1e-4):
            kept = " × ".join(f"{side:g}" for side in known[0].spacing)
            notices.append(
                f"{other.name}: the labels state different voxel sizes; {kept} µm is kept, that of "
                f"{known[0].name}"
            )
            break
    return list(dict.fromkeys(notices))


def _read_layer(layer, box):
    """Classes of a layer; the objects of a mask have its class."""
    classes = layer.truth.read_box(box)
    if layer.number is None:
        return classes
    wrong = _is_object(classes) & (classes != 1)
    if wrong.any():
        raise ValueError(
            f"{layer.truth.name}: holds class {classes[wrong][0]}, but a mask has only 0 and 1; "
            f"give it without ={layer.number}, or a palette of 0 and 1"
        )
    classes[classes == 1] = layer.number
    return classes


def _is_object(classes):
    """Where voxels are claimed: neither background nor ignored."""
    return (classes != 0) & (classes != IGNORE)


def _overlap(one, other):
    """Where two layers claim different classes."""
    return _is_object(one) & _is_object(other) & (one != other)
