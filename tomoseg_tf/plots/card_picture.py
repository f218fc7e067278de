"""The picture of a card: a scan that nothing was trained on, its truth, and what weights find."""

import io

import numpy as np
from PIL import Image

from tomoseg_tf.evaluation.held_out import DENDRITES, MICROPILLAR
from tomoseg_tf.phantom import Dendrites, Micropillar
from tomoseg_tf.plots.panels import check_shapes, plot_panels
from tomoseg_tf.plots.planes import busiest_plane, check_place
from tomoseg_tf.prediction import predict_volume, to_segmentation
from tomoseg_tf.volume import ArrayVolume, as_volume, open_truth, through_filters

LARGEST = 150_000  # bytes
RESOLUTIONS = (150, 130, 110, 90, 75, 60, 45)  # dots per inch, the first that is small enough
SIMULATED = {MICROPILLAR: Micropillar, DENDRITES: Dendrites}


def card_picture(fitted, volume=None, truth=None, *, z=None):
    """Draw a slice of a scan, its truth, the segmentation by weights and the hit map.

    Parameters
    ----------
    fitted : Weights
        The weights.
    volume : path, (Z, Y, X) ndarray or Volume, optional
        A scan that was not trained on; by default the held-out image in the folder, else the
        simulated scan of the first such score on the card.
    truth : path, (Z, Y, X) ndarray of int or Volume, optional
        Its classes; if a scan is given but no truth, the last panel is left out.
    z : int, optional
        The slice; by default the one with most object voxels.

    Returns
    -------
    bytes
        PNG file of less than 150 kB.
    str
        What it shows, for the card.

    Raises
    ------
    ValueError
        If nothing is given and the weights have neither, the shapes differ, or there is no such
        slice.
    """
    config = fitted.config
    trained = config.spacing if volume is None else None  # a scan of the user may have another
    volume, truth, source = _scan(fitted, volume, truth)
    check_shapes((volume, truth, None))
    if z is not None:
        check_place(volume, "xy", z)
    grey, seen = volume.read(0, volume.shape[0]), through_filters(volume, config.filters)
    options = {"normalisation": config.normalisation, "axes": config.axes}
    found = to_segmentation(predict_volume(fitted.build(), seen, **options), config.threshold)
    if z is None:
        z = busiest_plane(found if truth is None else truth, "xy")
    axes = plot_panels(ArrayVolume(grey, spacing=volume.spacing or trained), truth, found, z)
    slices = f", slice z = {z} of {len(grey)}" if len(grey) > 1 else ""
    seen = "the scan and the segmentation" if truth is None else "scan, truth, segmentation, errors"
    return _small_png(axes[0].figure), f"{source}{slices}: {seen}."


def _scan(fitted, volume, truth):
    """Find a scan with its truth, and how to call it."""
    if volume is not None:
        opened = as_volume(volume)
        name = str(opened.name).rpartition("/")[2]
        return opened, None if truth is None else open_truth(truth), name
    if fitted.held_out is not None:
        grey, classes = fitted.held_out
        return as_volume(grey), open_truth(classes, palette="classes"), "Held-out image"
    for row in fitted.config.scores:
        if row.get("data") in SIMULATED:
            shape = tuple(int(side) for side in row["shape"].split(","))
            grey, classes = SIMULATED[row["data"]](shape, row["seed"]).slab(0, shape[0])
            source = f"{row['data'].capitalize()}, seed {row['seed']}"
            return ArrayVolume(grey), ArrayVolume(np.asarray(classes)), source
    raise ValueError(
        f"{fitted.folder} has no held-out image and no score on a simulated scan; name a scan"
    )


def _small_png(figure):
    """Render a figure as finely as its file stays small."""
    for dots in RESOLUTIONS:
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=dots)
        image = Image.open(content).convert("RGB")
        image = image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        small = io.BytesIO()
        image.save(small, format="png", optimize=True)
        if small.tell() < LARGEST:
            break
    return small.getvalue()
