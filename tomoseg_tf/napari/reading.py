"""Readers for napari: scans, segmentations, truth, slices to mend, and tables of objects."""

import re
from pathlib import Path

from tomoseg_tf.bundle import bundled
from tomoseg_tf.napari.correction import correction_layers, holds_correction
from tomoseg_tf.napari.layers import volume_layer
from tomoseg_tf.napari.object_layers import holds_objects, table_layers
from tomoseg_tf.volume import list_volumes, open_volume
from tomoseg_tf.volume.formats import format_of_suffix
from tomoseg_tf.volume.truth.colour_slices import colours_of_tiff

PLACE = re.compile(r"^(?P<place>\S.*?) \(\d+(?: × \d+)+ \w+\)")  # a path, then shape and type


def get_reader(path):
    """Find the function that reads a file into layers.

    Parameters
    ----------
    path : str or list of str
        File or folder; a list of several is not read here.

    Returns
    -------
    callable or None
        ``read(path)`` gives a list of layers. None for what other readers show: pictures in
        colours, tables without objects, folders without slices, TIFF files that are no volumes.
    """
    if isinstance(path, list):
        return None
    path = Path(path)
    if path.suffix.lower() in (".csv", ".parquet"):
        return table_layers if holds_objects(path) else None
    if holds_correction(path):
        return correction_layers
    chosen = format_of_suffix(path)
    if chosen is None and not path.is_dir():
        return None
    of_tiff = chosen is None or chosen.name.endswith("TIFF")
    return None if of_tiff and not _is_volume(path) else read_volumes


def read_volumes(path):
    """Read the volumes of a file; only what is looked at is loaded.

    Parameters
    ----------
    path : str or Path
        File or folder of any format that `tomoseg_tf.volume.open_volume` reads.

    Returns
    -------
    list of tuple of (data, dict, str)
        A layer, or one for each volume where the file holds several, hidden but for the first.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    try:
        volume = open_volume(path)
    except ValueError:
        layers = [layer for place in _places(path) for layer in _inner_layer(path, place)]
        if not layers:
            raise
        for _, settings, _ in layers[1:]:
            settings["visible"] = False
        return layers
    return [volume_layer(volume, levels=_levels(path, volume))]


def read_example():
    """Read the scan that comes with the package, and its truth.

    Returns
    -------
    list of tuple of (data, dict, str)
        An image and labels.
    """
    folder = bundled("example")
    return [layer for name in ("pillar.tif", "truth.tif") for layer in read_volumes(folder / name)]


def _is_volume(path):
    """Whether a TIFF file or a folder of slices is a volume of grey levels or labels."""
    try:
        open_volume(path)
        return colours_of_tiff(path) is None
    except ValueError:
        return False


def _levels(path, volume):
    """Volumes of the lower levels of a pyramid."""
    levels = [volume]
    while volume.format.startswith("OME-Zarr"):
        try:
            level = open_volume(f"{path}::{len(levels)}")
        except ValueError:
            break
        finer = zip(level.shape, levels[-1].shape, strict=True)
        if level.shape == levels[-1].shape or any(side > above for side, above in finer):
            break
        levels.append(level)
    return levels[1:]


def _places(path):
    """Places of the volumes in a file that holds several."""
    try:
        return [found["place"] for found in map(PLACE.match, list_volumes(path)) if found]
    except ValueError:
        return []


def _inner_layer(path, place):
    """Layer of a volume in a file that holds several; none if it is no volume."""
    try:
        volume = open_volume(f"{path}::{place}")
    except ValueError:
        return []
    return [volume_layer(volume, name=f"{Path(path).name}::{place}")]
