"""Predict arrays with a network: the whole of it, or a part."""

import numpy as np

from tomoseg_tf.prediction.device import choose_precision
from tomoseg_tf.prediction.executor import Output
from tomoseg_tf.prediction.networks import open_network
from tomoseg_tf.prediction.passes import predict
from tomoseg_tf.prediction.plan import check_roi
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
    step=None,
    passes="z",
    z_blocks=None,
    blend=None,
    max_memory=None,
    device="auto",
    precision="float32",
    progress=None,
):
    """Predict the probabilities of a volume in memory: in tiles, by slices, or patch by patch.

    The result equals one pass of the model over the whole volume, normalised
    and padded with zeros at the high ends to multiples of the model's stride. A
    2D network sees slices, whole and in batches; where one does not fit into the
    memory it is cut into exact tiles, if the network allows that. A network of
    one patch size (`tomoseg_tf.models.xlearn_unet`) predicts patches that
    overlap, and each pixel gets their mean.

    Parameters
    ----------
    model : keras.Model
        A network of this package: from (B, Z, Y, X, C) or from slices (B, Y, X, C),
        with C 1, or 3 for the grey value three times.
    volume : (Z, Y, X) array_like, Volume or path
        Grey levels.
    normalisation : Normalisation, optional
        By default none: the grey levels as they are.
    mask : str, path, (Z, Y, X) array_like or Volume, optional
        Which voxels are the sample, see `tomoseg_tf.volume.open_sample`; what lies outside counts
        in no statistics, is 0 to the network, and gets probability 0 in every channel. By default
        "auto" if the normalisation leaves the outside out, and "none" if it keeps it.
    axes : str
        Axis order that the weights were fitted in, "ZYX" or "XYZ"; the latter for 3D
        networks only.
    roi : tuple of (int, int), optional
        Part of the volume to predict, (start, stop) per axis. What lies around
        it is still seen by the network.
    tile : tuple of int, optional
        Sides of the tiles; chosen from the memory if not given.
    step : int, optional
        Pixels from patch to patch, for a network of one patch size; a quarter of the
        patch by default, 1 as published.
    passes : str
        Axes that a 2D network predicts slices along, of "z", "y" and "x"; the
        probabilities are the mean of the passes. A slice along y is (Z, X), one along x
        (Z, Y); the voxels are taken for cubes.
    z_blocks : int, optional
        Predict blocks of so many slices, each as if it were a volume of its own, as for a network
        fitted on such patches; the last one ends with the volume. By default the volume is
        predicted as one.
    blend : tuple of int, optional
        Sides (Z, Y, X) of tiles that overlap and are blended, for networks of volumes that cannot
        be predicted exactly, see `tomoseg_tf.prediction.blending`.
    max_memory : float, optional
        Bytes for tiles, batches and buffers; 2.5 GB by default.
    device, precision : str
        As for `tomoseg_tf.prediction.segment_file`.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels.

    Returns
    -------
    (Z, Y, X, C) ndarray of float32
        Probabilities in [0, 1]. A network with an open output, such as the published
        ones of `xlearn_unet` with ``activation="relu"``, promises none: what it gives is
        returned uncut and may exceed 1. It is cut where it becomes grey levels.

    Raises
    ------
    ValueError
        If the model holds a layer that cannot be computed in tiles, an option does not belong
        to it, the roi is outside the volume, a voxel of the sample that is measured or seen is
        NaN or infinite, or nothing fits into the memory.
    """
    volume = as_volume(volume)
    normalisation = normalisation or Normalisation(method="none")
    roi = check_roi(roi, volume)
    network = open_network(
        model,
        axes=axes,
        step=step,
        passes=passes,
        z_blocks=z_blocks,
        blend=blend,
        precision=choose_precision(precision, device),
        device=device,
    )
    channels = network.num_classes
    writer = _ArrayWriter((*(high - low for low, high in roi), channels), np.float32)
    sample = open_sample(volume, normalisation.mask if mask is None else mask)
    predict(
        network,
        volume,
        measured_intensity(normalisation, volume, sample),
        [Output(np.asarray, writer, "float32", channels)],
        passes=passes,
        roi=roi,
        tile=tile,
        voxel_bytes=(volume.dtype.itemsize, 4 * channels),
        max_memory=max_memory,
        sample=sample,
        progress=progress,
    )
    return writer.array


def measured_intensity(normalisation, volume, sample=None, *, progress=None):
    """Normalisation of a volume from the statistics of its sample, streamed."""
    statistics = measured_statistics(normalisation, volume, sample, progress=progress)
    return normalisation.intensity(statistics)


def measured_statistics(normalisation, volume, sample=None, *, progress=None):
    """Statistics of the sample of a volume, streamed; None if the normalisation needs none."""
    if normalisation.method == "none":
        return None
    return measure(volume, normalisation.percentiles, sample=sample, progress=progress)
