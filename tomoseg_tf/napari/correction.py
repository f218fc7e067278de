"""Layers of slices to be mended, and what was drawn on them saved."""

from pathlib import Path

from tomoseg_tf.napari.layers import volume_layer
from tomoseg_tf.napari.writing import write_labels
from tomoseg_tf.studies.correction import CORRECTION, LABELS, SCAN
from tomoseg_tf.volume import open_truth, open_volume


def holds_correction(folder):
    """Tell whether a folder holds slices to be mended.

    Parameters
    ----------
    folder : str or Path
        Any path.

    Returns
    -------
    bool
        Whether `tomoseg_tf.studies.correction.write_slices` wrote it.
    """
    return (Path(folder) / CORRECTION).is_file()


def correction_layers(folder):
    """Read slices to be mended.

    Parameters
    ----------
    folder : str or Path
        Folder that `tomoseg_tf.studies.correction.write_slices` wrote.

    Returns
    -------
    list of tuple of (data, dict, str)
        An image and labels.

    Raises
    ------
    ValueError
        If one cannot be read.
    """
    folder = Path(folder)
    scan, labels = open_volume(folder / SCAN), open_truth(folder / LABELS, "classes")
    return [
        volume_layer(scan, name=f"{folder.name}: scan", grey=True),
        volume_layer(labels, name=f"{folder.name}: labels"),
    ]


def save_labels(layers, folder):
    """Save the layer of the labels of a correction under the name that they came from.

    Parameters
    ----------
    layers : iterable of napari.layers.Layer
        All layers of the viewer.
    folder : Path
        Folder of the correction.

    Raises
    ------
    ValueError
        If the labels are not open, or more than once.
    """
    place = folder / LABELS
    found = [layer for layer in layers if _path(layer) == place.resolve()]
    if not found:
        raise ValueError(f"{place}: is not open; find slices, or open the folder {folder}")
    if len(found) > 1:
        raise ValueError(
            f"{place}: is open in {len(found)} layers; remove all but the one that you mended"
        )
    (layer,) = found
    settings = {"name": layer.name, "scale": layer.scale, "units": layer.units}
    write_labels(f"{place}", layer.data, settings)


def _path(layer):
    """File that a layer was read from by this plugin; None of others."""
    path = layer.metadata.get("tomoseg_tf", {}).get("path")
    return None if path is None else Path(path).resolve()
