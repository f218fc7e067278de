"""Layers of slices to be mended, and what was drawn on them as a truth."""

from pathlib import Path

from tomoseg_tf.napari.layers import volume_layer
from tomoseg_tf.napari.writing import write_labels
from tomoseg_tf.studies.correction import CORRECTION, LABELS, SCAN, merge_slices, parse_pages
from tomoseg_tf.volume import open_volume


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
    return [
        volume_layer(open_volume(folder / name), name=f"{folder.name}: {Path(name).stem}")
        for name in (SCAN, LABELS)
    ]


def merge_layer(layers, folder, truth, merged, *, pages="all"):
    """Save the layer of the labels of a correction, and merge them into the truth.

    Parameters
    ----------
    layers : iterable of napari.layers.Layer
        All layers of the viewer.
    folder : Path
        Folder of the correction.
    truth : path or None
        Truth so far; None if nothing was labelled.
    merged : Path
        Truth to write.
    pages : str
        Pages that were looked at, from 1, such as "1,3"; "all" for all.

    Returns
    -------
    dict
        As of `tomoseg_tf.studies.correction.merge_slices`.

    Raises
    ------
    ValueError
        If the labels are not open, or cannot be merged.
    """
    chosen = parse_pages(pages)
    place = folder / LABELS
    layer = next((each for each in layers if _path(each) == place), None)
    if layer is None:
        raise ValueError(f"{place}: is not open; find slices, or open the folder {folder}")
    settings = {"name": layer.name, "scale": layer.scale, "units": layer.units}
    write_labels(f"{place}", layer.data, settings)
    return merge_slices(folder, truth, merged, pages=chosen)


def _path(layer):
    """File that a layer was read from by this plugin; None of others."""
    path = layer.metadata.get("tomoseg_tf", {}).get("path")
    return None if path is None else Path(path).absolute()
