"""Labels of napari as files: a truth to train on, or numbers of objects."""

import numpy as np

from tomoseg_tf.volume import (
    IGNORE,
    ArrayVolume,
    create_volume,
    open_truth,
    write_truth,
)
from tomoseg_tf.volume.spacing import micrometres


def write_labels(path, data, settings):
    """Write a layer of labels as a volume; values up to 255 are classes, 255 is unknown.

    Parameters
    ----------
    path : str
        Where to write; the format follows the suffix. An existing file is replaced, which napari
        has asked about.
    data : (Z, Y, X) array_like of int
        Labels; of a pyramid the finest level counts.
    settings : dict
        Of the layer: its name, scale, units, and whether it is a pyramid.

    Returns
    -------
    list of str
        The path.

    Raises
    ------
    ValueError
        If the labels have no three axes, are negative, or the file cannot be written.
    """
    finest = data[0] if settings.get("multiscale") else data
    name, labels = settings.get("name", "labels"), np.asarray(finest)
    if labels.ndim != 3:
        raise ValueError(f"{name}: has {labels.ndim} axes; labels of a volume have z, y and x")
    if labels.min(initial=0) < 0:
        raise ValueError(f"{name}: holds the label {labels.min()}; labels are 0 or more")
    spacing = layer_spacing(settings.get("scale"), settings.get("units"))
    if labels.max(initial=0) > IGNORE:
        kind = np.uint32 if labels.max() < 2**32 else np.uint64
        with create_volume(path, labels.shape, kind, spacing=spacing, overwrite=True) as writer:
            writer.write(0, labels.astype(kind))
        return [path]
    truth = open_truth(ArrayVolume(labels.astype(np.uint8), spacing, name), "classes")
    write_truth(path, truth, overwrite=True)
    return [path]


def layer_spacing(scale, units):
    """Size of the voxels of a layer.

    Parameters
    ----------
    scale : sequence of float, or None
        Of the layer; the last three axes count.
    units : sequence of str or pint.Unit, or None
        Of the layer.

    Returns
    -------
    tuple of three float, or None
        Along (z, y, x) in µm; None if the units are no lengths.
    """
    if scale is None or units is None or len(scale) < 3:
        return None
    sides = [
        (size, micrometres(f"{unit}")) for size, unit in zip(scale[-3:], units[-3:], strict=True)
    ]
    if any(length is None for _, length in sides):
        return None
    return tuple(float(size) * length for size, length in sides)
