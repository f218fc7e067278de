"""Predict arrays with a network: the whole of it, or a part."""

import numpy as np

from tomoseg_tf.prediction.engine import Engine, value_bytes
from tomoseg_tf.prediction.executor import Output, predict_tiles
from tomoseg_tf.prediction.graph import inference_graph
from tomoseg_tf.prediction.plan import check_roi, make_plan
from tomoseg_tf.volume import Normalisation, as_volume, measure, open_sample


class _ArrayWriter:
    """Collects slabs in memory."""

    def __init__(self, shape, dtype):
        self.array = np.empty(shape, dtype)

    def write(self, start, slab):
        self.array[start : start + len(slab)] = slab


def predict_volume(
    model,
    volume,
    *,
    normalisation=None,
    mask=None,
    axes="ZYX",
    roi=None,
    tile=None,
    max_memory=None,
    device="auto",
    precision="float32",
    progress=None,
):
    """Predict the probabilities of a volume in memory, tile by tile.

    The result equals one pass of the model over the whole volume, normalised
    and padded with zeros at the high ends to multiples of the model's stride.

    Parameters
    ----------
    model : keras.Model
        A network of this package.
    volume : (Z, Y, X) array_like, Volume or path
        Grey levels.
    normalisation : Normalisation, optional
        By default none: the grey levels as they are.
    mask : str, path, (Z, Y, X) array_like or Volume, optional
        Which voxels are the sample, see `tomoseg_tf.volume.open_sample`; what lies outside counts
        in no statistics, is 0 to the network, and gets probability 0 in every channel. By default
        "auto" if the normalisation leaves the outside out, and "none" if it keeps it.
    axes : str
        Axis order that the weights were fitted in, "ZYX" or "XYZ".
    roi : tuple of (int, int), optional
        Part of the volume to predict, (start, stop) per axis. What lies around
        it is still seen by the network.
    tile : tuple of int, optional
        Sides of the tiles; chosen from the memory if not given.
    max_memory : float, optional
        Bytes for tiles and buffers; 2.5 GB by default.
    device, precision : str
        See `tomoseg_tf.prediction.engine.Engine`.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels.

    Returns
    -------
    (Z, Y, X, C) ndarray of float32
        Probabilities in [0, 1].

    Raises
    ------
    ValueError
        If the model holds a layer that cannot be computed in tiles, the roi is
        outside the volume, a voxel of the sample is NaN or infinite, or nothing fits into
        the memory.
    """
    volume = as_volume(volume)
    normalisation = normalisation or Normalisation(method="none")
    roi = check_roi(roi, volume)
    nodes = inference_graph(model, axes=axes)
    channels = nodes[-1].channels
    plan = make_plan(
        nodes,
        volume.shape,
        roi=roi,
        tile=tile,
        value_bytes=value_bytes(precision),
        voxel_bytes=(volume.dtype.itemsize, 4 * channels),
        max_memory=max_memory,
    )
    writer = _ArrayWriter((*(high - low for low, high in roi), channels), np.float32)
    engine = Engine(nodes, precision=precision, device=device)
    sample = open_sample(volume, normalisation.mask if mask is None else mask)
    predict_tiles(
        engine,
        plan,
        volume,
        measured_intensity(normalisation, volume, sample),
        [Output(np.asarray, writer, "float32", channels)],
        sample=sample,
        progress=progress,
    )
    return writer.array


def measured_intensity(normalisation, volume, sample=None, *, progress=None):
    """Normalisation of a volume from the statistics of its sample, streamed."""
    if normalisation.method == "none":
        return normalisation.intensity(None)
    return normalisation.intensity(
        measure(volume, normalisation.percentiles, sample=sample, progress=progress)
    )
