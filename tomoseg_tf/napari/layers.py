"""Layers of volumes: scans as images, classes and labels as labels, all in µm."""

import numpy as np

from tomoseg_tf.class_colours import IGNORED, class_colours
from tomoseg_tf.napari.lazy_array import LazyArray
from tomoseg_tf.volume import IGNORE, open_truth, split_location
from tomoseg_tf.volume.formats import format_of_suffix

IN_MEMORY = 2 * 2**30  # bytes of labels that are read as a whole, and can be drawn on
MOST = 31  # classes of labels that do not state what they are, as for the palette auto
WINDOW = 0.1, 99.9  # percentiles of grey levels that are shown


def volume_layer(volume, *, levels=(), name=None, grey=False):
    """Make the layer of a volume: of labels if it holds classes or labels, else an image.

    What looks like classes in some slices and is not in others is numbers of objects, if its voxels
    lie in patches, or a dark scan.

    Parameters
    ----------
    volume : Volume
        What is shown.
    levels : sequence of Volume, optional
        The same at lower resolutions, from fine to coarse.
    name : str, optional
        Name of the layer; that of the file when not given.
    grey : bool
        Whether it is an image, whatever its voxels look like.

    Returns
    -------
    tuple of (data, dict, str)
        Data, settings and type of the layer, as readers of napari give them.
    """
    sampled = _sample(volume)
    settings = {"name": name or _name(volume)}
    settings |= placed(volume.spacing)
    labels = None if grey or not holds_labels(volume, sampled) else _labels(volume, sampled)
    if labels is not None:
        data, notices, colours = labels
        settings["metadata"] = {"tomoseg_tf": {"path": volume.name, "notices": notices}}
        return data, settings | colours, "labels"
    settings["metadata"] = {"tomoseg_tf": {"path": volume.name, "notices": volume.notices}}
    settings["contrast_limits"] = window(sampled)
    data = [LazyArray(level) for level in (volume, *levels)]
    settings["multiscale"] = bool(levels)
    return data if levels else data[0], settings, "image"


def placed(spacing, start=0):
    """Place a layer where the voxels of a volume are.

    Parameters
    ----------
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm; voxels where it is unknown.
    start : int
        First slice.

    Returns
    -------
    dict
        ``scale``, ``translate`` and ``units``.
    """
    scale = spacing or (1.0, 1.0, 1.0)
    units = ("pixel",) * 3 if spacing is None else ("um",) * 3
    return {"scale": scale, "translate": (start * scale[0], 0.0, 0.0), "units": units}


def label_colours(dtype, colours=None):
    """Give classes their colours, the same as in figures and reports.

    Parameters
    ----------
    dtype : dtype
        Type of the labels; those of 32 or 64 bits are numbers of objects, and keep the colours of
        napari.
    colours : sequence of str, optional
        Colours ``#rrggbb`` of the classes, background first; the usual ones when not given.

    Returns
    -------
    dict
        ``colormap``, or nothing.
    """
    if np.dtype(dtype).itemsize > 2:
        return {}
    named = dict(enumerate(class_colours(MOST + 1) if colours is None else colours))
    drawn = {None: IGNORED, IGNORE: IGNORED, **named, 0: "transparent"}
    return {"colormap": drawn}


def window(sampled):
    """Choose the grey levels that are shown as black and as white.

    Parameters
    ----------
    sampled : ndarray
        Grey levels.

    Returns
    -------
    tuple of two float
        Percentiles 0.1 and 99.9 of those that are finite.
    """
    finite = sampled[np.isfinite(sampled)]
    low, high = np.percentile(finite, WINDOW) if finite.size else (0, 1)
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1)


def holds_labels(volume, sampled):
    """Tell whether a volume holds classes or labels of objects.

    Parameters
    ----------
    volume : Volume
        The volume.
    sampled : ndarray
        Some of its voxels.

    Returns
    -------
    bool
        Whether it says so, has whole numbers of 32 or 64 bits, or of those sampled none but 0 to
        31 and 255, not all the same.
    """
    if volume.holds_classes or volume.dtype.kind == "f" or sampled.min() < 0:
        return volume.holds_classes
    if volume.dtype.itemsize > 2:
        return True
    values = np.unique(sampled)
    return len(values) > 1 and bool(np.all((values <= MOST) | (values == IGNORE)))


def _name(volume):
    """Name of the file of a volume without the suffix of its format."""
    path = split_location(volume.name).path
    chosen = format_of_suffix(path)
    suffixes = chosen.suffixes if chosen else ()
    ending = next((end for end in suffixes if path.name.lower().endswith(end)), "")
    return path.name[: len(path.name) - len(ending)]


def _sample(volume):
    """Read some slices."""
    depth = volume.shape[0]
    chosen = sorted({depth // 4, depth // 2, 3 * depth // 4})
    return np.stack([volume.read(z, z + 1)[0] for z in chosen])


def _labels(volume, sampled):
    """Labels of a volume, in memory if they are not too large, their notices and their colours.

    None if it turns out to be a scan.
    """
    if volume.nbytes > IN_MEMORY:
        return LazyArray(volume), volume.notices, label_colours(volume.dtype)
    if volume.dtype.itemsize > 2:
        return volume.read(0, volume.shape[0]), volume.notices, {}
    try:
        truth = open_truth(volume)
        return truth.read(0, truth.shape[0]), truth.notices, label_colours(truth.dtype)
    except ValueError:
        if volume.holds_classes:
            raise
    if not _lies_in_patches(sampled):
        return None
    notice = f"it holds more than the classes 0 to {MOST}: they are shown as numbers of objects"
    return volume.read(0, volume.shape[0]), (*volume.notices, notice), {}


def _lies_in_patches(sampled):
    """Whether most voxels that are not 0 equal the next one, as in labels but not in noise."""
    here, following = sampled[..., :-1], sampled[..., 1:]
    return 2 * np.sum((here == following) & (here != 0)) > np.sum(here != 0)
